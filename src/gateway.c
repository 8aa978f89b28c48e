/* How requests and answers cross: while the loop turns, commands gather in `outgoing`; before
 * it sleeps, and before it steps those with much to do, they are evaluated right here, or go to the
 * core's thread in one push when somebody else has the turn. Letters, which are answers and
 * notices, come into the port's queue, whose wake-up runs on_wake, which opens all of them and
 * sends in one go. */
#include "gateway.h"

#include "base/mem.h"
#include "refusal.h"
#include "work_loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    SAMPLE_MS = 1000,
    DRAIN_CHECK_MS = 10,
    ROUNDS_MAX = 8, /* of commands and answers in a row: the loop has others to serve */
};

struct gateway {
    struct gateway_options options;
    uv_loop_t uv;
    uv_async_t wake;
    struct work_loop work;
    uv_timer_t drain_timer;
    uv_timer_t sample_timer;
    struct port port;
    struct chain outgoing;
    struct http_server *http;
    struct rest *rest;
    struct realtime *realtime;
    struct console *console;
    struct metric connections;
    pthread_t thread;
    bool started;
    bool draining;
    bool http_drained;
    uint64_t drain_until_ms;
    bool drained;
    _Atomic bool stopping;
};

static void submit(void *context, struct command *command)
{
    struct gateway *gateway = context;
    chain_add(&gateway->outgoing, &command->letter.node);
}

static void open_letters(struct gateway *gateway, struct chain *letters)
{
    struct node *node;
    while ((node = chain_shift(letters))) {
        struct letter *letter = (struct letter *)node;
        letter->arrive(letter);
    }
    http_server_flush(gateway->http);
}

static void open_all(struct gateway *gateway)
{
    struct chain letters = queue_take(gateway->port.queue);
    if (letters.first)
        open_letters(gateway, &letters);
}

static bool enrol(void *context, size_t *room, struct buf *out)
{
    return realtime_add_connections(((const struct gateway *)context)->realtime, room, out);
}

static bool evaluate_outgoing(struct gateway *gateway)
{
    struct chain letters;
    bool done = gateway->outgoing.first &&
                loop_evaluate(gateway->options.loop, &gateway->port, &gateway->outgoing, &letters);
    if (done && letters.first)
        open_letters(gateway, &letters);
    return done;
}

/* Look once more before handing over: under load that makes fewer and larger batches. */
static void hand_over(void *context)
{
    struct gateway *gateway = context;
    if (!gateway->outgoing.first)
        return;
    work_begin_turn(&gateway->work.queue);
    http_server_flush(gateway->http);
    for (int i = 0; i < ROUNDS_MAX && evaluate_outgoing(gateway); i++)
        ;
    loop_submit(gateway->options.loop, &gateway->outgoing);
}

/* Workers have replied, too. */
static void before_sleep(void *context)
{
    struct gateway *gateway = context;
    http_server_flush(gateway->http);
    hand_over(context);
}

static void on_http_drained(void *context)
{
    ((struct gateway *)context)->http_drained = true;
}

/* Commands in the core's hands must come back before anything is freed. */
static void on_drain_check(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    bool late = uv_now(&gateway->uv) >= gateway->drain_until_ms;
    if (late)
        realtime_abort_all(gateway->realtime);
    bool core_done = metric_get(&rest_metrics(gateway->rest)->in_core) == 0 &&
                     console_in_core(gateway->console) == 0;
    bool http_done = gateway->http_drained || (late && core_done);
    if (!http_done || !realtime_is_drained(gateway->realtime))
        return;
    gateway->drained = true;
    uv_stop(&gateway->uv);
}

static void start_draining(struct gateway *gateway)
{
    gateway->draining = true;
    gateway->drain_until_ms = uv_now(&gateway->uv) + gateway->options.drain_timeout_ms;
    rest_drain(gateway->rest);
    realtime_drain(gateway->realtime);
    console_drain(gateway->console);
    http_server_flush(gateway->http);
    http_server_drain(gateway->http, on_http_drained, gateway);
    uv_timer_start(&gateway->drain_timer, on_drain_check, 0, DRAIN_CHECK_MS);
}

static void on_wake(uv_async_t *handle)
{
    struct gateway *gateway = handle->data;
    work_begin_turn(&gateway->work.queue);
    open_all(gateway);
    if (atomic_load(&gateway->stopping) && !gateway->draining)
        start_draining(gateway);
}

static void on_sample(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    metric_set(&gateway->connections, http_server_connections(gateway->http));
}

static void wake(void *context)
{
    uv_async_send(context);
}

static void hear(struct letter *letter)
{
    struct delivery *delivery = (struct delivery *)letter;
    struct gateway *gateway = delivery->port->context;
    realtime_hear(gateway->realtime, &delivery->notice);
    delivery_free(delivery);
}

/* --- one HTTP front: the requests of clients have no `user`, those of the console are known by
 * their paths, all others are REST's --- */

static void begin(void *context, struct http_request *request)
{
    struct gateway *gateway = context;
    work_begin_turn(&gateway->work.queue);
    if (refusal_is_due(request))
        refusal_send(request, &gateway->options.rest);
    else if (realtime_wants(request))
        realtime_connect(gateway->realtime, request);
    else if (console_wants(gateway->console, request))
        console_begin(gateway->console, request);
    else
        rest_begin(gateway->rest, request);
}

