/* A page's neighbours are told by tokens that hold the place of its last or first object: those
 * may go, the place stays. */
#include "rest/page.h"

#include "dialect/token.h"
#include "rest/rest.h"
#include "sync/item_name.h"

#include <assert.h>

enum {
    PAGE_SIZE_ACCEPTED_MAX = 1000,
    URL_SIZE_MAX = 16 << 20, /* what a request can hold, all of it percent-encoded */
};

/* --- what is asked for --- */

static enum err read_size(struct operation *op)
{
    struct str size = operation_query(op, STR("PageSize"));
    op->page_size = PAGE_SIZE_DEFAULT;
    if (size.ptr && (!str_to_u64(size, PAGE_SIZE_ACCEPTED_MAX, &op->page_size) || !op->page_size))
        return ERR_PAGE_SIZE;
    if (op->page_size > PAGE_SIZE_MAX)
        op->page_size = PAGE_SIZE_MAX;
    op->command.page.size = op->page_size;
    return OK;
}

static enum err read_number(struct operation *op)
{
    struct str number = operation_query(op, STR("Page"));
    if (!number.ptr || str_to_u64(number, UINT32_MAX, &op->page))
        return OK;
    why_set(&op->why, "Page is a whole number from 0");
    return ERR_PARAMETER;
}

/* A place is good in any list of its kind, but a direction only in the order it was made for. */
static enum err read_token(struct operation *op)
{
    struct page_request *page = &op->command.page;
    struct str text = operation_query(op, STR("PageToken"));
    struct token token;
    if (!text.ptr)
        return OK;
    enum err e = token_open(operation_seal_key(op), text, &op->request->arena, &token);
    if (e)
        return e;
    if (token.kind != op->command.kind || token.descending != page->descending)
        return ERR_PAGE_TOKEN;
    page->place = token.place;
    page->place_included = token.included;
    page->back = token.back;
    return OK;
}

enum err page_prepare(struct operation *op)
{
    enum err e = read_size(op);
    if (!e)
        e = read_number(op);
    return e ? e : read_token(op);
}

static enum err read_order(struct operation *op)
{
    struct str order = operation_query(op, STR("Order"));
    op->command.page.descending = str_eq(order, STR("desc"));
    return !order.ptr || op->command.page.descending || str_eq(order, STR("asc")) ? OK : ERR_ORDER;
}

/* An empty one is none: the list begins at its end. */
static enum err read_from(struct operation *op)
{
    struct str from = operation_query(op, STR("From"));
    if (!from.len)
        return OK;
    return item_name_parse(op->command.kind, from, &op->request->arena, &op->command.page.from);
}

static enum err read_bounds(struct operation *op)
{
    struct str bounds = operation_query(op, STR("Bounds"));
    bool excluded = str_eq(bounds, STR("exclusive"));
    op->command.page.from_excluded = excluded;
    return !bounds.ptr || excluded || str_eq(bounds, STR("inclusive")) ? OK : ERR_BOUNDS;
}

enum err page_prepare_items(struct operation *op)
{
    enum err e = read_order(op);
    if (!e)
        e = read_from(op);
    if (!e)
        e = read_bounds(op);
    page_keep(op, STR("Order"));
    page_keep(op, STR("From"));
    page_keep(op, STR("Bounds"));
    return e ? e : page_prepare(op);
}

void page_keep(struct operation *op, struct str name)
{
    const struct field *field = fields_find(&op->query, name);
    struct str value = field ? field->value : (struct str){0};
    struct buf query;
    if (!value.len)
        return;
    buf_init_in(&query, &op->request->arena, URL_SIZE_MAX);
    buf_add(&query, op->page_query);
    buf_add(&query, name);
    buf_add_char(&query, '=');
    buf_add_percent(&query, value);
    buf_add_char(&query, '&');
    op->page_query = buf_str(&query);
}

/* --- addresses of pages --- */

