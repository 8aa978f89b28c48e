/* First the map, for its last event: a client that subscribes from there misses nothing. Then page
 * after page of its items, of which those are kept that match. However large the map, no more than
 * the place of the next page and what was found stays in memory.
 *
 * A step looks at items until that has cost QUERY_ROUTE_STEP_COST. The next one begins with the
 * item where it stopped, by a page of its own; meanwhile others have their turn. Pages become as
 * long as a step gets through. */
#include "realtime/query_route.h"

#include "base/hex.h"
#include "dialect/token.h"
#include "sync/item_name.h"
#include "sync/listing.h"
#include "sync/query_evaluation.h"
#include "sync/query_program.h"

#include <assert.h>

struct search {
    const struct query *query;
    struct query_program *program;
    struct query_evaluation *evaluation;
    struct str text;
    struct str index;
    size_t count; /* of items found */
    char place[TOKEN_PLACE_SIZE_MAX];
};

bool query_route_is_page(const struct request *request)
{
    (void)request;
    return true;
}

enum err query_route_prepare(struct request *request)
{
    struct search *search = arena_alloc(&request->arena, sizeof *search);
    struct query *query;
    *search = (struct search){.index = request->captures[0]};
    request->work = search;
    buf_init(&request->gathered, QUERY_ROUTE_SIZE_MAX);
    enum err e = request_text(request, STR("query_string"), &search->text);
    if (e)
        return e;
    if (!search->text.ptr)
        search->text = STR("");
    e = query_parse(search->text, &request->arena, &query, &request->why);
    if (e)
        return e;
    search->query = query;
    search->program = query_program_new(&search->query, 1);
    search->evaluation = query_evaluation_new(search->program);
    return OK;
}

void query_route_end(struct request *request)
{
    struct search *search = request->work;
    query_evaluation_free(search->evaluation);
    query_program_free(search->program);
}

static void add_item(struct request *request, const struct change *item, struct str key)
{
    struct buf *out = &request->gathered;
    struct search *search = request->work;
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

/* What it cost is added to `cost`. */
static void look_at(struct request *request, const struct change *item, size_t *cost)
{
    struct search *search = request->work;
    struct arena arena;
    arena_init(&arena);
    struct str key = item_name_key(item, &arena);
    query_evaluation_begin(search->evaluation, key, item->data, cost);
    if (query_evaluation_matches(search->evaluation, 0, cost)) {
        add_item(request, item, key);
        *cost += item->data.len;
    }
    arena_deinit(&arena);
}

static bool is_full(const struct request *request)
{
    const struct search *search = request->work;
    return search->count == QUERY_ROUTE_ITEMS_MAX || request->gathered.failed;
}

/* Returns how many of the page's items were looked at. */
static size_t look_at_page(struct request *request)
{
    size_t cost = 0, at = 0;
    while (at < request->command.heads_count && !is_full(request) && cost < QUERY_ROUTE_STEP_COST)
        look_at(request, request->command.heads[at++], &cost);
    return at;
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

/* What follows the first `looked` items of this page. */
static void ask_for_next(struct request *request, size_t looked)
{
    struct command *command = &request->command;
    struct search *search = request->work;
    struct page_request *page = &command->page;
    struct str last =
        listing_place(command->heads[looked - 1], &request->arena); /* its own bytes */
    assert(last.len <= sizeof search->place);
    memcpy(search->place, last.ptr, last.len);
    page->place = (struct str){search->place, last.len};
    if (looked < command->heads_count)
        page->size = looked;
    else
        page->size = page->size < PAGE_SIZE_MAX / 2 ? 2 * page->size : PAGE_SIZE_MAX;
    command_reset(command);
}

bool query_route_proceed(struct request *request)
{
    const struct command *command = &request->command;
    if (command->verb == VERB_FETCH) {
        ask_for_first(request);
        return true;
    }
    size_t looked = look_at_page(request);
    bool all = looked == command->heads_count && !command->more_after;
    if (!looked || all || is_full(request))
        return false;
    ask_for_next(request, looked);
    return true;
}

/* The same for the same query, also after a restart: the SDKs share one object for it. */
static void add_query_id(const struct request *request, const struct search *search,
                         struct buf *out)
{
    char digits[2 * HEX_LENGTH];
    for (size_t i = 0; i < 2; i++) {
        uint64_t hash = str_fingerprint(sid_str(&request->session->service_sid), i);
        hash = str_fingerprint(search->text, str_fingerprint(search->index, hash));
        hex_put(digits + i * HEX_LENGTH, hash);
    }
    buf_add_lit(out, "LQ");
    buf_add(out, (struct str){digits, sizeof digits});
}

void query_route_render(struct request *request, struct buf *out)
{
    buf_add_lit(out, "{\"query_id\":\"");
    add_query_id(request, request->work, out);
    buf_addf(out, "\",\"last_event_id\":%llu,\"items\":[", (unsigned long long)request->kept->seq);
    buf_add(out, buf_str(&request->gathered));
    buf_add_lit(out, "]}");
}