static void handle(void *context, struct http_request *request)
{
    const struct gateway *gateway = context;
    if (refusal_is_due(request))
        return;
    if (console_wants(gateway->console, request))
        console_handle(request);
    else if (request->user)
        rest_handle(request);
}

static void end(void *context, struct http_request *request)
{
    const struct gateway *gateway = context;
    if (refusal_is_due(request))
        return;
    if (console_wants(gateway->console, request))
        console_end(request);
    else if (request->user)
        rest_end(request);
}

static void refuse(void *context, struct http_request *request, enum http_fault fault)
{
    const struct gateway *gateway = context;
    refusal_send_fault(request, fault, &gateway->options.rest);
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void init_handles(struct gateway *gateway)
{
    struct work_loop_hooks hooks = {hand_over, before_sleep, gateway};
    uv_loop_init(&gateway->uv);
    uv_async_init(&gateway->uv, &gateway->wake, on_wake);
    work_loop_init(&gateway->work, &gateway->uv, &gateway->options.work, &hooks);
    uv_timer_init(&gateway->uv, &gateway->drain_timer);
    uv_timer_init(&gateway->uv, &gateway->sample_timer);
    gateway->wake.data = gateway;
    gateway->drain_timer.data = gateway->sample_timer.data = gateway;
    uv_timer_start(&gateway->sample_timer, on_sample, 0, SAMPLE_MS);
}

static void make_dialects(struct gateway *gateway)
{
    struct gateway_options *options = &gateway->options;
    gateway->port = (struct port){
        .queue = queue_new(wake, &gateway->wake),
        .hear = hear,
        .context = gateway,
    };
    options->rest.port = options->realtime.session.port = options->console.port = &gateway->port;
    options->rest.submit = options->realtime.session.submit = options->console.submit = submit;
    options->rest.context = options->realtime.session.context = options->console.context = gateway;
    options->console.enrol = enrol;
    options->realtime.session.loop = &gateway->uv;
    options->realtime.session.work = options->http.work = options->rest.work = &gateway->work.queue;
    gateway->rest = rest_new(&options->rest);
    gateway->realtime = realtime_new(&options->realtime);
    gateway->console = console_new(&options->console);
    loop_follow(options->loop, FEED_ACCOUNT, &gateway->port);
}

enum err gateway_new(struct gateway **made, const struct gateway_options *options, struct why *why)
{
    struct gateway *gateway = mem_zalloc(1, sizeof *gateway);
    gateway->options = *options;
    init_handles(gateway);
    make_dialects(gateway);
    struct http_handler handler = {begin, handle, end, refuse, gateway};
    enum err e = http_server_new(&gateway->http, &gateway->uv, options->listen_fd,
                                 &gateway->options.http, &handler, why);
    if (e) {
        gateway_free(gateway);
        return e;
    }
    *made = gateway;
    return OK;
}

/* Owns the connections, the dialects and the commands that are not in the core's hands. */
static void *run(void *context)
{
    struct gateway *gateway = context;
    pthread_setname_np(pthread_self(), "gateway");
    while (!gateway->drained)
        uv_run(&gateway->uv, UV_RUN_DEFAULT);
    return NULL;
}

void gateway_join_ring(struct gateway *gateway, const struct gateway *next)
{
    console_join(gateway->console, next->console);
}

enum err gateway_start(struct gateway *gateway, struct why *why)
{
    if (pthread_create(&gateway->thread, NULL, run, gateway) != 0) {
        why_set(why, "cannot start a thread");
        return ERR_CONFIG;
    }
    gateway->started = true;
    return OK;
}

void gateway_stop(struct gateway *gateway)
{
    atomic_store(&gateway->stopping, true);
    uv_async_send(&gateway->wake);
}

void gateway_join(struct gateway *gateway)
{
    if (gateway->started)
        pthread_join(gateway->thread, NULL);
}

void gateway_free(struct gateway *gateway)
{
    struct chain late = queue_take(gateway->port.queue); /* notices: all answers have come */
    for (struct node *node; (node = chain_shift(&late));)
        if (!console_discard((struct letter *)node))
            delivery_free((struct delivery *)node);
    if (gateway->http)
        http_server_free(gateway->http);
    realtime_free(gateway->realtime);
    uv_walk(&gateway->uv, close_handle, NULL);
    uv_run(&gateway->uv, UV_RUN_DEFAULT);
    uv_loop_close(&gateway->uv);
    work_deinit(&gateway->work.queue);
    rest_free(gateway->rest);
    console_free(gateway->console);
    queue_free(gateway->port.queue);
    free(gateway);
}

const struct rest_metrics *gateway_metrics(const struct gateway *gateway)
{
    return rest_metrics(gateway->rest);
}

const struct realtime *gateway_realtime(const struct gateway *gateway)
{
    return gateway->realtime;
}

const struct metric *gateway_connections(const struct gateway *gateway)
{
    return &gateway->connections;
}

const struct work_metrics *gateway_work_metrics(const struct gateway *gateway)
{
    return &gateway->work.queue.metrics;
}

const struct places_metrics *gateway_places(const struct gateway *gateway)
{
    return http_server_places(gateway->http);
}
