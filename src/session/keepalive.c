#include "session/keepalive.h"

#include "session/packet_header.h"
#include "session/session_send.h"
#include "session/session_table.h"

enum { TOKEN_WARNING_MS = 180 * 1000 };

static const struct session_options *options_of(const struct session *session)
{
    return session->table->options;
}

static bool is_stalled(const struct session *session, uint64_t now_ms)
{
    return websocket_queued(session->socket) &&
           now_ms - websocket_moved_ms(session->socket) >= options_of(session)->stall_ms;
}

/* A byte now and then is not enough: the client has to take all that waits at the least rate,
 * however much comes behind it. So a full queue is taken in a time that is known. */
static bool is_too_slow(const struct session *session, uint64_t now_ms)
{
    const struct session_options *options = options_of(session);
    struct websocket_load load = websocket_load(session->socket);
    return options->rate_min && load.bytes &&
           now_ms - load.since_ms >= options->stall_ms + load.bytes * 1000 / options->rate_min;
}

/* The client was asked for a sign of life, and gave none. A session that we have stopped reading
 * cannot answer, so it does not count as silent. */
static bool is_silent(const struct session *session, uint64_t now_ms)
{
    return session->reading && session->pinged_ms > websocket_heard_ms(session->socket) &&
           now_ms - session->pinged_ms >= options_of(session)->ping_ms;
}

/* Both ways: some clients leave when they hear nothing. And in two words: every WebSocket answers
 * the frame; the mobile SDKs count only packets. */
static void ping(struct session *session, uint64_t now_ms)
{
    unsigned ping_ms = options_of(session)->ping_ms;
    bool quiet = now_ms - websocket_heard_ms(session->socket) >= ping_ms;
    bool mute = now_ms - session->outbox.spoke_ms >= ping_ms;
    if (now_ms - session->pinged_ms < ping_ms || (!quiet && !mute))
        return;
    session->pinged_ms = now_ms;
    websocket_ping(session->socket);
    session_send_own(session, packet_header_ping);
}

/* At the end there is no `close` packet: after one, clients can get stuck between two tokens. */
static void check_token(struct session *session, int64_t clock_ms)
{
    int64_t left_ms = session->expires_ms - clock_ms;
    if (left_ms <= 0) {
        session_end_because(session, "token expired");
    } else if (left_ms <= TOKEN_WARNING_MS && !session->warned) {
        session->warned = true;
        session_send_own(session, packet_header_expires);
    }
}

void keepalive_check(struct session *session, uint64_t now_ms, int64_t clock_ms)
{
    if (!session_is_talking(session))
        return;
    if (is_stalled(session, now_ms)) {
        session_abort_for_fault(session, "stalled");
    } else if (is_too_slow(session, now_ms)) {
        session_abort_for_fault(session, "too slow");
    } else if (is_silent(session, now_ms)) {
        session_abort_for_fault(session, "silent");
    } else if (session->state == SESSION_READY) {
        ping(session, now_ms);
        session_resume(session);
        check_token(session, clock_ms);
    } else if (now_ms - session->opened_ms >= options_of(session)->init_timeout_ms) {
        session_abort_for_fault(session, "no init");
    }
}
