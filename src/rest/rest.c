/* The way of a request, as server.h calls it: begin (route, credentials, limits) ... handle
 * (fields, prepare, submit) ... rest_answer (render, reply). What goes wrong on the way is kept
 * in op->refused and told after the credentials were found good, so that nobody learns anything
 * without them; a key's are known to be good only when the core has looked, so then the command
 * becomes a mere check. */
#include "rest/rest.h"

#include "base/clock.h"
#include "base/mem.h"
#include "dialect/base_url.h"
#include "dialect/problem.h"
#include "http/record.h"
#include "http/site.h"
#include "rest/endpoints.h"
#include "rest/operation.h"

#include "sync/idempotency.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELD_DEPTH_SLACK = 2, REPLY_SIZE_MAX = 256 << 20 };

static const unsigned statuses[REST_STATUSES] = {200, 201, 204, 304, 400, 401, 403, 404, 405,
                                                 409, 412, 413, 415, 429, 500, 503, 0};

struct rest {
    struct rest_options options;
    struct rest_metrics metrics;
    struct basic basic;
    struct route table[REST_ENDPOINTS_MAX]; /* ends with an all-zero entry */
    struct route_tree *routes;
    struct operation_context context;
    size_t in_core;
};

/* --- replies --- */

static size_t status_column(unsigned status)
{
    size_t at = 0;
    while (at < REST_STATUSES - 1 && statuses[at] != status)
        at++;
    return at;
}

/* Not what is the operator's: health and metrics. */
static bool is_api(const struct operation *op)
{
    return !op->endpoint || !op->endpoint->open;
}

static void add_cors(struct operation *op)
{
    bool asked = op->origin.ptr || op->request->method == HTTP_OPTIONS;
    if (!asked || !is_api(op))
        return;
    operation_add_header(op, "Access-Control-Allow-Origin", "*");
    operation_add_header(op, "Access-Control-Expose-Headers", "ETag");
}

static void send_reply(struct operation *op, struct buf *body)
{
    add_cors(op);
    struct http_reply reply = {
        .status = op->status,
        .content_type = body && body->len ? op->type : NULL,
        .headers = op->headers,
        .body = body && body->len ? body : NULL,
    };
    http_reply(op->request, &reply);
}

static void add_problem_headers(struct operation *op, enum err err)
{
    if (err == ERR_AUTH)
        operation_add_header(op, "WWW-Authenticate", "Basic realm=\"tutti\", charset=\"UTF-8\"");
    if (err == ERR_BUSY || err == ERR_STORE)
        operation_add_header(op, "Retry-After", "1");
    if (err == ERR_GUESSES) {
        char *seconds = arena_alloc(&op->request->arena, 12);
        snprintf(seconds, 12, "%u", op->pause_s);
        operation_add_header(op, "Retry-After", seconds);
    }
}

static void send_problem(struct operation *op, enum err err)
{
    struct buf body = http_reply_buffer(op->request, REPLY_SIZE_MAX);
    bool from_core = op->command.err != OK;
    enum kind subject = from_core ? op->command.subject : op->command.kind;
    const struct problem *problem = problem_find(err, subject);
    const char *detail = err == op->refused ? op->why.text : ""; /* not of another error */
    op->status = problem->status;
    op->type = "application/json; charset=utf-8";
    add_problem_headers(op, err);
    problem_write(problem, detail, op->base, &body);
    send_reply(op, &body);
    buf_deinit(&body);
}

/* The body of success; false: there is more to write, in a later step. */
static bool write_body(struct operation *op)
{
    if (!op->body.size_max)
        op->body = http_reply_buffer(op->request, REPLY_SIZE_MAX);
    op->status = op->endpoint->status;
    op->type = "application/json; charset=utf-8";
    if (op->endpoint->respond)
        op->endpoint->respond(op, &op->body);
    else if (op->endpoint->render)
        op->endpoint->render(op, &op->body);
    return !op->unfinished;
}

static void send_body(struct operation *op)
{
    if (op->refused)
        send_problem(op, op->refused);
    else
        send_reply(op, &op->body);
    buf_deinit(&op->body);
}

/* --- begin --- */

static struct str find_base(struct rest *rest, struct http_request *request)
{
    return base_url_of(rest->options.public_url, rest->options.address,
                       http_request_header(request, STR("Host")), &request->arena);
}

static void answer(struct letter *letter);

static struct operation *new_operation(struct rest *rest, struct http_request *request)
{
    struct operation *op = arena_alloc(&request->arena, sizeof *op);
    memset(op, 0, sizeof *op);
    op->rest = rest;
    op->context = &rest->context;
    op->request = request;
    op->endpoint_index = endpoints_count();
    op->base = find_base(rest, request);
    op->origin = http_request_header(request, STR("Origin"));
    op->if_none_match = http_request_header(request, STR("If-None-Match"));
    op->command.letter.arrive = answer;
    op->command.port = rest->options.port;
    op->command.identity = STR("system");
    request->user = op;
    return op;
}

