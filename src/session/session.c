/* A message comes in as on_message, is read as a packet and goes to the handler. What the session
 * says goes out through its outbox.
 *
 * A client that sends faster than it may, has too much under way, or leaves what it is sent
 * standing, is not read from until that is better: it waits, and nothing is lost. */
#include "session/session.h"

#include "auth/jwt.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/session_table.h"
#include "session/strangers.h"

#include <assert.h>
#include <stdlib.h>

enum { BURST_S = 2, US_PER_S = 1000000 };

struct session_texts {
    struct session_texts *older;
    char bytes[];
};

static const struct session_options *options_of(const struct session *session)
{
    return session->table->options;
}

static const struct session_handler *handler_of(const struct session *session)
{
    return session->table->handler;
}

static uint64_t now_ms(const struct session *session)
{
    return uv_now(options_of(session)->loop);
}

/* --- states --- */

static const unsigned moves[] = {
    [SESSION_OPEN] = 1 << SESSION_STARTING | 1 << SESSION_ENDED,
    [SESSION_STARTING] = 1 << SESSION_OPEN | 1 << SESSION_READY | 1 << SESSION_ENDED,
    [SESSION_READY] = 1 << SESSION_ENDED,
    [SESSION_ENDED] = 0,
};

/* `let_in`: the client was let in. Other clients could fill the access log as they like. */
static void log_session(const struct session *session, bool let_in, const char *message,
                        const char *reason)
{
    struct log_line line;
    enum log_level level = let_in && options_of(session)->access_log ? LOG_INFO : LOG_DEBUG;
    log_begin(&line, options_of(session)->log, level, message);
    log_int(&line, "session", (int64_t)session->id);
    log_text(&line, "address", session->address);
    log_str(&line, "identity", session->identity);
    log_str(&line, "service", session->service);
    if (reason)
        log_text(&line, "reason", reason);
    log_end(&line);
}

static void take_lane(struct session *session, enum work_class class)
{
    session->lane = work_lane_get(options_of(session)->work, class, session->network, session->id);
    session->outbox.lane = session->lane;
}

static void trust(struct session *session)
{
    struct work_lane *before = session->lane;
    take_lane(session, WORK_KNOWN);
    websocket_trust(session->socket, session->lane);
    work_lane_put(before);
}

static void end(struct session *session, bool was_ready)
{
    outbox_close(&session->outbox);
    handler_of(session)->ended(session);
    log_session(session, was_ready, "session ended", session->reason);
    if (session->socket)
        websocket_close(session->socket, WEBSOCKET_GOING_AWAY, STR(""));
}

void session_move(struct session *session, enum session_state state)
{
    bool was_ready = session->state == SESSION_READY;
    assert(moves[session->state] >> state & 1);
    session->state = state;
    if (state == SESSION_READY) {
        strangers_remove(session->table, session);
        trust(session);
        log_session(session, true, "session ready", NULL);
    }
    if (state == SESSION_ENDED)
        end(session, was_ready);
}

void session_end_because(struct session *session, const char *reason)
{
    if (session->state == SESSION_ENDED)
        return;
    session->reason = reason;
    outbox_flush(&session->outbox); /* the messages of streams come only once */
    session_move(session, SESSION_ENDED);
}

void session_end(struct session *session)
{
    session_end_because(session, "cannot go on");
}

void session_abort(struct session *session, const char *reason)
{
    session_end_because(session, reason);
    if (session->socket)
        websocket_cut(session->socket);
}

void session_abort_for_fault(struct session *session, const char *reason)
{
    metric_add(&session->table->metrics->cut, 1);
    session_abort(session, reason);
}

bool session_is_talking(const struct session *session)
{
    return session->socket && session->state != SESSION_ENDED;
}

/* --- limits --- */

/* Requests that are not answered yet. */
static bool owes_answers(const struct session *session)
{
    return session->in_core || handler_of(session)->load(session).waiting;
}

void session_resume(struct session *session)
{
    handler_of(session)->drained(session);
}

/* What a message takes of a client's time, by its number or by its bytes, whichever is more. */
static uint64_t price_us(const struct session_options *options, size_t bytes)
{
    uint64_t one_us = options->frames_max ? US_PER_S / options->frames_max : 0;
    uint64_t all_us = options->bytes_max ? (uint64_t)bytes * US_PER_S / options->bytes_max : 0;
    return all_us > one_us ? all_us : one_us;
}

/* Each message books a piece of time, of which at most BURST_S may lie unused. */
static void book_message(struct session *session, size_t bytes)
{
    uint64_t now_us = now_ms(session) * 1000, burst_us = (uint64_t)BURST_S * US_PER_S;
    uint64_t earliest_us = now_us > burst_us ? now_us - burst_us : 0;
    if (session->booked_us < earliest_us)
        session->booked_us = earliest_us;
    session->booked_us += price_us(options_of(session), bytes);
}

static bool is_too_fast(const struct session *session)
{
    return session->booked_us > now_ms(session) * 1000;
}

/* Bytes that may wait for the client while more is read from it: nothing waits for a stranger. */
static size_t queue_max(const struct session *session)
{
    return session->state == SESSION_READY ? options_of(session)->queue_max : 0;
}

/* May the client say more, by what it has asked for and not taken? */
static bool has_capacity(const struct session *session)
{
    const struct session_options *options = options_of(session);
    struct session_load load = handler_of(session)->load(session);
    return !load.busy && session->in_core + load.waiting < options->requests_max &&
           load.bytes <= options->queue_max &&
           websocket_queued(session->socket) <= queue_max(session);
}

