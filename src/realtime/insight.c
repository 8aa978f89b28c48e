/* First the map, for its last event: whoever subscribes from there misses nothing. Then page after
 * page of its items, of which those are kept that match. */
#include "realtime/insight.h"

#include "base/hex.h"
#include "sync/item_name.h"
#include "sync/listing.h"
#include "sync/query.h"

struct search {
    struct query *query;
    struct str text;
    struct str index;
    size_t count; /* of items found */
};

enum err insight_prepare(struct request *request)
{
    struct search *search = arena_alloc(&request->arena, sizeof *search);
    *search = (struct search){.index = request->captures[0]};
    request->work = search;
    buf_init(&request->gathered, INSIGHT_SIZE_MAX);
    enum err e = request_text(request, STR("query_string"), &search->text);
    if (e)
        return e;
    if (!search->text.ptr)
        search->text = STR("");
    return query_parse(search->text, &request->arena, &search->query, &request->why);
}

static void add_item(struct request *request, struct search *search, const struct change *item)
{
    struct buf *out = &request->gathered;
    struct str key = item_name_key(item, &request->arena);
    if (search->count == INSIGHT_ITEMS_MAX || !query_matches(search->query, key, item->data))
        return;
    size_t before = out->len;
    if (search->count)
        buf_add_char(out, ',');
    buf_add_lit(out, "{\"key\":");
    buf_add_json(out, key);
    buf_add_lit(out, ",\"data\":");
    buf_add(out, item->data);
    buf_addf(out, ",\"revision\":%llu}", (unsigned long long)item->seq + 1);
    if (out->failed)
        out->len = before; /* nothing more is written to it */
    search->count += !out->failed;
}

static void ask_for_page(struct request *request, struct str place)
{
    struct command *command = &request->command;
    command_reset(command);
    command->verb = VERB_LIST;
    command->kind = KIND_MAP_ITEM;
    command->container_kind = KIND_MAP;
    command->container = ((struct search *)request->work)->index;
    command->page = (struct page_request){.place = place, .size = PAGE_SIZE_MAX};
}

bool insight_proceed(struct request *request)
{
    struct command *command = &request->command;
    struct search *search = request->work;
    struct str place = {0};
    if (command->verb == VERB_FETCH) {
        request->kept = change_ref(command->head);
        ask_for_page(request, place);
        return true;
    }
    for (size_t i = 0; i < command->heads_count; i++)
        add_item(request, search, command->heads[i]);
    bool full = search->count == INSIGHT_ITEMS_MAX || request->gathered.failed;
    if (!command->more_after || !command->heads_count || full)
        return false;
    place = listing_place(command->heads[command->heads_count - 1], &request->arena);
    ask_for_page(request, arena_dup(&request->arena, place));
    return true;
}

/* The same for the same query, also after a restart: the SDKs share one object for it. */
static void add_query_id(const struct request *request, const struct search *search,
                         struct buf *out)
{
    char digits[2 * HEX_LENGTH];
    for (size_t i = 0; i < 2; i++) {
        uint64_t hash = str_hash(sid_str(&request->session->service_sid), i);
        hash = str_hash(search->text, str_hash(search->index, hash));
        hex_put(digits + i * HEX_LENGTH, hash);
    }
    buf_add_lit(out, "LQ");
    buf_add(out, (struct str){digits, sizeof digits});
}

void insight_render(struct request *request, struct buf *out)
{
    buf_add_lit(out, "{\"query_id\":\"");
    add_query_id(request, request->work, out);
    buf_addf(out, "\",\"last_event_id\":%llu,\"items\":[", (unsigned long long)request->kept->seq);
    buf_add(out, buf_str(&request->gathered));
    buf_add_lit(out, "]}");
}
