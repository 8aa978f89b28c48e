/* The janitor comes by every session, and the pacer by those that sent more than they may at a
 * time. Both are one timer for all, so that a session which does nothing costs next to nothing. */
#include "session/janitor.h"

#include "base/clock.h"
#include "session/keepalive.h"
#include "session/strangers.h"

#include <assert.h>

enum { JANITOR_PERIOD_MAX_MS = 1000, PACER_PERIOD_MS = 50 };

/* Handles closed earlier, of others, are closed in the same turn of the loop, in whatever order. A
 * turn later they are for certain. */
static void on_timers_closed(uv_handle_t *handle)
{
    struct sessions *sessions = handle->data;
    sessions->closed(sessions);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct sessions *sessions = handle->data;
    if (--sessions->handles)
        return;
    uv_timer_init(handle->loop, (uv_timer_t *)handle);
    uv_close(handle, on_timers_closed);
}

static void on_janitor(uv_timer_t *timer)
{
    struct sessions *sessions = timer->data;
    struct clock clock = clock_system();
    int64_t clock_ms = clock.now_ms(clock.context);
    uint64_t now_ms = uv_now(timer->loop);
    for (struct ring *at = sessions->all.next, *next; at != &sessions->all; at = next) {
        next = at->next;
        keepalive_check(ring_of(at, struct session, place), now_ms, clock_ms);
    }
}

/* Often enough for the shortest of the times that it looks after. */
static uint64_t janitor_period_ms(const struct realtime_options *options)
{
    uint64_t least = options->init_timeout_ms;
    least = options->ping_ms < least ? options->ping_ms : least;
    least = options->stall_ms < least ? options->stall_ms : least;
    return least / 4 > JANITOR_PERIOD_MAX_MS ? JANITOR_PERIOD_MAX_MS : least / 4 + 1;
}

static void start_timer(struct sessions *sessions, uv_timer_t *timer)
{
    uv_timer_init(sessions->options->loop, timer);
    timer->data = sessions;
    sessions->handles++;
}

void sessions_init(struct sessions *sessions, const struct realtime_options *options,
                   struct realtime_metrics *metrics, struct websockets *sockets)
{
    uint64_t period_ms = janitor_period_ms(options);
    *sessions = (struct sessions){
        .options = options,
        .metrics = metrics,
        .sockets = sockets,
        .next_id = options->origin_base + 1,
    };
    ring_init(&sessions->all);
    ring_init(&sessions->strangers);
    ring_init(&sessions->throttled);
    arena_init(&sessions->packet);
    start_timer(sessions, &sessions->janitor);
    start_timer(sessions, &sessions->pacer);
    uv_timer_start(&sessions->janitor, on_janitor, period_ms, period_ms);
}

void sessions_deinit(struct sessions *sessions, void (*closed)(struct sessions *sessions))
{
    assert(sessions->count == 0);
    arena_deinit(&sessions->packet);
    sessions->closed = closed;
    uv_close((uv_handle_t *)&sessions->janitor, on_timer_closed);
    uv_close((uv_handle_t *)&sessions->pacer, on_timer_closed);
}

void sessions_add(struct sessions *sessions, struct session *session)
{
    strangers_add(sessions, session);
    ring_append(&sessions->all, &session->place);
    metric_set(&sessions->metrics->sessions, ++sessions->count);
    metric_add(&sessions->metrics->sessions_total, 1);
}

void sessions_remove(struct sessions *sessions, struct session *session)
{
    ring_remove(&session->place);
    ring_remove(&session->throttled);
    strangers_remove(sessions, session);
    tally_give(session->of_network);
    tally_give(session->of_identity);
    if (session->admitted)
        atomic_fetch_sub(sessions->options->sessions, 1);
    metric_set(&sessions->metrics->sessions, --sessions->count);
}

bool sessions_count_network(struct sessions *sessions, uint64_t network, tally_slot **slot)
{
    const struct realtime_options *options = sessions->options;
    struct str key = {(const char *)&network, sizeof network};
    *slot = NULL;
    if (!network || !options->per_network_max ||
        tally_take(options->networks, key, options->per_network_max, slot))
        return true;
    metric_add(&sessions->metrics->address_full, 1);
    return false;
}

static bool count_identity(struct sessions *sessions, struct session *session, uint64_t service_id,
                           struct str identity)
{
    const struct realtime_options *options = sessions->options;
    struct buf key;
    if (!options->per_identity_max)
        return true;
    buf_init(&key, sizeof service_id + identity.len);
    buf_add(&key, (struct str){(const char *)&service_id, sizeof service_id});
    buf_add(&key, identity);
    bool counted = tally_take(options->identities, buf_str(&key), options->per_identity_max,
                              &session->of_identity);
    buf_deinit(&key);
    if (!counted)
        metric_add(&sessions->metrics->identity_full, 1);
    return counted;
}

static bool count_session(struct sessions *sessions)
{
    if (atomic_fetch_add(sessions->options->sessions, 1) < sessions->options->sessions_max)
        return true;
    atomic_fetch_sub(sessions->options->sessions, 1);
    metric_add(&sessions->metrics->full, 1);
    return false;
}

enum err sessions_admit(struct sessions *sessions, struct session *session, uint64_t service_id,
                        struct str identity)
{
    if (!count_identity(sessions, session, service_id, identity))
        return ERR_RATE;
    session->admitted = count_session(sessions);
    if (session->admitted)
        return OK;
    tally_give(session->of_identity);
    session->of_identity = NULL;
    return ERR_BUSY;
}

static void on_pacer(uv_timer_t *timer)
{
    struct sessions *sessions = timer->data;
    struct ring due;
    ring_init(&due);
    ring_move(&due, &sessions->throttled);
    while (!ring_is_empty(&due)) {
        struct session *session = ring_of(due.next, struct session, throttled);
        ring_remove(&session->throttled);
        session_adjust_reading(session);
    }
}

void sessions_throttle(struct sessions *sessions, struct session *session)
{
    if (!ring_is_empty(&session->throttled))
        return;
    if (ring_is_empty(&sessions->throttled))
        uv_timer_start(&sessions->pacer, on_pacer, PACER_PERIOD_MS, 0);
    ring_append(&sessions->throttled, &session->throttled);
}

void sessions_end_signed(struct sessions *sessions, struct str key)
{
    for (struct ring *at = sessions->all.next; at != &sessions->all; at = at->next) {
        struct session *session = ring_of(at, struct session, place);
        if (session->key.ptr && str_eq(session->key, key))
            session_end_because(session, "key removed");
    }
}

void sessions_end_of(struct sessions *sessions, uint64_t service_id)
{
    for (struct ring *at = sessions->all.next; at != &sessions->all; at = at->next) {
        struct session *session = ring_of(at, struct session, place);
        if (session->service_id == service_id)
            session_end_because(session, "service removed");
    }
}

void sessions_drain(struct sessions *sessions)
{
    sessions->draining = true;
    for (struct ring *at = sessions->all.next; at != &sessions->all; at = at->next)
        session_drain(ring_of(at, struct session, place));
}

void sessions_abort_all(struct sessions *sessions)
{
    for (struct ring *at = sessions->all.next; at != &sessions->all; at = at->next)
        session_abort(ring_of(at, struct session, place), "late");
}
