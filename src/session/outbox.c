#include "session/outbox.h"

#include "base/mem.h"
#include "session/event.h"

#include <assert.h>
#include <stdlib.h>

enum {
    PROTOCOL_WITH_ARRAYS = OUTBOX_PROTOCOL_NEWEST,
    BATCH_SIZE_MAX = 64 * 1024, /* bytes of events in one packet, unless one alone has more */
};

static bool send_in_turn(struct worker *worker);

/* --- life --- */

void outboxes_init(struct outboxes *outboxes, const struct session_options *options,
                   struct session_metrics *metrics, struct websockets *sockets)
{
    *outboxes = (struct outboxes){
        .options = options,
        .metrics = metrics,
        .sockets = sockets,
        .ids = {.base = options->origin_base},
    };
    ring_init(&outboxes->waiting);
    uv_timer_init(options->loop, &outboxes->window);
    outboxes->window.data = outboxes;
}

void outboxes_deinit(struct outboxes *outboxes)
{
    assert(ring_is_empty(&outboxes->waiting) && !outboxes->unsent && !outboxes->last.parcel);
    uv_close((uv_handle_t *)&outboxes->window, NULL);
}

void outbox_init(struct outbox *outbox, struct outboxes *shared)
{
    *outbox = (struct outbox){.shared = shared, .protocol = OUTBOX_PROTOCOL_NEWEST};
    ring_init(&outbox->place);
    worker_init(&outbox->worker, send_in_turn);
}

static void forget_last(struct batch_cache *last)
{
    for (size_t i = 0; i < last->count; i++)
        event_unref(last->events[i]);
    free(last->events);
    parcel_unref(last->parcel);
    *last = (struct batch_cache){0};
}

static void forget_all(struct outbox *outbox)
{
    struct outboxes *shared = outbox->shared;
    ring_remove(&outbox->place);
    work_remove(&outbox->worker);
    if (outbox->count && --shared->unsent == 0)
        forget_last(&shared->last);
    for (size_t i = 0; i < outbox->count; i++)
        event_unref(outbox->waiting[i]);
    free(outbox->waiting);
    outbox->waiting = NULL;
    outbox->count = outbox->capacity = outbox->bytes = 0;
}

void outbox_deinit(struct outbox *outbox)
{
    forget_all(outbox);
}

/* --- the socket --- */

static uint64_t now_ms(const struct outbox *outbox)
{
    return uv_now(outbox->shared->options->loop);
}

void outbox_open(struct outbox *outbox, struct websocket *socket)
{
    outbox->socket = socket;
    outbox->spoke_ms = now_ms(outbox);
}

void outbox_close(struct outbox *outbox)
{
    outbox->socket = NULL;
}

void outbox_send(struct outbox *outbox, struct parcel *parcel)
{
    if (!outbox->socket)
        return;
    websocket_send(outbox->socket, parcel);
    outbox->spoke_ms = now_ms(outbox);
}

/* --- packets --- */

static bool is_last_batch(const struct batch_cache *last, struct event *const *events, size_t count,
                          unsigned protocol)
{
    return last->parcel && last->count == count && last->protocol == protocol &&
           memcmp(last->events, events, count * sizeof *events) == 0;
}

/* Sessions that hear of the same objects have the same batches, one after the other. */
static struct parcel *pack_many(struct outboxes *shared, struct event *const *events, size_t count,
                                unsigned protocol)
{
    struct batch_cache *last = &shared->last;
    if (!is_last_batch(last, events, count, protocol)) {
        forget_last(last);
        last->events = mem_alloc(count * sizeof *events);
        for (size_t i = 0; i < count; i++)
            last->events[i] = event_ref(events[i]);
        last->count = count;
        last->protocol = protocol;
        last->parcel = event_pack(events, count, protocol, &shared->ids, shared->sockets);
    }
    return parcel_ref(last->parcel);
}

