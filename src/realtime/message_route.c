#include "realtime/message_route.h"

enum err message_route_prepare(struct request *request)
{
    return request_data(request);
}

void message_route_render(struct request *request, struct buf *out)
{
    struct sid sid = sid_of(request->command.head);
    buf_addf(out, "{\"sid\":\"%s\"}", sid.text);
}
