#include "realtime/dispatch.h"

#include "base/json.h"
#include "base/percent.h"
#include "base/value.h"
#include "dialect/problem.h"
#include "realtime/client.h"
#include "realtime/conflict.h"
#include "session/session_send.h"
#include "sync/idempotency.h"

enum { REPLY_SIZE_MAX = 256 << 20, DEPTH_SLACK = 2 };

/* --- answers --- */

static void reply_problem(struct request *request, enum err err)
{
    struct buf body;
    bool from_core = request->command.err != OK;
    enum kind subject = from_core ? request->command.subject : request->command.kind;
    const struct problem *problem = problem_find(err, subject);
    buf_init(&body, REPLY_SIZE_MAX);
    problem_write(problem, from_core ? "" : request->why.text, request->session->base, &body);
    session_send_http_reply(request->session, request->id, problem->status, buf_str(&body));
    buf_deinit(&body);
}

static void reply_conflict(struct request *request)
{
    struct buf body;
    const struct problem *problem = problem_find(ERR_REVISION, request->conflict);
    buf_init(&body, REPLY_SIZE_MAX);
    conflict_write(request, problem, &body);
    session_send_http_reply(request->session, request->id, problem->status, buf_str(&body));
    buf_deinit(&body);
}

static void reply_success(struct request *request)
{
    struct buf body;
    buf_init(&body, REPLY_SIZE_MAX);
    if (request->route->render)
        request->route->render(request, &body);
    session_send_http_reply(request->session, request->id, request->status, buf_str(&body));
    buf_deinit(&body);
}

static enum err error_of(const struct request *request)
{
    enum err e = request->command.err;
    bool missing = e == ERR_MISSING || e == ERR_NAME_MISSING;
    if (e == ERR_EXISTS)
        return ERR_REVISION; /* clients have no If-None-Match: they asked by a revision, -1 */
    return missing && request->route->missing ? request->route->missing : e;
}

/* True: the command has been filled in anew. */
static bool goes_on(struct request *request, enum err e)
{
    if (e == ERR_REVISION)
        return conflict_read(request);
    return !e && request->route->proceed && request->route->proceed(request);
}

static void finish(struct request *request)
{
    struct session *session = request->session;
    enum err e = error_of(request);
    if (goes_on(request, e)) {
        if (request->page)
            request_queue_again(&client_of(session)->requests, request);
        else
            session_submit(session, &request->command);
        session_release(session);
        return;
    }
    if (request->conflict)
        reply_conflict(request);
    else if (e)
        reply_problem(request, e);
    else
        reply_success(request);
    request_queue_done(&client_of(session)->requests, request);
    session_release(session);
}

static bool on_turn(struct worker *worker)
{
    finish(ring_of(worker, struct request, worker));
    return false;
}

/* To look at a page takes long: it waits behind the work of others. */
static void on_answer(struct letter *letter)
{
    struct request *request = (struct request *)letter;
    struct session *session = request->session;
    if (!request->page || work_is_free(session->lane->queue)) {
        finish(request);
        return;
    }
    worker_init(&request->worker, on_turn);
    work_add(session->lane, &request->worker);
}

void dispatch_submit(struct request *request)
{
    request->command.letter.arrive = on_answer;
    session_submit(request->session, &request->command);
}

/* --- what a packet says --- */

/* A value may be alone, or the first of an array. */
static struct str first_of(struct str token)
{
    struct value_elements elements;
    struct str first;
    if (!token.len || token.ptr[0] != '[')
        return token;
    value_elements_init(&elements, token);
    return value_elements_next(&elements, &first) ? first : (struct str){0};
}

/* Fields of one name are one list (RFC 9110, section 5.3). */
static struct str list_of(struct request *request, struct str token)
{
    struct value_elements elements;
    struct str element;
    struct buf list;
    if (!token.len || token.ptr[0] != '[')
        return request_decode(request, token);
    buf_init_in(&list, &request->arena, token.len);
    value_elements_init(&elements, token);
    while (value_elements_next(&elements, &element)) {
        if (list.len)
            buf_add_char(&list, ',');
        buf_add(&list, request_decode(request, element));
    }
    return buf_str(&list);
}

static bool has_members(struct str token)
{
    return token.len > 2 && token.ptr[0] == '{';
}

static bool is_string(struct str token)
{
    return token.len && token.ptr[0] == '"';
}

static enum err add_param(struct request *request, struct str key, struct str token)
{
    struct fields *params = &request->params;
    struct str value, first = first_of(token), quoted = {key.ptr - 1, key.len + 2};
    if (!first.ptr || str_eq(first, STR("null")))
        return OK;
    if (params->count == FIELDS_MAX) {
        why_set(&request->why, "the request has more than %d parameters", FIELDS_MAX);
        return ERR_BODY;
    }
    if (!percent_decode(request_decode(request, first), PERCENT_PLUS_IS_PLUS, &request->arena,
                        &value)) {
        why_set(&request->why, "%.*s is not valid UTF-8", STR_ARG(key));
        return ERR_PARAMETER;
    }
    params->items[params->count++] =
        (struct field){.name = request_decode(request, quoted), .value = value};
    return OK;
}

