#include "realtime/item_route.h"

#include "dialect/dates.h"
#include "subscription/delivery.h"
#include "sync/item_name.h"

static enum err parse_name(struct request *request, struct str text, struct str *name)
{
    return item_name_parse(request->command.kind, text, &request->arena, name);
}

enum err item_route_prepare_one(struct request *request)
{
    return parse_name(request, request->command.object, &request->command.object);
}

bool item_route_is_page(const struct request *request)
{
    return request->command.verb == VERB_LIST;
}

static enum err read_fields(struct request *request)
{
    enum err e = request_ttl(request);
    return e ? e : request_data(request);
}

enum err item_route_prepare_create(struct request *request)
{
    struct str key = {0};
    enum err e = OK;
    if (request->command.kind == KIND_MAP_ITEM) {
        e = request_text(request, STR("key"), &key);
        if (!e)
            e = parse_name(request, key, &request->command.name);
    }
    return e ? e : read_fields(request);
}

enum err item_route_prepare_remove(struct request *request)
{
    enum err e = item_route_prepare_one(request);
    return e ? e : request_if_match(request);
}

enum err item_route_prepare_update(struct request *request)
{
    enum err e = item_route_prepare_remove(request);
    return e ? e : read_fields(request);
}

static void write_name(const struct change *item, struct str key, struct buf *out)
{
    if (item->kind == KIND_LIST_ITEM) {
        buf_add_lit(out, "{\"index\":");
        buf_add_u64(out, item_name_index(item));
        buf_add_lit(out, ",\"list_sid\":\"");
    } else {
        buf_add_lit(out, "{\"key\":");
        buf_add_json(out, key);
        buf_add_lit(out, ",\"map_sid\":\"");
    }
}

static void write_url(struct request *request, const struct change *item, struct str key,
                      struct buf *out)
{
    buf_add_lit(out, ",\"url\":\"");
    request_add_url(request, request->command.container_head, out);
    buf_add_lit(out, "/Items/");
    if (item->kind == KIND_LIST_ITEM)
        buf_add_u64(out, item_name_index(item));
    else
        route_add_segment(out, key);
    buf_add_char(out, '"');
}

/* The event of an item's change is its container's change, the next one. */
static uint64_t event_id(const struct change *item)
{
    return item->seq + 1;
}

void item_route_write(struct request *request, const struct change *item, bool with_data,
                      struct buf *out)
{
    struct sid container = sid_of(request->command.container_head);
    struct str key = {0};
    if (item->kind == KIND_MAP_ITEM)
        key = item_name_key(item, &request->arena);
    write_name(item, key, out);
    buf_addf(out, "%s\"", container.text);
    write_url(request, item, key, out);
    buf_add_lit(out, ",\"revision\":\"");
    buf_add_hex(out, item->revision);
    buf_addf(out, "\",\"last_event_id\":%llu", (unsigned long long)event_id(item));
    if (with_data) {
        buf_add_lit(out, ",\"data\":");
        buf_add(out, item->data);
    }
    dates_add(item, date_add_iso_ms, out);
    buf_add_char(out, '}');
}

void item_route_render(struct request *request, struct buf *out)
{
    item_route_write(request, request->command.head, true, out);
}

void item_route_render_written(struct request *request, struct buf *out)
{
    const struct command *command = &request->command;
    if (command->verb == VERB_PUT && command->head->type == CHANGE_CREATED)
        request->status = 201;
    delivery_note_own(&client_of(request->session)->subscriber, event_id(command->head));
    item_route_write(request, command->head, false, out);
}