void session_adjust_reading(struct session *session)
{
    if (!session_is_talking(session))
        return;
    bool fast = is_too_fast(session);
    bool on = !fast && !session->table->draining && has_capacity(session);
    if (fast)
        session_table_throttle(session->table, session);
    if (on != session->reading)
        websocket_read(session->socket, on);
    session->reading = on;
}

/* --- what the socket says --- */

static void on_message(void *context, struct str bytes, bool text)
{
    struct session *session = context;
    struct arena *arena = &session->table->packet;
    struct packet packet = {0};
    const char *reason;
    (void)text; /* clients send binary messages, but nothing hangs on it */
    if (session->state == SESSION_ENDED)
        return;
    if (!strangers_count_packet(session)) {
        session_abort_for_fault(session, "too many packets before init");
        return;
    }
    book_message(session, bytes.len);
    if (packet_parse(bytes, arena, &packet, &reason))
        handler_of(session)->packet(session, &packet);
    else
        handler_of(session)->broken(session, reason);
    arena_clear(arena);
    session_adjust_reading(session);
}

static void on_drained(void *context)
{
    session_resume(context);
    session_adjust_reading(context);
}

/* --- life --- */

static void drop_texts(struct session_texts **from)
{
    while (*from) {
        struct session_texts *texts = *from;
        *from = texts->older;
        free(texts);
    }
}

static void free_session(struct session *session)
{
    handler_of(session)->freed(session);
    session_table_remove(session->table, session);
    outbox_deinit(&session->outbox);
    drop_texts(&session->texts);
    work_lane_put(session->lane);
    free(session);
}

static void on_closed(void *context, unsigned code)
{
    struct session *session = context;
    session->socket = NULL;
    outbox_close(&session->outbox);
    strangers_remove(session->table, session);
    session_end_because(session, code == WEBSOCKET_ABNORMAL ? "connection lost" : "closed");
    handler_of(session)->closed(session);
    if (!session->in_core)
        free_session(session);
}

struct session *session_new(struct session_table *table, struct str base, uint64_t network,
                            bool deflate)
{
    tally_slot *of_network;
    if (!session_table_count_network(table, network, &of_network))
        return NULL;
    struct session *session = mem_zalloc(1, sizeof *session + base.len);
    session->table = table;
    session->network = network;
    session->of_network = of_network;
    session->id = table->next_id++;
    session->deflate = deflate;
    memcpy(session->base_text, base.ptr, base.len);
    session->base = (struct str){session->base_text, base.len};
    session->reading = true;
    ring_init(&session->place);
    ring_init(&session->stranger);
    ring_init(&session->throttled);
    outbox_init(&session->outbox, &table->outboxes);
    table->handler->opened(session);
    struct session *leaving = session_table_add(table, session);
    if (leaving)
        session_abort_for_fault(leaving, "a newer client needed its place");
    return session;
}

void session_attach(struct session *session, int fd, struct str early)
{
    struct websocket_handler handler = {on_message, on_drained, on_closed, session};
    if (fd < 0) {
        session_end_because(session, "connection lost");
        free_session(session);
        return;
    }
    peer_address(fd, session->address);
    session->opened_ms = session->pinged_ms = now_ms(session);
    take_lane(session, WORK_STRANGERS);
    session->socket = websocket_new(session->table->sockets, fd, early, session->deflate,
                                    session->lane, &handler);
    if (session->state == SESSION_ENDED)
        websocket_cut(session->socket);
    else
        outbox_open(&session->outbox, session->socket);
}

void session_drain(struct session *session)
{
    if (owes_answers(session))
        session_adjust_reading(session);
    else
        session_end_because(session, "shutdown");
}

static struct str put_text(char **at, struct str text)
{
    struct str copy = {text.ptr ? *at : NULL, text.len};
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

/* Commands under way still use the texts there were. */
static void keep_texts(struct session *session, const struct jwt *jwt)
{
    size_t size = jwt->identity.len + jwt->service.len + jwt->key.len;
    struct session_texts *texts = mem_alloc(sizeof *texts + size);
    char *at = texts->bytes;
    texts->older = session->texts;
    session->texts = texts;
    session->identity = put_text(&at, jwt->identity);
    session->service = put_text(&at, jwt->service);
    session->key = put_text(&at, jwt->key);
}

void session_grant(struct session *session, const struct jwt *jwt, const struct change *service)
{
    bool same =
        session->texts && str_eq(session->service, jwt->service) && str_eq(session->key, jwt->key);
    if (!same)
        keep_texts(session, jwt);
    if (!session->service_id)
        session->service_sid = sid_of(service); /* once: commands under way read it */
    session->service_id = service->id;
    session->expires_ms = jwt->expires_ms;
    session->warned = false;
}

/* --- commands --- */

void session_forward(struct session *session, struct command *command)
{
    session->in_core++;
    core_link_submit(&session->table->core, command);
}

void session_submit(struct session *session, struct command *command)
{
    command->origin = session->id;
    command->identity = session->identity;
    command->key = session->key;
    command->service = sid_str(&session->service_sid);
    command->guarded = true;
    session_forward(session, command);
}

void session_release(struct session *session)
{
    core_link_returned(&session->table->core);
    session->in_core--;
    if (!session->in_core && session->texts)
        drop_texts(&session->texts->older);
    if (!session->in_core && !session->socket)
        free_session(session);
    else if (!owes_answers(session) && session->table->draining)
        session_end_because(session, "shutdown");
    else
        session_adjust_reading(session);
}
