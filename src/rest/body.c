#include "rest/body.h"

#include "dialect/segment.h"

static struct str join(struct arena *arena, const struct str *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    char *text = arena_alloc(arena, len), *at = text;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    return (struct str){text, len};
}

struct str body_service_url(const struct operation *op, const struct change *service)
{
    struct sid sid = sid_of(service);
    const struct str parts[] = {op->base, STR("/v1/Services/"), sid_str(&sid)};
    return join(&op->request->arena, parts, sizeof parts / sizeof *parts);
}

struct body_address body_address(const struct operation *op, const struct change *object)
{
    struct body_address address = {sid_of(op->command.service_head), sid_of(object), {0}};
    const struct str parts[] = {op->base,
                                STR("/v1/Services/"),
                                sid_str(&address.service),
                                STR("/"),
                                segment_of(object->kind),
                                STR("/"),
                                sid_str(&address.sid)};
    address.url = join(&op->request->arena, parts, sizeof parts / sizeof *parts);
    return address;
}

void body_add_owners(const struct operation *op, const struct body_address *address,
                     struct buf *out)
{
    buf_add_lit(out, "\"account_sid\":\"");
    buf_add(out, operation_account(op));
    buf_add_lit(out, "\",\"service_sid\":\"");
    buf_add(out, sid_str(&address->service));
    buf_add_char(out, '"');
}

void body_add_bool(struct buf *out, const char *key, bool value)
{
    buf_add_lit(out, ",\"");
    buf_add(out, str_from(key));
    buf_add_lit(out, "\":");
    buf_add(out, value ? STR("true") : STR("false"));
}
