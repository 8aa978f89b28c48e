/* The way of a request: begin (which path, who asks) ... handle (fields; the core, when it must
 * say whether a key or a service is there) ... respond. Nobody learns more of a path than that it
 * is there before having been let in. */
#include "console/console.h"

#include "base/clock.h"
#include "base/mem.h"
#include "console/asset.h"
#include "console/census.h"
#include "console/guard.h"
#include "console/pass.h"
#include "console/static_files.h"
#include "http/record.h"
#include "http/site.h"
#include "sync/loop.h"

#include <assert.h>
#include <stdlib.h>

enum { IN_CORE_MAX = 256, FIELD_DEPTH_MAX = 8, BODY_SIZE_MAX = 4096 };

struct console {
    struct console_options options;
    struct basic basic;
    struct census_station station;
    size_t in_core;
};

/* --- what there is --- */

static void about(struct visit *visit)
{
    const struct console_options *options = visit->options;
    struct buf body;
    buf_init(&body, BODY_SIZE_MAX);
    buf_addf(&body, "{\"version\":\"%s\",\"development\":%s,\"read_only\":%s}", TUTTI_VERSION,
             options->development ? "true" : "false", options->read_only ? "true" : "false");
    visit_reply_json(visit, 200, &body);
    buf_deinit(&body);
}

static void session(struct visit *visit)
{
    const struct credentials *credentials = visit->options->credentials;
    struct buf body;
    buf_init(&body, BODY_SIZE_MAX);
    buf_add_lit(&body, "{\"account_sid\":");
    buf_add_json(&body, str_from(credentials->account_sid));
    buf_add_lit(&body, ",\"auth_token\":");
    buf_add_json(&body, str_from(credentials->auth_token));
    buf_add_char(&body, '}');
    visit_reply_json(visit, 200, &body);
    buf_deinit(&body);
}

static void connections(struct visit *visit)
{
    census_start(&visit->console->station, visit);
}

static const struct entrance entrances[] = {
    {STR_INIT("/console/about"), "GET", GATE_OPEN, NULL, about},
    {STR_INIT("/console/connections"), "GET", GATE_SIGNED_IN, NULL, connections},
    {STR_INIT("/console/session"), "GET", GATE_LOCAL, NULL, session},
    {STR_INIT("/console/tokens"), "POST", GATE_SIGNED_IN, pass_prepare, pass_respond},
    {STR_INIT("/demo/tokens"), "POST", GATE_LOCAL, pass_prepare_visitor, pass_respond},
};

static const struct entrance *find_entrance(const struct console *console, struct str path)
{
    for (size_t i = 0; i < sizeof entrances / sizeof *entrances; i++)
        if (str_eq(entrances[i].path, path))
            return entrances[i].gate == GATE_LOCAL && !console->options.development ? NULL
                                                                                    : &entrances[i];
    return NULL;
}

static bool wants_static(const struct console *console, struct str path)
{
    return console->options.static_folder && static_files_has_path(path);
}

bool console_wants(const struct console *console, const struct http_request *request)
{
    struct str path = request->path;
    return console->options.on && (str_eq(path, STR("/")) || str_starts(path, STR("/console/")) ||
                                   str_starts(path, STR("/demo/")) ||
                                   str_starts(path, STR("/sdk/")) || wants_static(console, path));
}

/* --- begin --- */

static void answer(struct letter *letter);

static struct visit *new_visit(struct console *console, struct http_request *request)
{
    struct visit *visit = arena_alloc(&request->arena, sizeof *visit);
    memset(visit, 0, sizeof *visit);
    visit->console = console;
    visit->options = &console->options;
    visit->request = request;
    visit->command.letter.arrive = answer;
    visit->command.port = console->options.port;
    visit->command.identity = STR("system");
    visit->command.verb = VERB_CHECK;
    ring_init(&visit->waiting);
    request->user = visit;
    return visit;
}

static bool takes_method(const struct http_request *request, const char *method)
{
    if (strcmp(method, "GET") == 0)
        return request->method == HTTP_GET || request->method == HTTP_HEAD;
    return str_eq(request->method_name, str_from(method));
}

static bool is_at_home(const struct visit *visit)
{
    struct http_request *request = visit->request;
    struct guard_request asked = {
        .local = http_request_is_local(request) && http_request_is_own_user(request),
        .host = http_request_header(request, STR("Host")),
        .origin = http_request_header(request, STR("Origin")),
        .fetch_site = http_request_header(request, STR("Sec-Fetch-Site")),
        .forwarded = request->is_http_1_0 || http_request_header(request, STR("Forwarded")).ptr ||
                     http_request_header(request, STR("Via")).ptr ||
                     http_request_header(request, STR("X-Forwarded-For")).ptr ||
                     http_request_header(request, STR("X-Forwarded-Host")).ptr ||
                     http_request_header(request, STR("X-Forwarded-Proto")).ptr ||
                     http_request_header(request, STR("X-Real-IP")).ptr,
    };
    return visit->options->development && guard_admits(&asked);
}

static bool is_foreign(const struct visit *visit)
{
    struct site_request asked = {
        .host = http_request_header(visit->request, STR("Host")),
        .origin = http_request_header(visit->request, STR("Origin")),
        .fetch_site = http_request_header(visit->request, STR("Sec-Fetch-Site")),
    };
    return site_is_foreign(&asked, (struct str){0});
}