static void send_preflight(struct operation *op)
{
    op->status = 204;
    operation_add_header(op, "Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS");
    operation_add_header(op, "Access-Control-Allow-Headers",
                         "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, "
                         "If-None-Match, If-Unmodified-Since, Idempotency-Key");
    operation_add_header(op, "Access-Control-Max-Age", "86400");
    send_reply(op, NULL);
}

/* /v1/Sync/Services is another spelling of /v1/Services. */
static struct str plain_path(struct http_request *request)
{
    struct str path = request->path, prefix = STR("/v1/Sync/");
    if (!str_starts(path, prefix))
        return path;
    size_t tail = path.len - prefix.len;
    char *plain = arena_alloc(&request->arena, tail + 4);
    memcpy(plain, "/v1/", 4);
    memcpy(plain + 4, path.ptr + prefix.len, tail);
    return (struct str){plain, tail + 4};
}

/* The path as the public API names it in its message: without /v1. */
static struct str below_version(struct str path)
{
    if (str_starts(path, STR("/v1/")))
        return (struct str){path.ptr + 3, path.len - 3};
    return path;
}

static enum err find_endpoint(struct operation *op)
{
    struct route_match match;
    enum err e = route_find(op->rest->routes, op->request->method_name, plain_path(op->request),
                            &op->request->arena, &match);
    if (e == ERR_METHOD)
        operation_add_header(op, "Allow", match.allow);
    if (e == ERR_ROUTE)
        why_set(&op->why, "%.*s", STR_ARG(below_version(op->request->path)));
    if (e)
        return e;
    op->endpoint = match.route->endpoint;
    op->endpoint_index = (size_t)(op->endpoint - endpoints_get(0));
    memcpy(op->captures, match.captures, match.captures_count * sizeof *match.captures);
    op->command.verb = op->endpoint->verb;
    op->command.kind = op->endpoint->kind;
    op->command.container_kind = op->endpoint->container;
    return OK;
}

static enum err check_credentials(struct operation *op)
{
    struct basic_attempt attempt = {
        .header = http_request_header(op->request, STR("Authorization")),
        .address = op->request->address,
        .network = http_request_network(op->request),
        .now_ns = op->request->started_ns,
    };
    if (op->endpoint && op->endpoint->open)
        return OK;
    enum err e = basic_check(&op->rest->basic, &attempt, &op->principal);
    op->pause_s = attempt.pause_s;
    if (e)
        return e;
    http_request_know(op->request);
    op->user = basic_user(&op->rest->basic, &op->principal);
    if (op->principal.key[0])
        op->command.key = op->user;
    return OK;
}

/* Without its parameters; absent when the request says none. */
static struct str media_type(struct http_request *request)
{
    struct str type = http_request_header(request, STR("Content-Type"));
    return str_trim(str_split(&type, ';'));
}

/* Is the body of such a request fields? */
static bool takes_fields(const struct http_request *request)
{
    return request->method == HTTP_POST || request->method == HTTP_PUT;
}

/* No media type at all counts as a form. */
static enum err check_body(struct operation *op)
{
    if (!op->request->has_body)
        return OK;
    if (op->request->content_length > op->rest->options.body_size_max)
        return ERR_BODY_LARGE;
    struct str type = media_type(op->request);
    bool is_form = !type.ptr || str_eq_nocase(type, STR("application/x-www-form-urlencoded"));
    op->is_json = str_eq_nocase(type, STR("application/json"));
    return is_form || op->is_json || !takes_fields(op->request) ? OK : ERR_MEDIA_TYPE;
}

static bool is_write(const struct http_request *request)
{
    return request->method != HTTP_GET && request->method != HTTP_HEAD;
}

/* The console says of its requests that they are its own. */
static bool is_barred(const struct operation *op)
{
    struct http_request *request = op->request;
    return op->rest->options.console_read_only && is_write(request) &&
           http_request_header(request, STR("Tutti-Console")).ptr;
}

static bool is_foreign(const struct operation *op)
{
    const char *friends = op->rest->options.write_origins;
    struct site_request asked = {
        .origin = op->origin,
        .fetch_site = http_request_header(op->request, STR("Sec-Fetch-Site")),
    };
    if (!asked.origin.ptr && !asked.fetch_site.ptr) /* no browser */
        return false;
    asked.host = http_request_header(op->request, STR("Host"));
    return site_is_foreign(&asked, friends ? str_from(friends) : (struct str){0});
}

/* What good credentials do not open. A key may be gone: that is said first. */
static enum err check_rights(const struct operation *op)
{
    return is_write(op->request) && is_foreign(op) ? ERR_FOREIGN_SITE : OK;
}

void rest_begin(struct rest *rest, struct http_request *request)
{
    struct operation *op = new_operation(rest, request);
    enum err e;
    if (request->method == HTTP_OPTIONS) {
        send_preflight(op);
        return;
    }
    op->refused = find_endpoint(op);
    request->wants_large = op->endpoint && op->endpoint->verb == VERB_LIST;
    e = check_credentials(op);
    if (!e && !op->refused)
        op->refused = check_rights(op);
    if (!e)
        e = is_barred(op)
                ? ERR_READ_ONLY
                : check_body(
                      op); /* also a key that may be gone is not worth reading a large body */
    if (e)
        send_problem(op, e);
}

