#include "realtime/configuration.h"
#include "session/session_send.h"

enum { BODY_SIZE_MAX = 16384 };

static const struct {
    const char *name;
    const char *path; /* below /v3/Services/{service} */
} links[] = {
    {"documents", "/Documents"},
    {"document", "/Documents/{documentId}"},
    {"lists", "/Lists"},
    {"list", "/Lists/{listId}"},
    {"list_items", "/Lists/{listId}/Items"},
    {"list_item", "/Lists/{listId}/Items/{itemId}"},
    {"maps", "/Maps"},
    {"map", "/Maps/{mapId}"},
    {"map_items", "/Maps/{mapId}/Items"},
    {"map_item", "/Maps/{mapId}/Items/{itemId}"},
    {"streams", "/Streams"},
    {"stream", "/Streams/{streamId}"},
    {"stream_messages", "/Streams/{streamId}/Messages"},
    {"insights_items", "/Insights/{indexName}/Items"},
};

void configuration_respond(struct request *request)
{
    const struct session *session = request->session;
    struct buf body;
    buf_init(&body, BODY_SIZE_MAX);
    buf_add_lit(&body, "{\"links\":{\"subscriptions\":\"");
    buf_add(&body, session->base);
    buf_add_lit(&body, "/v4/Subscriptions\"");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        buf_addf(&body, ",\"%s\":\"", links[i].name);
        buf_add(&body, session->base);
        buf_addf(&body, "/v3/Services/%s%s\"", session->service_sid.text, links[i].path);
    }
    buf_add_lit(&body, "}}");
    session_send_http_reply(request->session, request->id, request->status, buf_str(&body));
    buf_deinit(&body);
    request_free(request);
}
