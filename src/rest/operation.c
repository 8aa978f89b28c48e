#include "rest/operation.h"

#include "base/hex.h"
#include "base/spelling.h"
#include "rest/rest.h"
#include "sync/data.h"

#include <assert.h>

struct str operation_account(const struct operation *op)
{
    return str_from(op->context->options->credentials->account_sid);
}

void operation_key_secret(const struct operation *op, struct str sid,
                          char secret[KEY_SECRET_LENGTH + 1])
{
    credentials_key_secret(op->context->options->credentials, sid, secret);
}

const unsigned char *operation_seal_key(const struct operation *op)
{
    return op->context->seal_key;
}

void operation_expose(const struct operation *op, struct buf *out)
{
    const struct rest_options *options = op->context->options;
    options->expose(options->exposition, out);
}

bool operation_is_draining(const struct operation *op)
{
    return op->context->draining;
}

void operation_add_header(struct operation *op, const char *name, const char *value)
{
    struct http_header *header = arena_alloc(&op->request->arena, sizeof *header);
    *header = (struct http_header){op->headers, name, value};
    op->headers = header;
}

void operation_address(struct operation *op)
{
    const struct str *capture = op->captures;
    op->command.service = *capture++;
    if (op->endpoint->container)
        op->command.container = *capture++;
    op->command.object = *capture;
}

/* So what is known need not be listed anywhere: it is what is looked for. */
static const struct field *look_for(struct operation *op, const struct fields *fields,
                                    struct str name)
{
    if (!fields->count)
        return NULL;
    assert(op->known_count < OPERATION_NAMES_MAX);
    op->known[op->known_count++] = name;
    return fields_find(fields, name);
}

struct str operation_query(struct operation *op, struct str name)
{
    const struct field *field = look_for(op, &op->query, name);
    return field ? field->value : (struct str){0};
}

struct str operation_field(struct operation *op, struct str name)
{
    const struct field *field = look_for(op, &op->fields, name);
    return field && !field->is_null ? field->value : (struct str){0};
}

static bool is_known(const struct operation *op, struct str name)
{
    for (size_t i = 0; i < op->known_count; i++)
        if (str_eq(op->known[i], name))
            return true;
    return false;
}

static enum err check_name(struct operation *op, struct str name)
{
    if (is_known(op, name))
        return OK;
    for (size_t i = 0; i < op->known_count; i++) {
        if (!spelling_is_near(op->known[i], name))
            continue;
        why_set(&op->why, "there is no field %.*s; did you mean %.*s?", STR_ARG(name),
                STR_ARG(op->known[i]));
        return ERR_PARAMETER;
    }
    return OK;
}

enum err operation_check_spelling(struct operation *op)
{
    const struct fields *given = op->fields.count ? &op->fields : &op->query;
    enum err e = OK;
    for (size_t i = 0; !e && i < given->count; i++)
        e = check_name(op, given->items[i].name);
    return e;
}

enum err operation_bool(struct operation *op, struct str name, unsigned flag, unsigned *given,
                        bool *value)
{
    struct str text = operation_field(op, name);
    if (!text.ptr)
        return OK;
    *value = str_eq_nocase(text, STR("true"));
    if (!*value && !str_eq_nocase(text, STR("false"))) {
        why_set(&op->why, "%.*s is true or false", STR_ARG(name));
        return ERR_PARAMETER;
    }
    *given |= flag;
    return OK;
}

enum err operation_ttl(struct operation *op, const char *const names[], struct ttl *ttl)
{
    for (; *names; names++) {
        struct str text = operation_field(op, str_from(*names));
        uint64_t ttl_s;
        if (!text.len)
            continue;
        if (!str_to_u64(text, TTL_MAX_S, &ttl_s))
            return ERR_TTL;
        if (!ttl->given)
            *ttl = (struct ttl){true, (int64_t)ttl_s};
    }
    return OK;
}

enum err operation_data(struct operation *op)
{
    const struct limits *limits = &op->context->options->limits;
    const struct field *field = look_for(op, &op->fields, STR("Data"));
    bool is_message = op->command.kind == KIND_MESSAGE;
    if (!field)
        return OK;
    return data_parse(field->is_null ? STR("null") : field->value, limits,
                      is_message ? limits->message_size_max : limits->data_size_max,
                      &op->request->arena, &op->command.data, &op->why);
}

enum err operation_if_match(struct operation *op)
{
    return precondition_parse(http_request_header(op->request, STR("If-Match")),
                              &op->command.if_match);
}

void operation_if_none_match(struct operation *op)
{
    op->command.if_none_match_any = str_eq(str_trim(op->if_none_match), STR("*"));
}

static bool names_revision(struct str header, struct str etag)
{
    while (header.ptr) {
        struct str tag = str_trim(str_split(&header, ','));
        if (str_starts(tag, STR("W/")))
            tag = (struct str){tag.ptr + 2, tag.len - 2};
        if (str_eq(tag, etag) || str_eq(tag, STR("*")) ||
            str_eq(tag, (struct str){etag.ptr + 1, etag.len - 2}))
            return true;
    }
    return false;
}

void operation_etag(struct operation *op, uint64_t revision)
{
    char *etag = arena_alloc(&op->request->arena, HEX_LENGTH + sizeof "\"\"");
    size_t len = hex_put_short(etag + 1, revision);
    etag[0] = etag[len + 1] = '"';
    etag[len + 2] = 0;
    operation_add_header(op, "ETag", etag);
    if (op->command.verb == VERB_FETCH && op->if_none_match.ptr &&
        names_revision(op->if_none_match, (struct str){etag, len + 2}))
        op->status = 304;
}
