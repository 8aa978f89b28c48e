#include "realtime/page_route.h"

#include "realtime/item_route.h"
#include "sync/item_name.h"

static enum err parse_name(struct request *request, struct str text, struct str *name)
{
    return item_name_parse(request->command.kind, text, &request->arena, name);
}

static struct str name_of(const struct request *request)
{
    return request->command.kind == KIND_LIST_ITEM ? STR("Index") : STR("Key");
}

/* An item that is not there makes an empty page. */
static enum err read_one(struct request *request, struct str text)
{
    struct command *command = &request->command;
    struct str *name = arena_alloc(&request->arena, sizeof *name);
    command->verb = VERB_FETCH_MANY;
    command->names = name;
    command->names_count = 1;
    request->page_size = 1;
    return parse_name(request, text, name);
}

/* However many: the SDKs pass on what they are asked for, and one more. */
static enum err read_size(struct request *request)
{
    struct str text = request_param(request, STR("PageSize"));
    uint64_t size = PAGE_SIZE_DEFAULT;
    if (text.len && (!str_to_u64(text, UINT64_MAX, &size) || !size))
        return ERR_PAGE_SIZE;
    request->page_size = size < PAGE_SIZE_MAX ? size : PAGE_SIZE_MAX;
    request->command.page.size = request->page_size;
    return OK;
}

static enum err read_order(struct request *request)
{
    struct str order = request_param(request, STR("Order"));
    request->command.page.descending = str_eq(order, STR("desc"));
    return !order.len || request->command.page.descending || str_eq(order, STR("asc")) ? OK
                                                                                       : ERR_ORDER;
}

/* Begin at a name, whether or not there is such an item. It is a place in the whole collection,
 * and so the page also knows what lies before it. */
static enum err read_from(struct request *request)
{
    struct page_request *page = &request->command.page;
    struct str from = request_param(request, STR("From"));
    struct str bounds = request_param(request, STR("Bounds"));
    bool exclusive = str_eq(bounds, STR("exclusive"));
    if (bounds.len && !exclusive && !str_eq(bounds, STR("inclusive")))
        return ERR_BOUNDS;
    page->place_included = !exclusive;
    return from.len ? parse_name(request, from, &page->place) : OK;
}

/* It says all that matters, also the order and the size: old SDKs send nothing else with it. */
static enum err read_token(struct request *request, struct str text)
{
    struct page_request *page = &request->command.page;
    struct token token;
    enum err e = token_open(request_context(request)->seal_key, text, &request->arena, &token);
    if (e)
        return e;
    if (token.kind != request->command.kind)
        return ERR_PAGE_TOKEN;
    page->descending = token.descending;
    page->place = token.place;
    page->place_included = token.included;
    page->back = token.back;
    if (token.size && !request_param(request, STR("PageSize")).len)
        page->size = request->page_size = token.size;
    return OK;
}

enum err page_route_prepare(struct request *request)
{
    struct str one = request_param(request, name_of(request));
    struct str token = request_param(request, STR("PageToken"));
    if (one.ptr)
        return read_one(request, one);
    enum err e = read_size(request);
    if (e)
        return e;
    if (token.len)
        return read_token(request, token);
    e = read_order(request);
    return e ? e : read_from(request);
}

static void add_token(struct request *request, const char *name, bool back, struct buf *out)
{
    struct str token = token_seal_neighbour(request_context(request)->seal_key, &request->command,
                                            back, (uint8_t)request->page_size, &request->arena);
    buf_addf(out, "\"%s\":", name);
    if (token.ptr)
        buf_add_json(out, token);
    else
        buf_add_lit(out, "null");
}

static void add_meta(struct request *request, struct buf *out)
{
    buf_add_lit(out, "\"meta\":{");
    add_token(request, "previous_token", true, out);
    buf_add_char(out, ',');
    add_token(request, "next_token", false, out);
    buf_addf(out, ",\"page_size\":%zu,\"key\":\"items\"}", request->page_size);
}

void page_route_render_items(struct request *request, struct buf *out)
{
    const struct command *command = &request->command;
    buf_add_char(out, '[');
    for (size_t i = 0; i < command->heads_count; i++) {
        if (i)
            buf_add_char(out, ',');
        item_route_write(request, command->heads[i], true, out);
    }
    buf_add_char(out, ']');
}

void page_route_render(struct request *request, struct buf *out)
{
    buf_add_lit(out, "{\"items\":");
    page_route_render_items(request, out);
    buf_add_char(out, ',');
    add_meta(request, out);
    buf_add_char(out, '}');
}
