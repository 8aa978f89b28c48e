/* /v3/Lists/{list}/Items and Maps/{map}/Items */
#ifndef REALTIME_ITEM_ROUTE_H
#define REALTIME_ITEM_ROUTE_H

#include "realtime/request.h"

must_check enum err item_route_prepare_one(struct request *request);

/* A request that names no item. */
bool item_route_is_page(const struct request *request);
must_check enum err item_route_prepare_create(struct request *request);
must_check enum err item_route_prepare_update(struct request *request);
must_check enum err item_route_prepare_remove(struct request *request);

void item_route_render(struct request *request, struct buf *out);

/* Without data; 201 when a PUT created it. Notes the change as the session's own, so that the
 * session is not told of it again. */
void item_route_render_written(struct request *request, struct buf *out);

/* One item of command->container_head, with its data or without. */
void item_route_write(struct request *request, const struct change *item, bool with_data,
                      struct buf *out);

#endif
