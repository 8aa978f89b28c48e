#include "realtime/object_route.h"

#include "dialect/dates.h"
#include "realtime/page_route.h"

enum err object_route_prepare_one(struct request *request)
{
    return request->command.verb == VERB_FETCH ? OK : request_if_match(request);
}

static enum err read_fields(struct request *request)
{
    enum err e = request_ttl(request);
    return !e && request->command.kind == KIND_DOCUMENT ? request_data(request) : e;
}

enum err object_route_prepare_create(struct request *request)
{
    enum err e = request_text(request, STR("unique_name"), &request->command.name);
    return e ? e : read_fields(request);
}

enum err object_route_prepare_update(struct request *request)
{
    enum err e = request_if_match(request);
    return e ? e : read_fields(request);
}

bool object_route_is_page(const struct request *request)
{
    return request->command.kind == KIND_MAP &&
           str_eq(request_param(request, STR("Include")), STR("items"));
}

bool object_route_proceed(struct request *request)
{
    struct command *command = &request->command;
    if (!object_route_is_page(request))
        return false;
    request_keep(request);
    command->verb = VERB_LIST;
    command->kind = KIND_MAP_ITEM;
    command->container_kind = KIND_MAP;
    command->container = sid_str(&request->kept_sid);
    command->page.size = request->page_size = PAGE_SIZE_MAX;
    return true;
}

static void add_link(struct request *request, const struct change *head, const char *name,
                     const char *folder, struct buf *out)
{
    buf_addf(out, "\"%s\":\"", name);
    request_add_url(request, head, out);
    buf_addf(out, "/%s\"", folder);
}

static void add_links(struct request *request, const struct change *head, struct buf *out)
{
    buf_add_lit(out, ",\"links\":{");
    if (head->kind == KIND_LIST || head->kind == KIND_MAP)
        add_link(request, head, "items", "Items", out);
    if (head->kind == KIND_LIST) {
        buf_add_char(out, ',');
        add_link(request, head, "context", "Context", out);
    }
    if (head->kind == KIND_STREAM)
        add_link(request, head, "messages", "Messages", out);
    buf_add_char(out, '}');
}

static void add_position(const struct change *head, struct buf *out)
{
    buf_add_lit(out, ",\"revision\":\"");
    buf_add_hex(out, head->revision);
    buf_add_lit(out, "\",\"last_event_id\":");
    if (head->kind == KIND_STREAM)
        buf_add_lit(out, "null");
    else
        buf_add_u64(out, head->seq);
}

/* Without its closing brace. */
static void begin(struct request *request, const struct change *head, struct buf *out)
{
    struct sid sid = sid_of(head);
    buf_add_lit(out, "{\"sid\":\"");
    buf_add(out, sid_str(&sid));
    buf_add_lit(out, "\",\"unique_name\":");
    buf_add_json(out, head->name);
    buf_add_lit(out, ",\"url\":\"");
    request_add_url(request, head, out);
    buf_add_char(out, '"');
    add_links(request, head, out);
    add_position(head, out);
    dates_add(head, date_add_iso_ms, out);
}

void object_route_render(struct request *request, struct buf *out)
{
    const struct change *head = request->kept ? request->kept : request->command.head;
    begin(request, head, out);
    if (head->kind == KIND_DOCUMENT) {
        buf_add_lit(out, ",\"data\":");
        buf_add(out, head->data);
    }
    if (request->kept) {
        buf_add_lit(out, ",\"items\":");
        page_route_render_items(request, out);
    }
    buf_add_char(out, '}');
}

void object_route_render_written(struct request *request, struct buf *out)
{
    begin(request, request->command.head, out);
    buf_add_char(out, '}');
}

void object_route_render_context(struct request *request, struct buf *out)
{
    buf_addf(out, "{\"data\":{},\"last_event_id\":%llu}",
             (unsigned long long)request->command.head->seq);
}
