#include "rest/items.h"

#include "dialect/dates.h"
#include "http/route.h"
#include "rest/body.h"
#include "rest/names.h"
#include "rest/page.h"
#include "sync/item_name.h"

static const char *const ttl_names[] = {"ItemTtl", "Ttl", NULL};
static const char *const collection_ttl_names[] = {"CollectionTtl", NULL};

static enum err parse_name(struct operation *op, struct str text, struct str *name)
{
    return item_name_parse(op->command.kind, text, &op->request->arena, name);
}

static enum err read_fields(struct operation *op)
{
    enum err e = operation_ttl(op, ttl_names, &op->command.ttl);
    if (!e)
        e = operation_ttl(op, collection_ttl_names, &op->command.container_ttl);
    return e ? e : operation_data(op);
}

enum err items_prepare_one(struct operation *op)
{
    operation_address(op);
    return parse_name(op, op->command.object, &op->command.object);
}

enum err items_prepare_create(struct operation *op)
{
    enum err e = OK;
    operation_address(op);
    operation_if_none_match(op);
    if (op->command.kind == KIND_MAP_ITEM)
        e = parse_name(op, operation_field(op, STR("Key")), &op->command.name);
    return e ? e : read_fields(op);
}

enum err items_prepare_remove(struct operation *op)
{
    enum err e = items_prepare_one(op);
    return e ? e : operation_if_match(op);
}

enum err items_prepare_update(struct operation *op)
{
    enum err e = items_prepare_remove(op);
    return e ? e : read_fields(op);
}

enum err items_prepare_put(struct operation *op)
{
    operation_if_none_match(op);
    return items_prepare_update(op);
}

/* Not a page of the list, but the items asked for by name. */
static enum err prepare_many(struct operation *op, struct str text)
{
    struct names names;
    op->command.verb = VERB_FETCH_MANY;
    op->page_size = PAGE_SIZE_MAX;
    enum err e = names_parse(op->command.kind, text, &op->request->arena, &names, &op->why);
    if (e)
        return e;
    op->command.names = names.items;
    op->command.names_count = names.count;
    return OK;
}

enum err items_prepare_list(struct operation *op)
{
    struct str many = op->command.kind == KIND_LIST_ITEM ? STR("Indexes") : STR("Keys");
    struct str text = operation_query(op, many);
    operation_address(op);
    if (!text.ptr)
        return page_prepare_items(op);
    page_keep(op, many);
    return prepare_many(op, text);
}

/* Behind index or key; the address is still without either. */
static void write_place(const struct operation *op, struct buf *out)
{
    const struct change *container = op->command.container_head;
    struct body_address address = body_address(op, container);
    body_add_owners(op, &address, out);
    if (container->kind == KIND_LIST)
        buf_add_lit(out, ",\"list_sid\":\"");
    else
        buf_add_lit(out, ",\"map_sid\":\"");
    buf_add(out, sid_str(&address.sid));
    buf_add_lit(out, "\",\"url\":\"");
    buf_add(out, address.url);
    buf_add_lit(out, "/Items/");
}

static void write_content(const struct change *head, struct buf *out)
{
    buf_add_lit(out, "\",\"revision\":\"");
    buf_add_hex(out, head->revision);
    buf_add_lit(out, "\",\"data\":");
    buf_add(out, head->data);
    dates_add(head, date_add_iso, out);
    buf_add_char(out, '}');
}

static void write_list_item(struct operation *op, const struct change *head, struct buf *out)
{
    uint64_t index = item_name_index(head);
    buf_add_lit(out, "{\"index\":");
    buf_add_u64(out, index);
    buf_add_char(out, ',');
    write_place(op, out);
    buf_add_u64(out, index);
    write_content(head, out);
}

static void write_map_item(struct operation *op, const struct change *head, struct buf *out)
{
    struct str key = item_name_key(head, &op->request->arena);
    buf_add_lit(out, "{\"key\":");
    buf_add_json(out, key);
    buf_add_char(out, ',');
    write_place(op, out);
    route_add_segment(out, key);
    write_content(head, out);
}

static page_writer *writer_of(const struct operation *op)
{
    return op->command.kind == KIND_LIST_ITEM ? write_list_item : write_map_item;
}

void items_render_one(struct operation *op, struct buf *out)
{
    operation_etag(op, op->command.head->revision);
    writer_of(op)(op, op->command.head, out);
}

void items_render_put(struct operation *op, struct buf *out)
{
    if (op->command.head->type == CHANGE_CREATED)
        op->status = 201;
    items_render_one(op, out);
}

void items_render_list(struct operation *op, struct buf *out)
{
    page_render(op, "items", writer_of(op), out);
}
