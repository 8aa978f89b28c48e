/* The way of a connection: asked for over HTTP (realtime_connect), answered with 101, handed over
 * with its socket (on_upgraded) to a session. */
#include "realtime/realtime.h"

#include "base/mem.h"
#include "dialect/base_url.h"
#include "dialect/problem.h"
#include "realtime/client.h"
#include "realtime/connection_list.h"
#include "session/janitor.h"
#include "subscription/broadcast.h"
#include "sync/feed.h"
#include "ws/handshake.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

/* A stranger may send the largest packet a few times; this is for all the rest, too. */
enum { CLOSE_TIMEOUT_MS = 2000, REFUSAL_SIZE_MAX = 4096, STRANGER_PACKETS_WORTH = 8 };

struct realtime {
    struct realtime_options options;
    struct realtime_metrics metrics;
    struct websockets *sockets;
    struct client_context clients;
    struct session_table sessions;
    struct janitor janitor;
};

/* --- connections --- */

bool realtime_wants(const struct http_request *request)
{
    return request->method == HTTP_GET && str_eq(request->path, STR("/v3/wsconnect"));
}

static struct str find_base(const struct realtime *realtime, struct http_request *request)
{
    return base_url_of(realtime->options.public_url, realtime->options.address,
                       http_request_header(request, STR("Host")), &request->arena);
}

static void refuse(struct realtime *realtime, struct http_request *request, enum err err)
{
    const struct problem *problem = problem_find(err, 0);
    struct http_header later = {.name = "Retry-After", .value = "1"};
    struct buf body;
    buf_init(&body, REFUSAL_SIZE_MAX);
    problem_write(problem, "", find_base(realtime, request), &body);
    struct http_reply reply = {
        .status = problem->status,
        .content_type = "application/json; charset=utf-8",
        .headers = &later,
        .body = &body,
    };
    http_reply(request, &reply);
    buf_deinit(&body);
}

/* RFC 6455 section 4.4: with 426 the version that would do. */
static void refuse_handshake(struct http_request *request, unsigned status)
{
    struct http_header version = {.name = "Sec-WebSocket-Version", .value = "13"};
    struct http_header upgrade = {.next = &version, .name = "Upgrade", .value = "websocket"};
    struct buf body;
    buf_init(&body, REFUSAL_SIZE_MAX);
    buf_add_lit(&body, "This is where WebSockets (RFC 6455, version 13) are opened.\n");
    struct http_reply reply = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .headers = status == 426 ? &upgrade : NULL,
        .body = &body,
    };
    http_reply(request, &reply);
    buf_deinit(&body);
}

static void answer_handshake(const struct realtime *realtime, struct http_request *request,
                             struct handshake *handshake)
{
    struct handshake_request asked = {
        .host = http_request_header(request, STR("Host")),
        .upgrade = http_request_header(request, STR("Upgrade")),
        .connection = http_request_header(request, STR("Connection")),
        .version = http_request_header(request, STR("Sec-WebSocket-Version")),
        .key = http_request_header(request, STR("Sec-WebSocket-Key")),
        .extensions = http_request_header(request, STR("Sec-WebSocket-Extensions")),
    };
    handshake_answer(&asked, realtime->options.compression, handshake);
}

static void on_upgraded(void *context, int fd, struct str early)
{
    session_attach(context, fd, early);
}

static void upgrade(struct realtime *realtime, struct http_request *request,
                    const struct handshake *handshake)
{
    struct http_header extensions = {
        .name = "Sec-WebSocket-Extensions",
        .value = HANDSHAKE_EXTENSIONS,
    };
    struct http_header accept = {
        .next = handshake->deflate ? &extensions : NULL,
        .name = "Sec-WebSocket-Accept",
        .value = handshake->accept,
    };
    struct http_header upgrade = {.next = &accept, .name = "Upgrade", .value = "websocket"};
    struct session *session = session_new(&realtime->sessions, find_base(realtime, request),
                                          http_request_network(request), handshake->deflate);
    if (session)
        http_upgrade(request, &upgrade, on_upgraded, session);
    else
        refuse(realtime, request, ERR_RATE);
}

