#include "rest/permissions.h"

#include "http/route.h"
#include "rest/body.h"
#include "rest/page.h"
#include "sync/permission.h"

enum { READ = 1 << 0, WRITE = 1 << 1, MANAGE = 1 << 2 };

static const struct str sid_names[] = {
    [KIND_DOCUMENT] = STR_INIT(",\"document_sid\":\""),
    [KIND_LIST] = STR_INIT(",\"list_sid\":\""),
    [KIND_MAP] = STR_INIT(",\"map_sid\":\""),
};

enum err permissions_prepare_one(struct operation *op)
{
    operation_address(op);
    return OK;
}

enum err permissions_prepare_put(struct operation *op)
{
    struct permission_fields *fields = &op->command.permission_fields;
    unsigned given = 0;
    operation_address(op);
    enum err e = operation_bool(op, STR("Read"), READ, &given, &fields->read);
    if (!e)
        e = operation_bool(op, STR("Write"), WRITE, &given, &fields->write);
    if (!e)
        e = operation_bool(op, STR("Manage"), MANAGE, &given, &fields->manage);
    fields->given = given != 0;
    return e;
}

enum err permissions_prepare_list(struct operation *op)
{
    operation_address(op);
    return page_prepare(op);
}

static void write_one(struct operation *op, const struct change *head, struct buf *out)
{
    const struct change *object = op->command.container_head;
    struct permission permission = permission_read(head);
    struct body_address address = body_address(op, object);
    buf_add_char(out, '{');
    body_add_owners(op, &address, out);
    buf_add(out, sid_names[object->kind]);
    buf_add(out, sid_str(&address.sid));
    buf_add_lit(out, "\",\"identity\":");
    buf_add_json(out, head->name);
    body_add_bool(out, "read", permission.read);
    body_add_bool(out, "write", permission.write);
    body_add_bool(out, "manage", permission.manage);
    buf_add_lit(out, ",\"url\":\"");
    buf_add(out, address.url);
    buf_add_lit(out, "/Permissions/");
    route_add_segment(out, head->name);
    buf_add_lit(out, "\"}");
}

void permissions_render_one(struct operation *op, struct buf *out)
{
    write_one(op, op->command.head, out);
}

void permissions_render_list(struct operation *op, struct buf *out)
{
    page_render(op, "permissions", write_one, out);
}
