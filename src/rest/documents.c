#include "rest/documents.h"

#include "base/date.h"
#include "rest/page.h"

static void address(struct operation *op)
{
    op->command.service = op->captures[0];
    op->command.object = op->captures[1];
}

enum err documents_prepare_one(struct operation *op)
{
    address(op);
    return OK;
}

enum err documents_prepare_create(struct operation *op)
{
    struct str condition = http_request_header(op->request, "If-None-Match");
    address(op);
    op->command.name = operation_field(op, STR("UniqueName"));
    op->command.if_none_match_any = str_eq(str_trim(condition), STR("*"));
    enum err e = operation_ttl(op);
    return e ? e : operation_data(op);
}

enum err documents_prepare_remove(struct operation *op)
{
    address(op);
    return precondition_parse(http_request_header(op->request, "If-Match"), &op->command.if_match);
}

enum err documents_prepare_update(struct operation *op)
{
    enum err e = documents_prepare_remove(op);
    if (!e)
        e = operation_ttl(op);
    return e ? e : operation_data(op);
}

enum err documents_prepare_list(struct operation *op)
{
    op->command.service = op->captures[0];
    return page_prepare(op);
}

static void add_date(struct buf *out, int64_t ms)
{
    if (ms)
        date_add_iso(out, ms);
    else
        buf_add_lit(out, "null");
}

static void add_url(struct operation *op, struct str service, struct str sid, struct buf *out)
{
    buf_add(out, op->base);
    buf_add_lit(out, "/v1/Services/");
    buf_add(out, service);
    buf_add_lit(out, "/Documents/");
    buf_add(out, sid);
}

static void write_one(struct operation *op, const struct change *head, struct buf *out)
{
    struct sid sid = sid_of(head), service = sid_of(op->command.service_head);
    buf_add_lit(out, "{\"sid\":\"");
    buf_add(out, sid_str(&sid));
    buf_add_lit(out, "\",\"unique_name\":");
    buf_add_json(out, head->name);
    buf_add_lit(out, ",\"account_sid\":\"");
    buf_add(out, operation_account(op));
    buf_add_lit(out, "\",\"service_sid\":\"");
    buf_add(out, sid_str(&service));
    buf_add_lit(out, "\",\"url\":\"");
    add_url(op, sid_str(&service), sid_str(&sid), out);
    buf_add_lit(out, "\",\"links\":{\"permissions\":\"");
    add_url(op, sid_str(&service), sid_str(&sid), out);
    buf_add_lit(out, "/Permissions\"},\"revision\":\"");
    buf_add_hex(out, head->revision);
    buf_add_lit(out, "\",\"data\":");
    buf_add(out, head->data);
    buf_add_lit(out, ",\"date_expires\":");
    add_date(out, head->expires_ms);
    buf_add_lit(out, ",\"date_created\":");
    date_add_iso(out, head->created_ms);
    buf_add_lit(out, ",\"date_updated\":");
    date_add_iso(out, head->updated_ms);
    buf_add_lit(out, ",\"created_by\":");
    buf_add_json(out, head->creator);
    buf_add_char(out, '}');
}

void documents_render_one(struct operation *op, struct buf *out)
{
    operation_etag(op, op->command.head->revision);
    write_one(op, op->command.head, out); /* with 304 for its length only */
}

void documents_render_list(struct operation *op, struct buf *out)
{
    page_render(op, "documents", write_one, out);
}