/* --- handle --- */

static enum err read_fields(struct operation *op)
{
    struct http_request *request = op->request;
    enum err e = OK;
    if (request->query.ptr)
        e = fields_parse_form(request->query, &request->arena, &op->query, &op->why);
    if (e || !takes_fields(request) || !request->body.len)
        return e;
    if (op->is_json)
        return fields_parse_json(request->body,
                                 op->rest->options.limits.data_depth_max + FIELD_DEPTH_SLACK,
                                 &request->arena, &op->fields, &op->why);
    return fields_parse_form(request->body, &request->arena, &op->fields, &op->why);
}

static enum err read_idempotency_key(struct operation *op)
{
    struct str key = http_request_header(op->request, STR("Idempotency-Key"));
    if (!key.ptr || !command_writes(&op->command))
        return OK;
    op->command.idempotency_key = key;
    return idempotency_check(key, &op->why);
}

static enum err prepare(struct operation *op)
{
    if (op->request->body_too_large)
        return ERR_BODY_LARGE;
    enum err e = read_idempotency_key(op);
    if (!e)
        e = read_fields(op);
    if (!e && op->endpoint->prepare) {
        enum err misspelt;
        e = op->endpoint->prepare(op);
        misspelt =
            operation_check_spelling(op); /* explains what prepare misses, so it comes first */
        e = misspelt ? misspelt : e;
    }
    return e;
}

static void submit(struct operation *op)
{
    struct rest *rest = op->rest;
    if (rest->in_core >= rest->options.requests_max) {
        send_problem(op, ERR_BUSY);
        return;
    }
    metric_set(&rest->metrics.in_core, ++rest->in_core);
    rest->options.submit(rest->options.context, &op->command);
}

void rest_handle(struct http_request *request)
{
    struct operation *op = request->user;
    if (!op->refused && !op->endpoint->respond)
        op->refused = prepare(op);
    if (op->refused && op->command.key.ptr) {
        op->command.verb = VERB_CHECK;
        submit(op);
    } else if (op->refused) {
        send_problem(op, op->refused);
    } else if (op->endpoint->respond) {
        write_body(op);
        send_body(op);
    } else {
        submit(op);
    }
}

/* The command counts as the core's until it is answered, lest the server stop before. */
static void finish(struct operation *op)
{
    struct rest *rest = op->rest;
    metric_set(&rest->metrics.in_core, --rest->in_core);
    command_deinit(&op->command);
}

/* True: there is more of it, for a later step. */
static bool take_step(struct operation *op)
{
    if (!write_body(op))
        return true;
    send_body(op);
    finish(op);
    return false;
}

static bool on_step(struct worker *worker)
{
    return take_step(ring_of(worker, struct operation, worker));
}

/* Pages may be large: they wait behind the work of others. */
static void succeed(struct operation *op)
{
    bool waits = op->command.verb == VERB_LIST && !work_is_free(op->rest->options.work);
    if (!waits && !take_step(op))
        return;
    worker_init(&op->worker, on_step);
    work_add(http_request_lane(op->request), &op->worker);
}

static void answer(struct letter *letter)
{
    struct operation *op = (struct operation *)letter;
    enum err e = op->command.err ? op->command.err : op->refused;
    if (op->command.err == ERR_AUTH)
        basic_log_gone(&op->rest->basic, &op->principal, op->request->address);
    if (!e) {
        succeed(op);
    } else {
        send_problem(op, e);
        finish(op);
    }
}

/* --- end --- */

void rest_end(struct http_request *request)
{
    const struct operation *op = request->user;
    struct rest *rest = op->rest;
    uint64_t took_ns = clock_monotonic_ns() - request->started_ns;
    metric_add(&rest->metrics.requests[op->endpoint_index][status_column(request->status)], 1);
    histogram_observe(&rest->metrics.latency_ns[op->endpoint_index], REST_NS_EXPONENT, took_ns);
    if (rest->options.access_log)
        record_request(rest->options.log, request, op->user, took_ns);
}

/* --- life --- */

struct rest *rest_new(const struct rest_options *options)
{
    struct rest *rest = mem_zalloc(1, sizeof *rest);
    for (size_t i = 0; i < endpoints_count(); i++) {
        const struct endpoint *endpoint = endpoints_get(i);
        rest->table[i] = (struct route){endpoint->method, endpoint->pattern, endpoint};
    }
    rest->options = *options;
    rest->routes = route_tree_new(rest->table);
    basic_init(&rest->basic, options->credentials, options->guesses, options->log);
    rest->context.options = &rest->options;
    credentials_seal_key(options->credentials, rest->context.seal_key);
    return rest;
}

void rest_free(struct rest *rest)
{
    route_tree_free(rest->routes);
    free(rest);
}

void rest_drain(struct rest *rest)
{
    rest->context.draining = true;
}

const struct rest_metrics *rest_metrics(const struct rest *rest)
{
    return &rest->metrics;
}

unsigned rest_status(size_t at)
{
    return statuses[at];
}
