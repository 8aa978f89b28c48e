#include "subscription/event_render.h"

#include "base/date.h"
#include "dialect/segment.h"
#include "http/route.h"
#include "sync/item_name.h"

#include <stdio.h>

enum { EVENT_SIZE_MAX = 256 << 20 };

static const struct {
    const char *type;
    const char *events[CHANGE_ITEM + 1]; /* of the object itself; NULL: clients are not told */
    const char *items[CHANGE_ITEM + 1];
    const char *position;
} words[] = {
    [KIND_DOCUMENT] = {.type = "document",
                       .events = {[CHANGE_CREATED] = "document_updated", /* on replay */
                                  [CHANGE_UPDATED] = "document_updated",
                                  [CHANGE_REMOVED] = "document_removed",
                                  [CHANGE_EXPIRED] = "document_removed"}},
    [KIND_LIST] = {.type = "list",
                   .events = {[CHANGE_REMOVED] = "list_removed", [CHANGE_EXPIRED] = "list_removed"},
                   .items = {[CHANGE_CREATED] = "list_item_added",
                             [CHANGE_UPDATED] = "list_item_updated",
                             [CHANGE_REMOVED] = "list_item_removed",
                             [CHANGE_EXPIRED] = "list_item_removed"},
                   .position = "list_position"},
    [KIND_MAP] = {.type = "map",
                  .events = {[CHANGE_REMOVED] = "map_removed", [CHANGE_EXPIRED] = "map_removed"},
                  .items = {[CHANGE_CREATED] = "map_item_added",
                            [CHANGE_UPDATED] = "map_item_updated",
                            [CHANGE_REMOVED] = "map_item_removed",
                            [CHANGE_EXPIRED] = "map_item_removed"},
                  .position = "map_position"},
    [KIND_STREAM] =
        {.type = "stream",
         .events = {[CHANGE_REMOVED] = "stream_removed", [CHANGE_EXPIRED] = "stream_removed"}},
};

const char *event_render_type(enum kind kind)
{
    return words[kind].type;
}

enum kind event_render_kind(struct str type)
{
    for (enum kind kind = KIND_DOCUMENT; kind <= KIND_STREAM; kind++)
        if (words[kind].type && str_eq(type, str_from(words[kind].type)))
            return kind;
    return (enum kind)0;
}

/* --- members of events --- */

static void add_text(struct buf *out, const char *name, struct str text)
{
    buf_addf(out, ",\"%s\":\"", name);
    buf_add(out, text);
    buf_add_char(out, '"');
}

static void add_revision(struct buf *out, const char *owner, uint64_t revision)
{
    buf_addf(out, ",\"%s_revision\":\"", owner);
    buf_add_hex(out, revision);
    buf_add_char(out, '"');
}

static void add_expiry(struct buf *out, int64_t expires_ms)
{
    buf_add_lit(out, ",\"date_expires\":");
    if (expires_ms)
        date_add_iso_ms(out, expires_ms);
    else
        buf_add_lit(out, "null");
}

static void add_data(struct buf *out, const char *owner, struct str data)
{
    buf_addf(out, ",\"%s_data\":", owner);
    buf_add(out, data);
}

/* {"list_sid":"...","list_unique_name":...,"id":...,"date_created":...,"changed_by":"..." */
static void begin(struct buf *out, const struct notice *notice, const struct sid *sid)
{
    const char *type = words[notice->change->kind].type;
    buf_addf(out, "{\"%s_sid\":\"%s\",\"%s_unique_name\":", type, sid->text, type);
    buf_add_json(out, notice->change->name);
    buf_add_lit(out, ",\"id\":");
    buf_add_u64(out, notice->change->seq);
    buf_add_lit(out, ",\"date_created\":");
    date_add_iso_ms(out, notice->change->updated_ms);
    buf_add_lit(out, ",\"changed_by\":");
    buf_add_json(out, notice->change->author);
}

static struct event *finish(const char *type, struct buf *out)
{
    buf_add_char(out, '}');
    struct event *event = event_new(type, buf_str(out));
    buf_deinit(out);
    return event;
}

/* --- events --- */

