/* /v3/Documents, Lists, Maps and Streams. */
#ifndef REALTIME_OBJECT_ROUTE_H
#define REALTIME_OBJECT_ROUTE_H

#include "realtime/request.h"

must_check enum err object_route_prepare_one(struct request *request);
must_check enum err object_route_prepare_create(struct request *request);
must_check enum err object_route_prepare_update(struct request *request);

bool object_route_is_page(const struct request *request);

/* `Include=items`: a map's first page of items goes with it. */
bool object_route_proceed(struct request *request);

void object_route_render(struct request *request, struct buf *out);
void object_route_render_written(struct request *request, struct buf *out); /* without data */

/* Of a list: what the SDKs call its context. It is always empty. */
void object_route_render_context(struct request *request, struct buf *out);

#endif
