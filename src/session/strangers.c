#include "session/strangers.h"

enum { PAUSE_US = 1000000 };

static struct session *session_of(struct ring *node)
{
    return ring_of(node, struct session, stranger);
}

static void abort_stranger(struct session *session, const char *reason)
{
    metric_add(&realtime_sessions(session->realtime)->metrics->cut, 1);
    session_abort(session, reason);
}

/* --- places --- */

/* The oldest one of a network that has too many places; NULL: it has not. */
static struct session *find_own(const struct sessions *sessions, uint64_t network)
{
    struct session *oldest = NULL;
    size_t count = 0;
    for (struct ring *at = sessions->strangers.prev; at != &sessions->strangers; at = at->prev) {
        if (session_of(at)->network != network)
            continue;
        oldest = session_of(at);
        count++;
    }
    return count > sessions->options->strangers_max / STRANGER_SHARE ? oldest : NULL;
}

static void give_way(struct sessions *sessions, uint64_t network)
{
    struct session *own = network ? find_own(sessions, network) : NULL;
    struct session *leaving = own ? own : session_of(sessions->strangers.next);
    strangers_remove(sessions, leaving);
    metric_add(&sessions->metrics->strangers_displaced, 1);
    abort_stranger(leaving, "a newer client needed its place");
}

void strangers_add(struct sessions *sessions, struct session *session)
{
    if (sessions->strangers_count && sessions->strangers_count >= sessions->options->strangers_max)
        give_way(sessions, session->network);
    ring_append(&sessions->strangers, &session->stranger);
    metric_set(&sessions->metrics->strangers, ++sessions->strangers_count);
}

void strangers_remove(struct sessions *sessions, struct session *session)
{
    if (ring_is_empty(&session->stranger))
        return;
    ring_remove(&session->stranger);
    metric_set(&sessions->metrics->strangers, --sessions->strangers_count);
}

/* --- what one may do --- */

bool strangers_count_packet(struct session *session)
{
    if (session->state == SESSION_READY || session->packets++ < STRANGER_PACKETS_MAX)
        return true;
    abort_stranger(session, "too many packets before init");
    return false;
}

void strangers_count_refusal(struct session *session)
{
    const struct sessions *sessions = realtime_sessions(session->realtime);
    if (session->state == SESSION_READY || session->state == SESSION_ENDED)
        return;
    if (++session->refusals >= STRANGER_INITS_MAX)
        session_end_because(session, "refused too often");
    else if (session->refusals > 1)
        session->booked_us =
            uv_now(sessions->options->loop) * 1000 + (uint64_t)(session->refusals - 1) * PAUSE_US;
}
