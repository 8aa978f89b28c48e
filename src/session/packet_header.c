#include "session/packet_header.h"

#include <stddef.h>

static const struct {
    unsigned code;
    const char *text;
} texts[] = {
    {200, "OK"},
    {201, "CREATED"},
    {204, "NO_CONTENT"},
    {400, "BAD_REQUEST"},
    {401, "UNAUTHORIZED"},
    {403, "FORBIDDEN"},
    {404, "NOT_FOUND"},
    {405, "METHOD_NOT_ALLOWED"},
    {406, "NOT_ACCEPTABLE_MESSAGE"},
    {409, "CONFLICT"},
    {410, "GONE"},
    {412, "PRECONDITION_FAILED"},
    {413, "REQUEST_ENTITY_TOO_LARGE"},
    {415, "UNSUPPORTED_MEDIA_TYPE"},
    {429, "TOO_MANY_REQUESTS"},
    {500, "INTERNAL_SERVER_ERROR"},
    {503, "SERVICE_UNAVAILABLE"},
};

const char *packet_header_status_text(unsigned code)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].code == code)
            return texts[i].text;
    return "UNKNOWN";
}

static void write_status(const struct packet_status *status, struct buf *out)
{
    const char *text = status->text ? status->text : packet_header_status_text(status->code);
    buf_add_lit(out, "{\"code\":");
    buf_add_u64(out, status->code);
    buf_add_lit(out, ",\"status\":\"");
    buf_add(out, str_from(text));
    buf_add_char(out, '"');
    if (status->error_code)
        buf_addf(out, ",\"errorCode\":%u", status->error_code);
    if (status->description) {
        buf_add_lit(out, ",\"description\":");
        buf_add_json(out, str_from(status->description));
    }
    buf_add_char(out, '}');
}

static void begin(const char *method, struct str id, struct buf *out)
{
    buf_add_lit(out, "{\"method\":\"");
    buf_add(out, str_from(method));
    buf_add_lit(out, "\",\"id\":");
    buf_add_json(out, id);
}

void packet_header_begin(const char *method, struct str id, const struct packet_status *status,
                         struct buf *out)
{
    begin(method, id, out);
    buf_add_lit(out, ",\"status\":");
    write_status(status, out);
}

void packet_header_reply(struct str id, const struct packet_status *status, struct buf *out)
{
    packet_header_begin("reply", id, status, out);
    buf_add_char(out, '}');
}

void packet_header_reply_http(struct str id, unsigned http_status, struct buf *out)
{
    struct packet_status good = {.code = 200}, status = {.code = http_status};
    packet_header_begin("reply", id, &good, out);
    buf_add_lit(out, ",\"http_status\":");
    write_status(&status, out);
    buf_add_lit(out, ",\"http_headers\":{}}");
}

void packet_header_ping(struct str id, struct buf *out)
{
    begin("ping", id, out);
    buf_add_char(out, '}');
}

void packet_header_close(struct str id, const struct packet_status *status, struct buf *out)
{
    packet_header_begin("close", id, status, out);
    buf_add_char(out, '}');
}

void packet_header_expires(struct str id, struct buf *out)
{
    begin("client_update", id, out);
    buf_add_lit(out, ",\"client_update_type\":\"token_about_to_expire\"}");
}
