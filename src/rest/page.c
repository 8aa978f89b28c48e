#include "rest/page.h"

#include "rest/token.h"

enum { PAGE_SIZE_ACCEPTED_MAX = 1000, URL_SIZE_MAX = 16384 };

static struct str query(const struct operation *op, struct str name)
{
    const struct field *field = fields_find(&op->query, name);
    return field ? field->value : (struct str){0};
}

enum err page_prepare(struct operation *op)
{
    struct page_request *page = &op->command.page;
    struct str size = query(op, STR("PageSize")), number = query(op, STR("Page"));
    struct str token = query(op, STR("PageToken"));
    op->page_size = PAGE_SIZE_DEFAULT;
    if (size.ptr && (!str_to_u64(size, PAGE_SIZE_ACCEPTED_MAX, &op->page_size) || !op->page_size))
        return ERR_PAGE_SIZE;
    if (op->page_size > PAGE_SIZE_MAX)
        op->page_size = PAGE_SIZE_MAX;
    page->size = op->page_size;
    if (number.ptr && !str_to_u64(number, UINT32_MAX, &op->page)) {
        why_set(&op->why, "Page is a whole number from 0");
        return ERR_PARAMETER;
    }
    if (token.ptr)
        return token_open(operation_seal_key(op), token, op->command.kind, &page->beyond,
                          &page->back);
    return OK;
}

/* The address of a page of this list; `token` may be NULL. */
static void write_address(const struct operation *op, struct str start, uint64_t number,
                          const struct token *token, struct buf *out)
{
    struct buf url;
    buf_init(&url, URL_SIZE_MAX);
    buf_add(&url, start);
    buf_add(&url, op->request->path);
    buf_addf(&url, "?PageSize=%llu&Page=%llu", (unsigned long long)op->page_size,
             (unsigned long long)number);
    if (token)
        buf_addf(&url, "&PageToken=%s", token->text);
    buf_add_json(out, buf_str(&url));
    buf_deinit(&url);
}

/* The page that starts behind the last object, or ends before the first, of this one. */
static void write_neighbour(const struct operation *op, struct str start, bool back,
                            struct buf *out)
{
    const struct command *command = &op->command;
    bool any = back ? command->more_before : command->more_after;
    size_t count = command->heads_count;
    uint64_t edge = command->page.beyond; /* of an empty page: where it would have begun */
    if (count)
        edge = back ? command->heads[0]->id : command->heads[count - 1]->id;
    else if (any)
        edge = back ? edge + 1 : edge - 1;
    if (!any) {
        buf_add_lit(out, "null");
        return;
    }
    struct token token = token_seal(operation_seal_key(op), command->kind, edge, back);
    uint64_t number = back ? op->page - (op->page > 0) : op->page + 1;
    write_address(op, start, number, &token, out);
}

static void write_here(const struct operation *op, struct str start, struct buf *out)
{
    struct str text = query(op, STR("PageToken"));
    struct token token;
    if (text.ptr) {
        memcpy(token.text, text.ptr, TOKEN_LENGTH); /* page_prepare has opened it */
        token.text[TOKEN_LENGTH] = 0;
    }
    write_address(op, start, op->page, text.ptr ? &token : NULL, out);
}

static void write_objects(struct operation *op, const char *key, page_writer *write_one,
                          struct buf *out)
{
    buf_addf(out, "{\"%s\":[", key);
    for (size_t i = 0; i < op->command.heads_count; i++) {
        if (i)
            buf_add_char(out, ',');
        write_one(op, op->command.heads[i], out);
    }
    buf_add_char(out, ']');
}

void page_render(struct operation *op, const char *key, page_writer *write_one, struct buf *out)
{
    write_objects(op, key, write_one, out);
    buf_addf(out, ",\"meta\":{\"page\":%llu,\"page_size\":%llu,\"first_page_url\":",
             (unsigned long long)op->page, (unsigned long long)op->page_size);
    write_address(op, op->base, 0, NULL, out);
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
    buf_addf(out, ",\"page\":%llu,\"page_size\":%llu,\"start\":%llu,\"end\":%llu",
             (unsigned long long)op->page, (unsigned long long)op->page_size,
             (unsigned long long)first, (unsigned long long)(first + count - (count > 0)));
    buf_add_lit(out, ",\"first_page_uri\":");
    write_address(op, STR(""), 0, NULL, out);
    buf_add_lit(out, ",\"previous_page_uri\":");
    write_neighbour(op, STR(""), true, out);
    buf_add_lit(out, ",\"uri\":");
    write_here(op, STR(""), out);
    buf_add_lit(out, ",\"next_page_uri\":");
    write_neighbour(op, STR(""), false, out);
    buf_add_char(out, '}');
}
