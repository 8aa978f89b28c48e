/* Read from left to right: first line, header, payload. Anything out of place ends the reading;
 * there is no second try, since a stream of frames that one side counts otherwise than the
 * other has no meaning.
 *
 * Written frames have a CRLF behind the header in any case, and behind the payload when there is
 * one: the mobile SDKs split the whole at CRLF and need three parts. JavaScript goes by the
 * sizes alone. */
#include "session/packet.h"

#include "base/json.h"
#include "base/value.h"

enum { HEADER_DEPTH_MAX = 64 };

static const struct {
    struct str name;
    enum packet_method method;
} methods[] = {
    {STR_INIT("init"), PACKET_INIT},
    {STR_INIT("update"), PACKET_UPDATE},
    {STR_INIT("message"), PACKET_MESSAGE},
    {STR_INIT("put_notification_ctx"), PACKET_PUT_NOTIFICATION_CTX},
    {STR_INIT("delete_notification_ctx"), PACKET_DELETE_NOTIFICATION_CTX},
    {STR_INIT("telemetry.v1"), PACKET_TELEMETRY},
    {STR_INIT("close"), PACKET_CLOSE},
    {STR_INIT("ping"), PACKET_PING},
    {STR_INIT("reply"), PACKET_REPLY},
};

static bool skip(struct str *rest, struct str text)
{
    bool there = str_starts(*rest, text);
    if (there)
        str_shift(rest, text.len);
    return there;
}

/* Take the first line and the header's text off `rest`. */
static bool shift_header(struct str *rest, struct str *text, const char **reason)
{
    uint64_t len;
    *reason = "expected TWILSOCK V3.0 and the header's length";
    if (!skip(rest, STR("TWILSOCK V3.0 ")))
        return false;
    /* There are clients that leave a blank behind the number. */
    struct str digits = str_trim(str_split(rest, '\r'));
    if (!rest->ptr || !skip(rest, STR("\n")) || !str_to_u64(digits, UINT32_MAX, &len))
        return false;
    *reason = "the frame ends within its header";
    if (len > rest->len)
        return false;
    *text = str_shift(rest, len);
    return true;
}

/* A member's value as text: empty when it is null or not there. False: it is neither string nor
 * number. */
static bool read_text(struct str value, struct arena *arena, struct str *text)
{
    *text = STR("");
    if (!value.ptr || str_eq(value, STR("null")))
        return true;
    if (value.ptr[0] == '"')
        return value_decode_string(value, arena, text);
    *text = value;
    return value.ptr[0] == '-' || (value.ptr[0] >= '0' && value.ptr[0] <= '9');
}

static enum packet_method method_of(struct str name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (str_eq(methods[i].name, name))
            return methods[i].method;
    return PACKET_OTHER;
}

static bool read_members(struct packet *packet, struct arena *arena, uint64_t *payload_size,
                         const char **reason)
{
    enum { METHOD, ID, TYPE, SIZE, REQUEST, MEMBERS };
    static const struct str names[] = {
        [METHOD] = STR_INIT("method"),        [ID] = STR_INIT("id"),
        [TYPE] = STR_INIT("payload_type"),    [SIZE] = STR_INIT("payload_size"),
        [REQUEST] = STR_INIT("http_request"),
    };
    struct str values[MEMBERS], method, size;
    value_get_all(packet->header, names, values, MEMBERS);
    packet->http_request = values[REQUEST];
    *reason = "the header's method is no text";
    if (!read_text(values[METHOD], arena, &method) || !method.len)
        return false;
    packet->method = method_of(method);
    *reason = "the header's id is no text, or is longer than 256 bytes";
    if (!read_text(values[ID], arena, &packet->id) || packet->id.len > PACKET_ID_SIZE_MAX)
        return false;
    *reason = "the header's payload_type is no text";
    if (!read_text(values[TYPE], arena, &packet->payload_type))
        return false;
    *reason = "the header's payload_size is no size";
    *payload_size = 0;
    return read_text(values[SIZE], arena, &size) &&
           (!size.len || str_to_u64(size, UINT32_MAX, payload_size));
}

static bool read_payload(struct str rest, uint64_t size, struct str *payload, const char **reason)
{
    *reason = "expected CRLF behind the header";
    if (!skip(&rest, STR("\r\n")) && rest.len)
        return false;
    *reason = "the payload has not payload_size bytes";
    if (size > rest.len)
        return false;
    *payload = str_shift(&rest, size);
    return !rest.len || str_eq(rest, STR("\r\n"));
}

bool packet_parse(struct str frame, struct arena *arena, struct packet *packet, const char **reason)
{
    struct str text;
    struct json_error error;
    uint64_t payload_size;
    if (!shift_header(&frame, &text, reason))
        return false;
    if (!json_compact_object(text, HEADER_DEPTH_MAX, arena, &packet->header, &error)) {
        *reason = error.reason;
        return false;
    }
    return read_members(packet, arena, &payload_size, reason) &&
           read_payload(frame, payload_size, &packet->payload, reason);
}

void packet_write(struct str header, struct str payload, struct buf *out)
{
    char sized[32];
    struct str begun = {header.ptr, header.len - 1}; /* without its brace */
    struct str before = begun.len > 1 ? STR(",\"payload_size\":") : STR("\"payload_size\":");
    struct str type = STR(",\"payload_type\":\"application/json\"");
    struct buf digits = {.ptr = sized, .capacity = sizeof sized, .size_max = sizeof sized};
    buf_add_u64(&digits, payload.len);
    size_t added = payload.len ? before.len + digits.len + type.len : 0;
    buf_add_lit(out, "TWILSOCK V3.0 ");
    buf_add_u64(out, begun.len + added + 1);
    buf_add_lit(out, "\r\n");
    buf_add(out, begun);
    if (added) {
        buf_add(out, before);
        buf_add(out, buf_str(&digits));
        buf_add(out, type);
    }
    buf_add_lit(out, "}\r\n");
    buf_add(out, payload);
    if (payload.len)
        buf_add_lit(out, "\r\n");
}
