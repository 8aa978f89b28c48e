#include "realtime/request.h"

#include "base/mem.h"
#include "base/value.h"
#include "dialect/segment.h"
#include "sync/data.h"

#include <stdlib.h>

/* --- life --- */

struct request *request_new(struct session *session, const struct packet *packet)
{
    struct request *request = mem_zalloc(1, sizeof *request);
    arena_init(&request->arena);
    request->session = session;
    request->id = arena_dup(&request->arena, packet->id);
    request->size = packet->http_request.len + packet->payload.len;
    return request;
}

void request_free(struct request *request)
{
    if (request->work && request->route->end)
        request->route->end(request);
    command_deinit(&request->command);
    change_unref(request->kept);
    buf_deinit(&request->gathered);
    arena_deinit(&request->arena);
    free(request);
}

struct client_context *request_context(const struct request *request)
{
    return client_of(request->session)->context;
}

/* --- what routes read --- */

struct str request_decode(struct request *request, struct str token)
{
    struct str text;
    if (value_decode_string(token, &request->arena, &text))
        return text;
    return token; /* a number is as good */
}

struct str request_param(const struct request *request, struct str name)
{
    const struct field *field = fields_find(&request->params, name);
    return field ? field->value : (struct str){0};
}

struct str request_member(const struct request *request, struct str name)
{
    struct str token = request->body.len ? value_get(request->body, name) : (struct str){0};
    return str_eq(token, STR("null")) ? (struct str){0} : token;
}

enum err request_text(struct request *request, struct str name, struct str *text)
{
    struct str token = request_member(request, name);
    *text = (struct str){0};
    if (!token.ptr || value_decode_string(token, &request->arena, text))
        return OK;
    why_set(&request->why, "%.*s is a string", STR_ARG(name));
    return ERR_BODY;
}

enum err request_ttl(struct request *request)
{
    struct str token = request_member(request, STR("ttl"));
    uint64_t ttl_s;
    if (!token.ptr)
        return OK;
    if (!str_to_u64(request_decode(request, token), TTL_MAX_S, &ttl_s))
        return ERR_TTL;
    request->command.ttl = (struct ttl){true, (int64_t)ttl_s};
    return OK;
}

enum err request_data(struct request *request)
{
    const struct limits *limits = &request_context(request)->options->limits;
    bool message = request->command.kind == KIND_MESSAGE;
    struct str token = request->body.len ? value_get(request->body, STR("data")) : (struct str){0};
    if (!token.ptr)
        return OK;
    return data_parse(token, limits, message ? limits->message_size_max : limits->data_size_max,
                      &request->arena, &request->command.data, &request->why);
}

enum err request_if_match(struct request *request)
{
    struct command *command = &request->command;
    bool absent = command->verb == VERB_PUT && str_eq(request->if_match, STR("-1"));
    command->if_none_match_any = absent;
    return absent ? OK : precondition_parse(request->if_match, &command->if_match);
}

void request_keep(struct request *request)
{
    request->kept = change_ref(request->command.head);
    request->kept_sid = sid_of(request->kept);
    command_reset(&request->command);
}

void request_add_url(const struct request *request, const struct change *object, struct buf *out)
{
    struct sid sid = sid_of(object);
    buf_add(out, request->session->base);
    buf_add_lit(out, "/v3/Services/");
    buf_add(out, sid_str(&request->session->service_sid));
    buf_add_char(out, '/');
    buf_add(out, segment_of(object->kind));
    buf_add_char(out, '/');
    buf_add(out, sid_str(&sid));
}
