#include "rest/keys.h"

#include "base/date.h"
#include "rest/page.h"
#include "sync/key.h"

/* The account in the path must be ours. */
static enum err check_account(struct operation *op)
{
    return str_eq(op->captures[0], operation_account(op)) ? OK : ERR_ROUTE;
}

enum err keys_prepare_create(struct operation *op)
{
    op->command.friendly_name = operation_field(op, STR("FriendlyName"));
    return check_account(op);
}

/* {id} may end in .json, as the helper libraries write it. */
enum err keys_prepare_one(struct operation *op)
{
    struct str id = op->captures[1], json = STR(".json");
    if (id.len > json.len && str_eq((struct str){id.ptr + id.len - json.len, json.len}, json))
        id.len -= json.len;
    op->command.object = id;
    return check_account(op);
}

enum err keys_prepare_update(struct operation *op)
{
    op->command.friendly_name = operation_field(op, STR("FriendlyName"));
    return keys_prepare_one(op);
}

enum err keys_prepare_list(struct operation *op)
{
    enum err e = check_account(op);
    return e ? e : page_prepare(op);
}

static void write_fields(struct operation *op, const struct change *head, struct buf *out)
{
    struct sid sid = sid_of(head);
    buf_addf(out, "{\"sid\":\"%s\",\"friendly_name\":", sid.text);
    buf_add_json(out, key_friendly_name(head, &op->request->arena));
    buf_add_lit(out, ",\"date_created\":");
    date_add_rfc2822(out, head->created_ms);
    buf_add_lit(out, ",\"date_updated\":");
    date_add_rfc2822(out, head->updated_ms);
}

static void write_one(struct operation *op, const struct change *head, struct buf *out)
{
    write_fields(op, head, out);
    buf_add_char(out, '}');
}

void keys_render_one(struct operation *op, struct buf *out)
{
    write_one(op, op->command.head, out);
}

void keys_render_created(struct operation *op, struct buf *out)
{
    char secret[KEY_SECRET_LENGTH + 1];
    struct sid sid = sid_of(op->command.head);
    operation_key_secret(op, sid_str(&sid), secret);
    write_fields(op, op->command.head, out);
    buf_addf(out, ",\"secret\":\"%s\"}", secret);
}

void keys_render_list(struct operation *op, struct buf *out)
{
    page_render_2010(op, "keys", write_one, out);
}
