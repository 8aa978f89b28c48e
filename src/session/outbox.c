#include "session/outbox.h"

#include "base/mem.h"
#include "session/event.h"
#include "session/session.h"
#include "subscription/topics.h"

#include <assert.h>
#include <stdlib.h>

enum {
    PROTOCOL_WITH_ARRAYS = 4,
    BATCH_SIZE_MAX = 64 * 1024, /* bytes of events in one packet, unless one alone has more */
};

static bool send_in_turn(struct worker *worker);

static struct session *session_of(struct outbox *outbox)
{
    return ring_of(outbox, struct session, outbox);
}

static struct hub *hub_of(struct outbox *outbox)
{
    return realtime_hub(session_of(outbox)->realtime);
}

void outbox_init(struct outbox *outbox)
{
    *outbox = (struct outbox){0};
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
    struct hub *hub = hub_of(outbox);
    ring_remove(&outbox->place);
    work_remove(&outbox->worker);
    if (outbox->count && --hub->unsent == 0)
        forget_last(&hub->last);
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

/* --- packets --- */

static bool is_last_batch(const struct batch_cache *last, struct event *const *events, size_t count,
                          unsigned protocol)
{
    return last->parcel && last->count == count && last->protocol == protocol &&
           memcmp(last->events, events, count * sizeof *events) == 0;
}

/* Sessions that hear of the same objects have the same batches, one after the other. */
static struct parcel *pack_many(struct hub *hub, struct event *const *events, size_t count,
                                unsigned protocol)
{
    struct batch_cache *last = &hub->last;
    if (!is_last_batch(last, events, count, protocol)) {
        forget_last(last);
        last->events = mem_alloc(count * sizeof *events);
        for (size_t i = 0; i < count; i++)
            last->events[i] = event_ref(events[i]);
        last->count = count;
        last->protocol = protocol;
        last->parcel = event_pack(hub, events, count, protocol);
    }
    return parcel_ref(last->parcel);
}

static void send_packet(struct session *session, struct event *const *events, size_t count)
{
    struct hub *hub = realtime_hub(session->realtime);
    unsigned protocol = session->subscriber.protocol;
    struct parcel *parcel = count > 1 ? pack_many(hub, events, count, protocol)
                                      : event_pack(hub, events, count, protocol);
    session_send(session, parcel);
    parcel_unref(parcel);
    session->outbox.sent_ms = uv_now(hub->options->loop);
    metric_add(&hub->metrics->events, count);
    metric_add(&hub->metrics->batches, 1);
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

void outbox_flush(struct session *session)
{
    struct outbox *outbox = &session->outbox;
    if (!outbox->count)
        return;
    for (size_t at = 0; at < outbox->count;) {
        size_t run =
            count_run(outbox->waiting + at, outbox->count - at, session->subscriber.protocol);
        send_packet(session, outbox->waiting + at, run);
        at += run;
    }
    forget_all(outbox);
}

/* --- when --- */

static bool send_in_turn(struct worker *worker)
{
    outbox_flush(session_of(ring_of(worker, struct outbox, worker)));
    return false;
}

/* Now, or when its turn comes. */
static void send_soon(struct outbox *outbox)
{
    struct session *session = session_of(outbox);
    if (work_is_free(hub_of(outbox)->options->work))
        outbox_flush(session);
    else
        work_add(session->lane, &outbox->worker);
}

static void on_window_end(uv_timer_t *timer)
{
    struct hub *hub = timer->data;
    struct ring due;
    ring_init(&due);
    ring_move(&due, &hub->waiting);
    while (!ring_is_empty(&due)) {
        struct outbox *outbox = ring_of(due.next, struct outbox, place);
        ring_remove(&outbox->place);
        send_soon(outbox);
    }
}

static void add(struct outbox *outbox, struct event *event)
{
    hub_of(outbox)->unsent += !outbox->count;
    if (outbox->count == outbox->capacity) {
        outbox->capacity = outbox->capacity ? 2 * outbox->capacity : 8;
        outbox->waiting = mem_realloc(outbox->waiting, outbox->capacity * sizeof(struct event *));
    }
    outbox->waiting[outbox->count++] = event_ref(event);
    outbox->bytes += event->len;
}

static void await_window_end(struct hub *hub, struct outbox *outbox)
{
    if (ring_is_empty(&hub->waiting))
        uv_timer_start(&hub->timer, on_window_end, hub->options->event_window_ms, 0);
    ring_append(&hub->waiting, &outbox->place);
}

void outbox_put(struct session *session, struct event *event)
{
    struct hub *hub = realtime_hub(session->realtime);
    struct outbox *outbox = &session->outbox;
    bool first = !outbox->count;
    bool quiet = uv_now(hub->options->loop) - outbox->sent_ms >= hub->options->event_window_ms;
    if (first && quiet && work_is_free(hub->options->work)) {
        send_packet(session, &event, 1);
        return;
    }
    add(outbox, event);
    if (first && quiet)
        work_add(session->lane, &outbox->worker);
    else if (first)
        await_window_end(hub, outbox);
}
