/* The janitor checks every session, and the pacer the sessions that sent too much at a time.
 * Both are one timer for all sessions, so a session that does nothing costs next to nothing. */
#include "session/janitor.h"

#include "base/clock.h"
#include "session/keepalive.h"

#include <assert.h>

enum { JANITOR_PERIOD_MAX_MS = 1000 };

/* --- life --- */

static void on_janitor(uv_timer_t *timer)
{
    const struct janitor *janitor = timer->data;
    struct session_table *table = janitor->table;
    struct clock clock = clock_system();
    int64_t clock_ms = clock.now_ms(clock.context);
    uint64_t now_ms = uv_now(timer->loop);
    for (struct ring *at = table->all.next, *next; at != &table->all; at = next) {
        next = at->next;
        keepalive_check(ring_of(at, struct session, place), now_ms, clock_ms);
    }
}

static void on_pacer(uv_timer_t *timer)
{
    const struct janitor *janitor = timer->data;
    struct ring due;
    ring_init(&due);
    ring_move(&due, &janitor->table->throttled);
    while (!ring_is_empty(&due)) {
        struct session *session = ring_of(due.next, struct session, throttled);
        ring_remove(&session->throttled);
        session_adjust_reading(session);
    }
}

/* Often enough for the shortest of the times that it looks after. */
static uint64_t period_ms(const struct session_options *options)
{
    uint64_t least = options->init_timeout_ms;
    least = options->ping_ms < least ? options->ping_ms : least;
    least = options->stall_ms < least ? options->stall_ms : least;
    return least / 4 > JANITOR_PERIOD_MAX_MS ? JANITOR_PERIOD_MAX_MS : least / 4 + 1;
}

static void init_timer(struct janitor *janitor, uv_timer_t *timer)
{
    uv_timer_init(janitor->table->options->loop, timer);
    timer->data = janitor;
    janitor->handles++;
}

void janitor_init(struct janitor *janitor, struct session_table *table)
{
    uint64_t every_ms = period_ms(table->options);
    *janitor = (struct janitor){.table = table};
    table->on_pacer = on_pacer;
    init_timer(janitor, &janitor->timer);
    init_timer(janitor, &table->pacer);
    uv_timer_start(&janitor->timer, on_janitor, every_ms, every_ms);
}

/* Handles closed earlier, of others, are closed in the same turn of the loop, in any order. A turn
 * later they are for certain. */
static void on_all_closed(uv_handle_t *handle)
{
    struct janitor *janitor = handle->data;
    janitor->closed(janitor);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct janitor *janitor = handle->data;
    if (--janitor->handles)
        return;
    uv_timer_init(handle->loop, (uv_timer_t *)handle);
    uv_close(handle, on_all_closed);
}

void janitor_deinit(struct janitor *janitor, void (*closed)(struct janitor *janitor))
{
    assert(janitor->table->count == 0);
    janitor->closed = closed;
    uv_close((uv_handle_t *)&janitor->timer, on_timer_closed);
    uv_close((uv_handle_t *)&janitor->table->pacer, on_timer_closed);
}

/* --- many at once --- */

void janitor_end_signed(struct session_table *table, struct str key)
{
    for (struct ring *at = table->all.next; at != &table->all; at = at->next) {
        struct session *session = ring_of(at, struct session, place);
        if (session->key.ptr && str_eq(session->key, key))
            session_end_because(session, "key removed");
    }
}

void janitor_end_of(struct session_table *table, uint64_t service_id)
{
    for (struct ring *at = table->all.next; at != &table->all; at = at->next) {
        struct session *session = ring_of(at, struct session, place);
        if (session->service_id == service_id)
            session_end_because(session, "service removed");
    }
}

void janitor_drain(struct session_table *table)
{
    table->draining = true;
    for (struct ring *at = table->all.next; at != &table->all; at = at->next)
        session_drain(ring_of(at, struct session, place));
}

void janitor_abort_all(struct session_table *table)
{
    for (struct ring *at = table->all.next; at != &table->all; at = at->next)
        session_abort(ring_of(at, struct session, place), "late");
}