static void send_packet(struct outbox *outbox, struct event *const *events, size_t count)
{
    struct outboxes *shared = outbox->shared;
    struct parcel *parcel =
        count > 1 ? pack_many(shared, events, count, outbox->protocol)
                  : event_pack(events, 1, outbox->protocol, &shared->ids, shared->sockets);
    outbox_send(outbox, parcel);
    parcel_unref(parcel);
    outbox->sent_ms = now_ms(outbox);
    metric_add(&shared->metrics->events, count);
    metric_add(&shared->metrics->batches, 1);
}

/* How many of them go in one packet. */
static size_t count_run(struct event *const *events, size_t count, unsigned protocol)
{
    size_t run = 1, bytes = events[0]->len;
    if (protocol < PROTOCOL_WITH_ARRAYS)
        return 1;
    while (run < count && event_fits(events[0], events[run]) &&
           bytes + events[run]->len <= BATCH_SIZE_MAX)
        bytes += events[run++]->len;
    return run;
}

void outbox_flush(struct outbox *outbox)
{
    if (!outbox->count)
        return;
    for (size_t at = 0; at < outbox->count;) {
        size_t run = count_run(outbox->waiting + at, outbox->count - at, outbox->protocol);
        send_packet(outbox, outbox->waiting + at, run);
        at += run;
    }
    forget_all(outbox);
}

/* --- when --- */

static bool send_in_turn(struct worker *worker)
{
    outbox_flush(ring_of(worker, struct outbox, worker));
    return false;
}

/* Now, or when its turn comes. */
static void send_soon(struct outbox *outbox)
{
    if (work_is_free(outbox->shared->options->work))
        outbox_flush(outbox);
    else
        work_add(outbox->lane, &outbox->worker);
}

static void on_window_end(uv_timer_t *timer)
{
    struct outboxes *outboxes = timer->data;
    struct ring due;
    ring_init(&due);
    ring_move(&due, &outboxes->waiting);
    while (!ring_is_empty(&due)) {
        struct outbox *outbox = ring_of(due.next, struct outbox, place);
        ring_remove(&outbox->place);
        send_soon(outbox);
    }
}

static void add(struct outbox *outbox, struct event *event)
{
    outbox->shared->unsent += !outbox->count;
    if (outbox->count == outbox->capacity) {
        outbox->capacity = outbox->capacity ? 2 * outbox->capacity : 8;
        outbox->waiting = mem_realloc(outbox->waiting, outbox->capacity * sizeof(struct event *));
    }
    outbox->waiting[outbox->count++] = event_ref(event);
    outbox->bytes += event->len;
}

static void await_window_end(struct outbox *outbox)
{
    struct outboxes *shared = outbox->shared;
    if (ring_is_empty(&shared->waiting))
        uv_timer_start(&shared->window, on_window_end, shared->options->event_window_ms, 0);
    ring_append(&shared->waiting, &outbox->place);
}

void outbox_put(struct outbox *outbox, struct event *event)
{
    const struct session_options *options = outbox->shared->options;
    bool first = !outbox->count;
    bool quiet = now_ms(outbox) - outbox->sent_ms >= options->event_window_ms;
    if (first && quiet && work_is_free(options->work)) {
        send_packet(outbox, &event, 1);
        return;
    }
    add(outbox, event);
    if (first && quiet)
        work_add(outbox->lane, &outbox->worker);
    else if (first)
        await_window_end(outbox);
}

/* --- room --- */

size_t outbox_waiting(const struct outbox *outbox)
{
    return (outbox->socket ? websocket_queued(outbox->socket) : 0) + outbox->bytes;
}

bool outbox_has_room(struct outbox *outbox, size_t bytes)
{
    size_t queue_max = outbox->shared->options->queue_max;
    if (!outbox->socket)
        return false;
    /* What waits only for the window's end is nothing that the client was slow to take. */
    if (outbox_waiting(outbox) + bytes > queue_max && outbox->bytes)
        outbox_flush(outbox);
    size_t before = outbox_waiting(outbox);
    bool room = !before || before + bytes <= queue_max;
    outbox->backpressured |= !room;
    return room;
}

/* What waits for its window is nothing that the client was slow to take. */
bool outbox_is_relieved(struct outbox *outbox)
{
    if (!outbox->backpressured || !outbox->socket || websocket_queued(outbox->socket))
        return false;
    outbox->backpressured = false;
    return true;
}