/* These paths are for the server's own pages. */
static enum err check_credentials(struct visit *visit)
{
    struct str header = http_request_header(visit->request, STR("Authorization"));
    if (!header.ptr && is_at_home(visit))
        return OK;
    struct basic_attempt attempt = {
        .header = header,
        .address = visit->request->address,
        .network = http_request_network(visit->request),
        .now_ns = visit->request->started_ns,
    };
    enum err e = basic_check(&visit->console->basic, &attempt, &visit->principal);
    visit->pause_s = attempt.pause_s;
    if (e)
        return e;
    visit->user = basic_user(&visit->console->basic, &visit->principal);
    if (visit->principal.key[0])
        visit->command.key = visit->user;
    return is_foreign(visit) ? ERR_FOREIGN_SITE : OK;
}

static enum err check_gate(struct visit *visit)
{
    switch (visit->entrance->gate) {
    case GATE_OPEN:
        break;
    case GATE_SIGNED_IN:
        return check_credentials(visit);
    case GATE_LOCAL:
        return is_at_home(visit) ? OK : ERR_ELSEWHERE;
    }
    return OK;
}

static bool is_type(struct str type, struct str wanted)
{
    return str_eq_nocase(str_trim(str_split(&type, ';')), wanted);
}

static bool is_json(const struct visit *visit)
{
    return is_type(http_request_header(visit->request, STR("Content-Type")),
                   STR("application/json"));
}

/* No media type at all counts as a form, as in REST. */
static enum err check_body(const struct visit *visit)
{
    struct str type = http_request_header(visit->request, STR("Content-Type"));
    if (!visit->request->has_body)
        return OK;
    if (visit->request->content_length > visit->options->body_size_max)
        return ERR_BODY_LARGE;
    bool readable =
        !type.ptr || is_json(visit) || is_type(type, STR("application/x-www-form-urlencoded"));
    return readable || !visit->entrance->prepare ? OK : ERR_MEDIA_TYPE;
}

static enum err check_method(struct visit *visit, const char *method)
{
    if (takes_method(visit->request, method))
        return OK;
    visit_add_header(visit, "Allow", strcmp(method, "GET") == 0 ? "GET, HEAD" : method);
    return ERR_METHOD;
}

static void begin_file(struct visit *visit, const struct file *file)
{
    enum err e = check_method(visit, "GET");
    if (e)
        visit_refuse(visit, e);
    else
        asset_reply(visit, file);
}

static void begin_static(struct visit *visit)
{
    enum err e = check_method(visit, "GET");
    if (!e && !is_at_home(visit))
        e = ERR_ELSEWHERE;
    if (e)
        visit_refuse(visit, e);
    else
        static_files_reply(visit, visit->options->static_folder);
}

static void begin_entrance(struct visit *visit)
{
    enum err e = check_method(visit, visit->entrance->method);
    if (!e)
        e = check_gate(visit);
    if (!e)
        e = check_body(visit);
    if (e)
        visit_refuse(visit, e);
}

void console_begin(struct console *console, struct http_request *request)
{
    struct visit *visit = new_visit(console, request);
    const struct file *file = files_find(request->path);
    visit->entrance = find_entrance(console, request->path);
    if (file) {
        begin_file(visit, file);
    } else if (visit->entrance) {
        begin_entrance(visit);
    } else if (wants_static(console, request->path)) {
        begin_static(visit);
    } else {
        why_set(&visit->why, "%.*s", STR_ARG(request->path));
        visit_refuse(visit, ERR_ROUTE);
    }
}

/* --- handle --- */

static enum err read_fields(struct visit *visit)
{
    struct http_request *request = visit->request;
    if (request->body_too_large)
        return ERR_BODY_LARGE;
    if (!request->body.len)
        return OK;
    if (is_json(visit))
        return fields_parse_json(request->body, FIELD_DEPTH_MAX, &request->arena, &visit->fields,
                                 &visit->why);
    return fields_parse_form(request->body, &request->arena, &visit->fields, &visit->why);
}

static void submit(struct visit *visit)
{
    struct console *console = visit->console;
    if (console->in_core >= IN_CORE_MAX) {
        visit_refuse(visit, ERR_BUSY);
        return;
    }
    console->in_core++;
    console->options.submit(console->options.context, &visit->command);
}

void console_handle(struct http_request *request)
{
    struct visit *visit = request->user;
    const struct entrance *entrance = visit->entrance;
    enum err e = OK;
    if (entrance->prepare)
        e = read_fields(visit);
    if (!e && entrance->prepare)
        e = entrance->prepare(visit);
    if (e)
        visit_refuse(visit, e);
    else if (visit->command.verb != VERB_CHECK || visit->command.key.ptr)
        submit(visit);
    else
        entrance->respond(visit);
}

static void answer(struct letter *letter)
{
    struct visit *visit = (struct visit *)letter;
    visit->console->in_core--;
    if (visit->command.err == ERR_AUTH)
        basic_log_gone(&visit->console->basic, &visit->principal, visit->request->address);
    if (visit->command.err)
        visit_refuse(visit, visit->command.err);
    else
        visit->entrance->respond(visit);
    command_deinit(&visit->command);
}

void console_end(struct http_request *request)
{
    const struct visit *visit = request->user;
    if (visit->options->access_log)
        record_request(visit->options->log, request, visit->user,
                       clock_monotonic_ns() - request->started_ns);
}

/* --- life --- */

struct console *console_new(const struct console_options *options)
{
    struct console *console = mem_zalloc(1, sizeof *console);
    console->options = *options;
    basic_init(&console->basic, options->credentials, options->guesses, options->log);
    census_init(&console->station, &console->options);
    return console;
}

void console_free(struct console *console)
{
    assert(ring_is_empty(&console->station.waiting) && console->in_core == 0);
    free(console);
}

void console_join(struct console *console, struct console *next)
{
    console->station.next = &next->station;
}

void console_drain(struct console *console)
{
    census_drain(&console->station);
}

size_t console_in_core(const struct console *console)
{
    return console->in_core;
}

bool console_discard(struct letter *letter)
{
    return census_discard(letter);
}
