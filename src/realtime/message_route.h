/* POST /v3/Streams/{stream}/Messages */
#ifndef REALTIME_MESSAGE_ROUTE_H
#define REALTIME_MESSAGE_ROUTE_H

#include "realtime/request.h"

must_check enum err published_prepare(struct request *request);
void published_render(struct request *request, struct buf *out);

#endif
