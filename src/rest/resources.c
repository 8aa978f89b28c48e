#include "rest/resources.h"

#include "dialect/dates.h"
#include "rest/body.h"
#include "rest/page.h"

/* "NAME":" and, behind the object's own address, /Name" */
struct link {
    struct str head;
    struct str tail;
};

#define LINK(name_, segment_)                                                                      \
    {                                                                                              \
        STR_INIT("\"" name_ "\":\""), STR_INIT("/" segment_ "\"")                                  \
    }

static const char *const ttl_names[] = {"Ttl", NULL};
static const char *const collection_ttl_names[] = {"CollectionTtl", "Ttl", NULL};

static const struct shape {
    const char *key; /* of a page of them */
    const char *const *ttl;
    bool has_revision;
    bool has_data;
    struct link links[2];
} shapes[] = {
    [KIND_DOCUMENT] = {"documents", ttl_names, true, true, {LINK("permissions", "Permissions")}},
    [KIND_LIST] = {"lists",
                   collection_ttl_names,
                   true,
                   false,
                   {LINK("items", "Items"), LINK("permissions", "Permissions")}},
    [KIND_MAP] = {"maps",
                  collection_ttl_names,
                  true,
                  false,
                  {LINK("items", "Items"), LINK("permissions", "Permissions")}},
    [KIND_STREAM] = {"streams", ttl_names, false, false, {LINK("messages", "Messages")}},
};

static const struct shape *shape_of(const struct operation *op)
{
    return &shapes[op->command.kind];
}

static enum err read_fields(struct operation *op)
{
    const struct shape *shape = shape_of(op);
    enum err e = operation_ttl(op, shape->ttl, &op->command.ttl);
    return !e && shape->has_data ? operation_data(op) : e;
}

enum err resources_prepare_one(struct operation *op)
{
    operation_address(op);
    return OK;
}

enum err resources_prepare_create(struct operation *op)
{
    operation_address(op);
    operation_if_none_match(op);
    op->command.name = operation_field(op, STR("UniqueName"));
    return read_fields(op);
}

enum err resources_prepare_remove(struct operation *op)
{
    operation_address(op);
    return shape_of(op)->has_revision ? operation_if_match(op) : OK;
}

enum err resources_prepare_update(struct operation *op)
{
    enum err e = resources_prepare_remove(op);
    return e ? e : read_fields(op);
}

enum err resources_prepare_list(struct operation *op)
{
    operation_address(op);
    return page_prepare(op);
}

static void write_links(const struct shape *shape, struct str url, struct buf *out)
{
    buf_add_lit(out, ",\"links\":{");
    for (const struct link *link = shape->links; link < shape->links + 2 && link->head.len;
         link++) {
        if (link != shape->links)
            buf_add_char(out, ',');
        buf_add(out, link->head);
        buf_add(out, url);
        buf_add(out, link->tail);
    }
    buf_add_char(out, '}');
}

static void write_content(const struct shape *shape, const struct change *head, struct buf *out)
{
    if (shape->has_revision) {
        buf_add_lit(out, ",\"revision\":\"");
        buf_add_hex(out, head->revision);
        buf_add_char(out, '"');
    }
    if (shape->has_data) {
        buf_add_lit(out, ",\"data\":");
        buf_add(out, head->data);
    }
}

static void write_one(struct operation *op, const struct change *head, struct buf *out)
{
    const struct shape *shape = shape_of(op);
    struct body_address address = body_address(op, head);
    buf_add_lit(out, "{\"sid\":\"");
    buf_add(out, sid_str(&address.sid));
    buf_add_lit(out, "\",\"unique_name\":");
    buf_add_json(out, head->name);
    buf_add_char(out, ',');
    body_add_owners(op, &address, out);
    buf_add_lit(out, ",\"url\":\"");
    buf_add(out, address.url);
    buf_add_char(out, '"');
    write_links(shape, address.url, out);
    write_content(shape, head, out);
    dates_add(head, date_add_iso, out);
    buf_add_char(out, '}');
}

void resources_render_one(struct operation *op, struct buf *out)
{
    if (shape_of(op)->has_revision)
        operation_etag(op, op->command.head->revision);
    write_one(op, op->command.head, out); /* with 304 for its length only */
}

void resources_render_list(struct operation *op, struct buf *out)
{
    page_render(op, shape_of(op)->key, write_one, out);
}
