/* First the map, for its last event: whoever subscribes from there misses nothing. Then page after
 * page of its items, of which those are kept that match. However large the map, no more than the
 * place of the next page and what was found stays in memory. */
#include "realtime/insight.h"

#include "base/hex.h"
#include "dialect/token.h"
#include "sync/item_name.h"
#include "sync/listing.h"
#include "sync/query.h"

#include <assert.h>

struct search {
    struct query *query;
    struct str text;
    struct str index;
    size_t count; /* of items found */
    char place[TOKEN_PLACE_SIZE_MAX];
};

enum err insight_prepare(struct request *request)
{
    struct search *search = arena_alloc(&request->arena, sizeof *search);
    search->index = request->captures[0];
    search->count = 0;
    request->work = search;
    buf_init(&request->gathered, INSIGHT_SIZE_MAX);
    enum err e = request_text(request, STR("query_string"), &search->text);
    if (e)
        return e;
    if (!search->text.ptr)
        search->text = STR("");
    return query_parse(search->text, &request->arena, &search->query, &request->why);
}

static void add_item(struct request *request, const struct change *item, struct arena *arena)
{
    struct buf *out = &request->gathered;
    struct search *search = request->work;
    struct str key = item_name_key(item, arena);
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

static void add_page(struct request *request)
{
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < request->command.heads_count; i++)
        add_item(request, request->command.heads[i], &arena);
    arena_deinit(&arena);
}

static void ask_for_first(struct request *request)
{
    struct command *command = &request->command;
    request_keep(request);
    command->verb = VERB_LIST;
    command->kind = KIND_MAP_ITEM;
    command->container_kind = KIND_MAP;
    command->container = sid_str(&request->kept_sid);
    command->page = (struct page_request){.size = PAGE_SIZE_MAX};
}

static void ask_for_next(struct request *request)
{
    struct command *command = &request->command;
    struct search *search = request->work;
    const struct change *head = command->heads[command->heads_count - 1];
    struct str last = listing_place(head, &request->arena); /* the head's own bytes */
    assert(last.len <= sizeof search->place);
    memcpy(search->place, last.ptr, last.len);
    command->page.place = (struct str){search->place, last.len};
    command_reset(command);
}

bool insight_proceed(struct request *request)
{
    const struct command *command = &request->command;
    const struct search *search = request->work;
    if (command->verb == VERB_FETCH) {
        ask_for_first(request);
        return true;
    }
    add_page(request);
    bool full = search->count == INSIGHT_ITEMS_MAX || request->gathered.failed;
    if (!command->more_after || !command->heads_count || full)
        return false;
    ask_for_next(request);
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
