/* How a byte comes in and a reply goes out:
 *
 * libmicrohttpd's sockets are in its own epoll set, and that set is one descriptor in the
 * caller's loop. Whenever it is readable libmicrohttpd runs, and calls back: a connection, a
 * request line, headers, body, the end of a request. All but connections is exchange.c's
 * business. A reply that comes later is found by the next run, which is what
 * http_server_flush is for.
 *
 * libmicrohttpd's own timeouts are for inactivity only, so a client that sends a byte now and
 * then lives for ever; here a janitor cuts by deadlines (connection.c) instead. */
#include "http/server.h"

#include "base/mem.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/lingering.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

enum {
    CLOSING_MAX = 64, /* connections that were cut, and libmicrohttpd has not closed yet */
    RUNS_MAX = 8,     /* in a row: others wait for the loop too */
    JANITOR_PERIOD_MAX_MS = 1000,
    POLL_PERIOD_MS = 1, /* while libmicrohttpd has work, but nothing moves */
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct exchanges exchanges;
    struct connections connections;
    struct lingerings lingerings;
    uv_poll_t poll;
    uv_timer_t again;
    uv_timer_t janitor;
    unsigned handles; /* not closed yet */
    bool running;     /* inside MHD_run */
    bool has_room;    /* a connection was closed: the next run may listen again */
    void (*drained)(void *context);
    void *drained_context;
};

static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return exchange_new(&server->exchanges, info->socket_context, mhd, target);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **exchange)
{
    (void)context;
    (void)mhd;
    return exchange_advance(*exchange, method, url, version, upload, upload_size);
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **exchange,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)mhd;
    (void)code;
    if (*exchange)
        exchange_close(*exchange);
    *exchange = NULL;
}

static size_t on_unescape(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

static bool has_unread_bytes(const struct connection *connection)
{
    int count = 0;
    return connection->unread || (ioctl(connection->fd, FIONREAD, &count) == 0 && count > 0);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = connection_open(&server->connections, info->connect_fd);
        server->exchanges.moved = true;
        return;
    }
    struct connection *connection = *socket_context;
    /* Of these, too, libmicrohttpd 0.9.75 tells on_completed before it comes here. With one that
     * does not the request must not stay open. */
    if (connection->given_away)
        exchange_close(connection->given_away);
    if (connection->await != AWAIT_CLOSE && has_unread_bytes(connection))
        lingering_start(&server->lingerings, connection->fd);
    connection_close(connection);
    server->has_room = true;
}

/* Does libmicrohttpd claim to have something to do? */
static bool has_work(const struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    return MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES;
}

/* While exchanges are polled it always does; then only what moved in its last run makes
 * another one worth while. */
static bool should_run(const struct http_server *server)
{
    bool moving = server->exchanges.moved || server->exchanges.polled == 0;
    return server->has_room || (moving && has_work(server));
}

static bool is_drained(const struct http_server *server)
{
    return server->drained && server->exchanges.open == 0;
}

static void on_again(uv_timer_t *timer);

/* Come back at once while something moves, a little later when it might. */
static void arm(struct http_server *server)
{
    if (should_run(server) || is_drained(server))
        uv_timer_start(&server->again, on_again, 0, 0);
    else if (!has_work(server))
        uv_timer_stop(&server->again);
    else if (!uv_is_active((uv_handle_t *)&server->again))
        uv_timer_start(&server->again, on_again, POLL_PERIOD_MS, 0);
}

static void run(struct http_server *server)
{
    struct exchanges *exchanges = &server->exchanges;
    if (server->running)
        return;
    server->running = true;
    exchanges_end_lost(exchanges);
    for (unsigned runs = 0; runs == 0 || (runs < RUNS_MAX && should_run(server)); runs++) {
        exchanges->moved = server->has_room = false;
        exchanges->run++;
        MHD_run(server->daemon);
        server->has_room = exchanges_let_go(exchanges) || server->has_room;
    }
    server->running = false;
    arm(server);
}