static void add_item_place(struct buf *out, const struct notice *notice, const struct sid *sid,
                           const struct sid *service, struct str base)
{
    struct arena arena;
    enum kind kind = notice->change->kind;
    arena_init(&arena);
    struct str key = kind == KIND_MAP ? item_name_key(notice->item, &arena) : (struct str){0};
    buf_add(out, kind == KIND_MAP ? STR(",\"item_key\":") : STR(",\"item_index\":"));
    if (kind == KIND_MAP)
        buf_add_json(out, key);
    else
        buf_add_u64(out, item_name_index(notice->item));
    buf_add_lit(out, ",\"item_url\":\"");
    buf_add(out, base);
    struct str segment = segment_of(kind);
    buf_addf(out, "/v3/Services/%s/%.*s/%s/Items/", service->text, STR_ARG(segment), sid->text);
    if (kind == KIND_MAP)
        route_add_segment(out, key);
    else
        buf_add_u64(out, item_name_index(notice->item));
    buf_add_char(out, '"');
    arena_deinit(&arena);
}

static struct event *item_event(const struct notice *notice, const struct sid *sid,
                                const struct sid *service, struct str base)
{
    struct buf out;
    enum kind kind = notice->change->kind;
    buf_init(&out, EVENT_SIZE_MAX);
    begin(&out, notice, sid);
    add_revision(&out, words[kind].type, notice->change->revision);
    add_item_place(&out, notice, sid, service, base);
    add_revision(&out, "item", notice->item->revision);
    add_expiry(&out, notice->item->expires_ms);
    add_data(&out, "item", notice->item->data);
    return finish(words[kind].items[notice->item->type], &out);
}

static struct event *message_event(const struct notice *notice, const struct sid *sid)
{
    struct buf out;
    struct sid message = sid_of(notice->change);
    buf_init(&out, EVENT_SIZE_MAX);
    buf_addf(&out, "{\"stream_sid\":\"%s\"", sid->text);
    add_text(&out, "message_sid", sid_str(&message));
    buf_add_lit(&out, ",\"date_created\":");
    date_add_iso_ms(&out, notice->change->created_ms);
    add_data(&out, "message", notice->change->data);
    return finish("stream_message_published", &out);
}

static struct event *make_event(const struct notice *notice, const struct sid *sid,
                                const struct sid *service, struct str base)
{
    const struct change *change = notice->change;
    if (notice->item)
        return item_event(notice, sid, service, base);
    if (change->kind == KIND_MESSAGE)
        return message_event(notice, sid);
    const char *type = words[change->kind].events[change->type];
    struct buf out;
    if (!type)
        return NULL;
    buf_init(&out, EVENT_SIZE_MAX);
    begin(&out, notice, sid);
    if (change->kind == KIND_DOCUMENT && !change_is_removal(change)) {
        add_revision(&out, "document", change->revision);
        add_expiry(&out, change->expires_ms);
        add_data(&out, "document", change->data);
    }
    return finish(type, &out);
}

static struct event *make_position(const struct notice *notice, const struct sid *sid)
{
    struct buf out;
    enum kind kind = notice->change->kind;
    if (!notice->item)
        return NULL;
    buf_init(&out, EVENT_SIZE_MAX);
    begin(&out, notice, sid);
    add_revision(&out, words[kind].type, notice->change->revision);
    return finish(words[kind].position, &out);
}

struct event *event_render_match(const struct notice *notice, struct str query_id, bool matches)
{
    struct buf out;
    struct arena arena;
    arena_init(&arena);
    buf_init(&out, EVENT_SIZE_MAX);
    buf_add_lit(&out, "{\"query_id\":");
    buf_add_json(&out, query_id);
    buf_add_lit(&out, ",\"item_key\":");
    buf_add_json(&out, item_name_key(notice->item, &arena));
    buf_addf(&out, ",\"item_revision\":%llu,\"last_event_id\":%llu",
             (unsigned long long)notice->change->seq, (unsigned long long)notice->change->seq);
    if (matches)
        add_data(&out, "item", notice->item->data);
    struct event *event =
        finish(matches ? "live_query_item_updated" : "live_query_item_removed", &out);
    event->strictly_ordered = true;
    arena_deinit(&arena);
    return event;
}

/* --- once for all --- */

void event_render_deinit(struct event_render *render)
{
    event_unref(render->event);
    event_unref(render->position);
}

struct event *event_render_event(struct event_render *render, const struct sid *sid,
                                 const struct sid *service, struct str base)
{
    bool has_url = render->notice->item;
    if (render->has_event && (!has_url || str_eq(render->base, base)))
        return render->event;
    event_unref(render->event);
    render->base = base;
    render->has_event = true;
    render->event = make_event(render->notice, sid, service, base);
    return render->event;
}

struct event *event_render_position(struct event_render *render, const struct sid *sid)
{
    if (!render->has_position)
        render->position = make_position(render->notice, sid);
    render->has_position = true;
    return render->position;
}
