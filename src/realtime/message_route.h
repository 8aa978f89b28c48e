/* POST /v3/Streams/{stream}/Messages */
#ifndef REALTIME_MESSAGE_ROUTE_H
#define REALTIME_MESSAGE_ROUTE_H

#include "realtime/request.h"

void message_route_render(struct request *request, struct buf *out);

#endif
