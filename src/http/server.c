/* The listening socket, and the clocks: connections come in here and become channels (channel.c);
 * a janitor cuts those that are overdue (connection.c). */
#include "http/server.h"

#include "base/mem.h"
#include "http/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    ACCEPT_COST = 4096, /* as so many bytes: base/work.h */
    CLOSING_MAX = 64,   /* connections that were cut, and have not seen it yet */
    JANITOR_PERIOD_MAX_MS = 1000,
    PAUSE_MS = 50, /* when no connection can be accepted, for want of descriptors */
};

struct http_server {
    struct channels channels;
    size_t connections_max;
    uv_poll_t listening;
    uv_timer_t pause;
    uv_timer_t janitor;
    uv_timer_t draining;
    unsigned handles; /* not closed yet */
    void (*drained)(void *context);
    void *drained_context;
};

/* --- connections --- */

static void listen_again(struct http_server *server);

static void on_pause_over(uv_timer_t *timer)
{
    listen_again(timer->data);
}

static void stop_listening(struct http_server *server)
{
    uv_poll_stop(&server->listening);
    uv_timer_start(&server->pause, on_pause_over, PAUSE_MS, 0);
}

static bool is_full(const struct http_server *server)
{
    return server->channels.connections.count >= server->connections_max;
}

/* False: there is none, or it went away meanwhile. */
static bool accept_one(struct http_server *server, int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        channel_open(&server->channels, fd);
    else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
        stop_listening(server);
    return fd >= 0;
}

static void on_connections(uv_poll_t *poll, int status, int events)
{
    struct http_server *server = poll->data;
    struct work_slice slice = work_slice(server->channels.lanes.work);
    uv_os_fd_t listen_fd;
    (void)events;
    if (status < 0) {
        stop_listening(server);
        return;
    }
    uv_fileno((uv_handle_t *)poll, &listen_fd);
    while (!is_full(server) && accept_one(server, listen_fd) && work_goes_on(&slice, ACCEPT_COST))
        ;
    if (is_full(server))
        stop_listening(server);
}

static void listen_again(struct http_server *server)
{
    if (!server->channels.exchanges.draining)
        uv_poll_start(&server->listening, UV_READABLE, on_connections);
}

static void on_janitor(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    connections_visit(&server->channels.connections);
    lingerings_visit(&server->channels.lingerings);
}

/* --- life --- */

static void on_drained(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    void (*drained)(void *context) = server->drained;
    if (!drained || server->channels.exchanges.open)
        return;
    server->drained = NULL;
    drained(server->drained_context); /* may free the server */
}

static void on_changed(void *context)
{
    struct http_server *server = context;
    if (server->drained && server->channels.exchanges.open == 0)
        uv_timer_start(&server->draining, on_drained, 0, 0);
}

/* More would wait to be accepted; the places are what decides. */
static size_t count_connections(const struct places_options *places)
{
    size_t reserved = (PLACE_KINDS - 1) * (places->reserved_max + 1);
    return places->ordinary_max + reserved + CLOSING_MAX;
}

static unsigned janitor_period_ms(const struct http_options *options)
{
    unsigned shortest = options->idle_timeout_ms < options->request_timeout_ms
                            ? options->idle_timeout_ms
                            : options->request_timeout_ms;
    unsigned period = shortest / 4 < JANITOR_PERIOD_MAX_MS ? shortest / 4 : JANITOR_PERIOD_MAX_MS;
    return period ? period : 1;
}

static void init_timers(struct http_server *server, uv_loop_t *loop,
                        const struct http_options *options)
{
    unsigned period_ms = janitor_period_ms(options);
    uv_timer_init(loop, &server->pause);
    uv_timer_init(loop, &server->janitor);
    uv_timer_init(loop, &server->draining);
    server->pause.data = server->janitor.data = server->draining.data = server;
    server->handles = 4;
    uv_timer_start(&server->janitor, on_janitor, period_ms, period_ms);
}

enum err http_server_new(struct http_server **out, uv_loop_t *loop, int listen_fd,
                         const struct http_options *options, const struct http_handler *handler,
                         struct why *why)
{
    struct http_server *server = mem_zalloc(1, sizeof *server);
    if (uv_poll_init(loop, &server->listening, listen_fd) != 0) {
        why_set(why, "cannot wait for connections");
        free(server);
        return ERR_CONFIG;
    }
    struct channels *channels = &server->channels;
    channels->head_size_max = options->head_size_max;
    channels->changed = on_changed;
    channels->context = server;
    exchanges_init(&channels->exchanges, handler, options->body_size_max);
    connections_init(&channels->connections, loop, options->idle_timeout_ms,
                     options->request_timeout_ms, &options->places);
    channels_init(channels, loop, options->work);
    server->connections_max = count_connections(&options->places);
    server->listening.data = server;
    init_timers(server, loop, options);
    listen_again(server);
    *out = server;
    return OK;
}

void http_server_flush(struct http_server *server)
{
    channels_flush(&server->channels);
}

void http_server_drain(struct http_server *server, void (*drained)(void *context), void *context)
{
    server->drained = drained;
    server->drained_context = context;
    server->channels.exchanges.draining = true;
    uv_poll_stop(&server->listening);
    connections_shut_idle(&server->channels.connections);
    on_changed(server);
}

size_t http_server_connections(const struct http_server *server)
{
    return server->channels.connections.count;
}

const struct places_metrics *http_server_places(const struct http_server *server)
{
    return &server->channels.connections.places.metrics;
}

size_t http_server_requests(const struct http_server *server)
{
    return server->channels.exchanges.open;
}

static void on_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles == 0)
        free(server);
}

void http_server_free(struct http_server *server)
{
    assert(server->channels.exchanges.unanswered == 0);
    server->drained = NULL;
    channels_deinit(&server->channels);
    uv_close((uv_handle_t *)&server->listening, on_closed);
    uv_close((uv_handle_t *)&server->pause, on_closed);
    uv_close((uv_handle_t *)&server->janitor, on_closed);
    uv_close((uv_handle_t *)&server->draining, on_closed);
}
