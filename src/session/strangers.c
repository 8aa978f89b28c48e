#include "session/strangers.h"

enum { PAUSE_US = 1000000 };

static struct session *session_of(struct ring *node)
{
    return ring_of(node, struct session, stranger);
}

/* --- places --- */

/* The oldest one of a network that has too many places; NULL: it has not. */
static struct session *find_own(const struct session_table *table, uint64_t network)
{
    struct session *oldest = NULL;
    size_t count = 0;
    for (struct ring *at = table->strangers.prev; at != &table->strangers; at = at->prev) {
        if (session_of(at)->network != network)
            continue;
        oldest = session_of(at);
        count++;
    }
    return count > table->options->strangers_max / STRANGER_SHARE ? oldest : NULL;
}

static struct session *take_place(struct session_table *table, uint64_t network)
{
    struct session *own = network ? find_own(table, network) : NULL;
    struct session *leaving = own ? own : session_of(table->strangers.next);
    strangers_remove(table, leaving);
    metric_add(&table->metrics->strangers_displaced, 1);
    return leaving;
}

struct session *strangers_add(struct session_table *table, struct session *session)
{
    struct session *leaving = NULL;
    if (table->strangers_count && table->strangers_count >= table->options->strangers_max)
        leaving = take_place(table, session->network);
    ring_append(&table->strangers, &session->stranger);
    metric_set(&table->metrics->strangers, ++table->strangers_count);
    return leaving;
}

void strangers_remove(struct session_table *table, struct session *session)
{
    if (ring_is_empty(&session->stranger))
        return;
    ring_remove(&session->stranger);
    metric_set(&table->metrics->strangers, --table->strangers_count);
}

/* --- what one may do --- */

bool strangers_count_packet(struct session *session)
{
    return session->state == SESSION_READY || session->packets++ < STRANGER_PACKETS_MAX;
}

bool strangers_count_refusal(struct session *session)
{
    if (session->state == SESSION_READY || session->state == SESSION_ENDED)
        return true;
    if (++session->refusals >= STRANGER_INITS_MAX)
        return false;
    if (session->refusals > 1)
        session->booked_us = uv_now(session->table->options->loop) * 1000 +
                             (uint64_t)(session->refusals - 1) * PAUSE_US;
    return true;
}