/* The query of the path, then the object `params`. */
static enum err read_params(struct request *request, struct str query, struct str object)
{
    struct value_members members;
    struct str key, token;
    struct fields in_path = {0};
    enum err e = OK;
    if (query.ptr)
        e = fields_parse_form(query, &request->arena, &in_path, &request->why);
    if (!in_path.count && !has_members(object))
        return e;
    request->params.items = arena_alloc(&request->arena, FIELDS_MAX * sizeof(struct field));
    for (size_t i = 0; i < in_path.count; i++)
        request->params.items[request->params.count++] = in_path.items[i];
    if (e || !has_members(object))
        return e;
    value_members_init(&members, object);
    while (!e && value_members_next(&members, &key, &token))
        e = add_param(request, key, token);
    return e;
}

static enum err read_headers(struct request *request, struct str object)
{
    struct command *command = &request->command;
    struct value_members members;
    struct str key, token;
    uint64_t first_sent_ms;
    if (!has_members(object))
        return OK;
    value_members_init(&members, object);
    while (value_members_next(&members, &key, &token)) {
        struct str first = first_of(token);
        if (!first.ptr || str_eq(first, STR("null")))
            continue;
        if (str_eq_nocase(key, STR("If-Match")))
            request->if_match = arena_dup(&request->arena, request_decode(request, first));
        else if (str_eq_nocase(key, STR("Prefer")))
            request->prefers_current = conflict_is_preferred(list_of(request, token));
        else if (str_eq_nocase(key, STR("Idempotency-Key")) && command_writes(command))
            command->idempotency_key = arena_dup(&request->arena, request_decode(request, first));
        else if (str_eq_nocase(key, STR("Tutti-First-Sent")) &&
                 str_to_u64(request_decode(request, first), INT64_MAX, &first_sent_ms))
            command->first_sent_ms = (int64_t)first_sent_ms;
    }
    if (!command->idempotency_key.ptr)
        return OK;
    return idempotency_check(command->idempotency_key, &request->why);
}

/* Of a DELETE or GET it is not worth reading: some clients send there what is no JSON. */
static enum err read_body(struct request *request, struct str method, struct str payload)
{
    const struct limits *limits = &request_context(request)->options->limits;
    struct json_error error;
    if ((!str_eq(method, STR("POST")) && !str_eq(method, STR("PUT"))) || !payload.len)
        return OK;
    if (json_compact_object(payload, limits->data_depth_max + DEPTH_SLACK, &request->arena,
                            &request->body, &error))
        return OK;
    why_set(&request->why, "%s at byte %zu", error.reason, error.offset);
    return ERR_BODY;
}

static enum err find_route(struct request *request, struct str method, struct str path)
{
    const struct session *session = request->session;
    struct routes_match match;
    enum err e =
        routes_find(request_context(request)->routes, method, path, &request->arena, &match);
    if (e == ERR_ROUTE)
        why_set(&request->why, "%.*s", STR_ARG(path));
    if (e)
        return e;
    request->route = match.route;
    memcpy(request->captures, match.captures, sizeof match.captures);
    request->command.verb = match.route->verb;
    request->command.kind = match.route->kind;
    request->command.container_kind = match.route->container;
    request->status = match.route->status;
    bool own = !match.service.ptr || str_eq(match.service, sid_str(&session->service_sid)) ||
               str_eq(match.service, session->service);
    return own ? OK : ERR_SERVICE_MISSING;
}

static void address(struct request *request)
{
    const struct str *capture = request->captures;
    if (request->route->container)
        request->command.container = *capture++;
    request->command.object = *capture;
}

enum { METHOD, PATH, PARAMS, HEADERS, MEMBERS };

/* The members of http_request. */
static enum err read_members(struct request *request, struct str object, struct str values[MEMBERS])
{
    static const struct str names[] = {
        [METHOD] = STR_INIT("method"),
        [PATH] = STR_INIT("path"),
        [PARAMS] = STR_INIT("params"),
        [HEADERS] = STR_INIT("headers"),
    };
    if (has_members(object))
        value_get_all(object, names, values, MEMBERS);
    if (is_string(values[METHOD]) && is_string(values[PATH]))
        return OK;
    why_set(&request->why, "http_request has a method and a path");
    return ERR_BODY;
}

static enum err read_request(struct request *request, const struct packet *packet)
{
    struct str values[MEMBERS] = {0};
    enum err e = read_members(request, arena_dup(&request->arena, packet->http_request), values);
    if (e)
        return e;
    struct str method = request_decode(request, values[METHOD]);
    struct str query = request_decode(request, values[PATH]);
    struct str path = str_split(&query, '?');
    e = find_route(request, method, path);
    if (!e)
        e = read_params(request, query, values[PARAMS]);
    if (!e)
        e = read_body(request, method, packet->payload);
    if (!e)
        e = read_headers(request, values[HEADERS]);
    if (e || !request->route->prepare)
        return e;
    address(request);
    return request->route->prepare(request);
}

void dispatch_start(struct session *session, const struct packet *packet)
{
    struct request *request = request_new(session, packet);
    metric_add(&request_context(request)->metrics->requests, 1);
    enum err e = read_request(request, packet);
    if (e) {
        reply_problem(request, e);
        request_free(request);
    } else if (request->route->respond) {
        request->route->respond(request);
    } else {
        request->page = request->route->is_page && request->route->is_page(request);
        request_queue_add(&client_of(session)->requests, request);
    }
}