/* `token` may be absent. */
static void write_address(const struct operation *op, struct str start, uint64_t number,
                          struct str token, struct buf *out)
{
    struct buf url;
    buf_init(&url, URL_SIZE_MAX);
    buf_add(&url, start);
    buf_add(&url, op->request->path);
    buf_add_char(&url, '?');
    buf_add(&url, op->page_query);
    buf_add_lit(&url, "PageSize=");
    buf_add_u64(&url, op->page_size);
    buf_add_lit(&url, "&Page=");
    buf_add_u64(&url, number);
    if (token.ptr) {
        buf_add_lit(&url, "&PageToken=");
        buf_add(&url, token);
    }
    assert(!url.failed);
    buf_add_json(out, buf_str(&url));
    buf_deinit(&url);
}

static void write_neighbour(const struct operation *op, struct str start, bool back,
                            struct buf *out)
{
    struct str token =
        token_seal_neighbour(operation_seal_key(op), &op->command, back, 0, &op->request->arena);
    if (!token.ptr) {
        buf_add_lit(out, "null");
        return;
    }
    uint64_t number = back ? op->page - (op->page > 0) : op->page + 1;
    write_address(op, start, number, token, out);
}

static void write_here(const struct operation *op, struct str start, struct buf *out)
{
    struct str token = {0};
    if (op->command.page.place.ptr) /* it has been opened, so it is one */
        token = fields_find(&op->query, STR("PageToken"))->value;
    write_address(op, start, op->page, token, out);
}

/* --- the whole --- */

/* Heads lie all over the memory. Have one brought near while those before it are written. */
static void prefetch(const struct change *head)
{
    enum { SIZE = 512, LINE = 64 };
    for (size_t at = 0; at < SIZE; at += LINE)
        __builtin_prefetch((const char *)head + at);
}

/* One step. */
static void write_objects(struct operation *op, const char *key, page_writer *write_one,
                          struct buf *out)
{
    enum { AHEAD = 2 };
    struct work_slice slice = work_slice(op->context->options->work);
    size_t count = op->command.heads_count, before;
    bool more = true;
    if (!op->unfinished)
        buf_addf(out, "{\"%s\":[", key);
    while (op->written < count && more) {
        if (op->written + AHEAD < count)
            prefetch(op->command.heads[op->written + AHEAD]);
        if (op->written)
            buf_add_char(out, ',');
        before = out->len;
        write_one(op, op->command.heads[op->written++], out);
        more = work_goes_on(&slice, out->len - before);
    }
    op->unfinished = op->written < count;
}

void page_render(struct operation *op, const char *key, page_writer *write_one, struct buf *out)
{
    write_objects(op, key, write_one, out);
    if (op->unfinished)
        return;
    buf_addf(out, "],\"meta\":{\"page\":%llu,\"page_size\":%llu,\"first_page_url\":",
             (unsigned long long)op->page, (unsigned long long)op->page_size);
    write_address(op, op->base, 0, (struct str){0}, out);
    buf_add_lit(out, ",\"previous_page_url\":");
    write_neighbour(op, op->base, true, out);
    buf_add_lit(out, ",\"url\":");
    write_here(op, op->base, out);
    buf_add_lit(out, ",\"next_page_url\":");
    write_neighbour(op, op->base, false, out);
    buf_addf(out, ",\"key\":\"%s\"}}", key);
}

void page_render_2010(struct operation *op, const char *key, page_writer *write_one,
                      struct buf *out)
{
    uint64_t first = op->page * op->page_size;
    uint64_t count = op->command.heads_count;
    write_objects(op, key, write_one, out);
    if (op->unfinished)
        return;
    buf_addf(out, "],\"page\":%llu,\"page_size\":%llu,\"start\":%llu,\"end\":%llu",
             (unsigned long long)op->page, (unsigned long long)op->page_size,
             (unsigned long long)first, (unsigned long long)(first + count - (count > 0)));
    buf_add_lit(out, ",\"first_page_uri\":");
    write_address(op, STR(""), 0, (struct str){0}, out);
    buf_add_lit(out, ",\"previous_page_uri\":");
    write_neighbour(op, STR(""), true, out);
    buf_add_lit(out, ",\"uri\":");
    write_here(op, STR(""), out);
    buf_add_lit(out, ",\"next_page_uri\":");
    write_neighbour(op, STR(""), false, out);
    buf_add_char(out, '}');
}