/* For another client; that there still is when it shows its token is another question. */
static bool has_room(struct realtime *realtime)
{
    const struct session_options *options = &realtime->options.session;
    bool full = atomic_load(options->sessions) >= options->sessions_max;
    if (full)
        metric_add(&realtime->metrics.session.full, 1);
    return !full && !realtime->sessions.draining;
}

void realtime_connect(struct realtime *realtime, struct http_request *request)
{
    struct handshake handshake;
    answer_handshake(realtime, request, &handshake);
    if (request->has_body)
        refuse_handshake(request, 400);
    else if (handshake.status != 101)
        refuse_handshake(request, handshake.status);
    else if (!has_room(realtime))
        refuse(realtime, request, ERR_BUSY);
    else
        upgrade(realtime, request, &handshake);
}

/* --- the core --- */

static void hear_key(struct realtime *realtime, const struct change *change)
{
    struct sid sid = sid_of(change);
    if (change_is_removal(change))
        janitor_end_signed(&realtime->sessions, sid_str(&sid));
}

static void hear_service(struct realtime *realtime, const struct change *change)
{
    if (change_is_removal(change))
        janitor_end_of(&realtime->sessions, change->id);
    else if (change->type == CHANGE_UPDATED)
        broadcast_recheck(&realtime->clients.subscriptions, change->id);
}

void realtime_hear(struct realtime *realtime, const struct notice *notice)
{
    if (notice->change->kind == KIND_KEY)
        hear_key(realtime, notice->change);
    else if (notice->change->kind == KIND_SERVICE)
        hear_service(realtime, notice->change);
    else
        broadcast_hear(&realtime->clients.subscriptions, notice);
}

/* --- life --- */

struct realtime *realtime_new(const struct realtime_options *options)
{
    struct realtime *realtime = mem_zalloc(1, sizeof *realtime);
    size_t stranger_size_max = options->init_packet_size_max < options->packet_size_max
                                   ? options->init_packet_size_max
                                   : options->packet_size_max;
    struct websocket_options sockets = {
        .work = options->session.work,
        .message_size_max = options->packet_size_max,
        .untrusted_size_max = stranger_size_max,
        .untrusted_bytes_max = STRANGER_PACKETS_WORTH * stranger_size_max,
        .close_timeout_ms = CLOSE_TIMEOUT_MS,
    };
    realtime->options = *options;
    realtime->sockets = websockets_new(options->session.loop, &sockets);
    session_table_init(&realtime->sessions, &realtime->options.session, &realtime->metrics.session,
                       realtime->sockets, &client_handler, &realtime->clients);
    client_context_init(&realtime->clients, &realtime->options, &realtime->metrics,
                        &realtime->sessions.core);
    janitor_init(&realtime->janitor, &realtime->sessions);
    return realtime;
}

static void on_closed(struct janitor *janitor)
{
    free((char *)janitor - offsetof(struct realtime, janitor));
}

void realtime_free(struct realtime *realtime)
{
    client_context_deinit(&realtime->clients);
    session_table_deinit(&realtime->sessions);
    websockets_free(realtime->sockets);
    janitor_deinit(&realtime->janitor, on_closed);
}

bool realtime_add_connections(const struct realtime *realtime, size_t *room, struct buf *out)
{
    return connection_list_add(&realtime->sessions, room, out);
}

void realtime_drain(struct realtime *realtime)
{
    janitor_drain(&realtime->sessions);
}

bool realtime_is_drained(const struct realtime *realtime)
{
    return realtime->sessions.draining && !realtime->sessions.count &&
           !realtime->sessions.core.in_core;
}

void realtime_abort_all(struct realtime *realtime)
{
    janitor_abort_all(&realtime->sessions);
}

struct session_table *realtime_sessions(struct realtime *realtime)
{
    return &realtime->sessions;
}

const struct realtime_metrics *realtime_metrics(const struct realtime *realtime)
{
    return &realtime->metrics;
}

const struct websocket_metrics *realtime_websocket_metrics(const struct realtime *realtime)
{
    return websockets_metrics(realtime->sockets);
}