static void report_drained(struct http_server *server)
{
    void (*drained)(void *context) = server->drained;
    if (!is_drained(server))
        return;
    server->drained = NULL;
    uv_timer_stop(&server->again);
    drained(server->drained_context); /* may free the server */
}

static void on_again(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    run(server);
    report_drained(server);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_janitor(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    connections_visit(&server->connections);
    lingerings_visit(&server->lingerings);
}

/* More would wait to be accepted; the places are what decides. */
static unsigned connections_max(const struct places_options *places)
{
    size_t reserved = (PLACE_KINDS - 1) * (places->reserved_max + 1);
    return (unsigned)(places->ordinary_max + reserved + CLOSING_MAX);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int listen_fd,
                                       const struct http_options *options)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
                                MHD_ALLOW_UPGRADE,
                            0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, listen_fd,
                            MHD_OPTION_CONNECTION_LIMIT, connections_max(&options->places),
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory,
                            MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_UNESCAPE_CALLBACK,
                            on_unescape, server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
}

static unsigned janitor_period_ms(const struct http_options *options)
{
    unsigned shortest = options->idle_timeout_ms < options->request_timeout_ms
                            ? options->idle_timeout_ms
                            : options->request_timeout_ms;
    unsigned period = shortest / 4 < JANITOR_PERIOD_MAX_MS ? shortest / 4 : JANITOR_PERIOD_MAX_MS;
    return period ? period : 1;
}

static void start_handles(struct http_server *server, uv_loop_t *loop,
                          const struct http_options *options)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    unsigned period_ms = janitor_period_ms(options);
    int e = uv_poll_init(loop, &server->poll, info->epoll_fd);
    assert(e == 0);
    uv_timer_init(loop, &server->again);
    uv_timer_init(loop, &server->janitor);
    server->poll.data = server->again.data = server->janitor.data = server;
    server->handles = 3;
    uv_poll_start(&server->poll, UV_READABLE, on_readable);
    uv_timer_start(&server->janitor, on_janitor, period_ms, period_ms);
}

enum err http_server_new(struct http_server **out, uv_loop_t *loop, int listen_fd,
                         const struct http_options *options, const struct http_handler *handler,
                         struct why *why)
{
    struct http_server *server = mem_zalloc(1, sizeof *server);
    exchanges_init(&server->exchanges, handler, options->body_size_max);
    connections_init(&server->connections, loop, options->idle_timeout_ms,
                     options->request_timeout_ms, &options->places);
    lingerings_init(&server->lingerings, loop);
    server->daemon = start_daemon(server, listen_fd, options);
    if (!server->daemon) {
        why_set(why, "libmicrohttpd does not start: %s", strerror(errno));
        exchanges_deinit(&server->exchanges);
        free(server);
        return ERR_CONFIG;
    }
    start_handles(server, loop, options);
    run(server); /* it puts the listening socket into its epoll set */
    *out = server;
    return OK;
}

void http_server_flush(struct http_server *server)
{
    run(server);
}

void http_server_drain(struct http_server *server, void (*drained)(void *context), void *context)
{
    server->drained = drained;
    server->drained_context = context;
    server->exchanges.draining = true;
    MHD_quiesce_daemon(server->daemon);
    connections_shut_idle(&server->connections);
    arm(server);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections.count;
}

const struct places_metrics *http_server_places(const struct http_server *server)
{
    return &server->connections.places.metrics;
}

size_t http_server_requests(const struct http_server *server)
{
    return server->exchanges.open;
}

static void on_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles == 0)
        free(server);
}

void http_server_free(struct http_server *server)
{
    assert(server->exchanges.unanswered == 0);
    uv_close((uv_handle_t *)&server->poll, on_closed);
    uv_close((uv_handle_t *)&server->again, on_closed);
    uv_close((uv_handle_t *)&server->janitor, on_closed);
    MHD_quiesce_daemon(server->daemon); /* or it would close the caller's socket */
    MHD_stop_daemon(server->daemon);
    exchanges_end_lost(&server->exchanges);
    exchanges_deinit(&server->exchanges);
    lingerings_deinit(&server->lingerings);
}
