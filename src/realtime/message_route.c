#include "realtime/message_route.h"

void message_route_render(struct request *request, struct buf *out)
{
    struct sid sid = sid_of(request->command.head);
    buf_addf(out, "{\"sid\":\"%s\"}", sid.text);
}
