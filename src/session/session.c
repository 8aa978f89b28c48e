/* A message comes in as on_message, is read as a packet and goes to methods.c. What the session
 * says goes out through session_send_packet and session_send.
 *
 * A client that sends faster than it may, has too much under way, or leaves what it is sent
 * standing, is not read from until that is better: it waits, and nothing is lost. */
#include "session/session.h"

#include "auth/jwt.h"
#include "base/log.h"
#include "base/mem.h"
#include "dialect/problem.h"
#include "realtime/methods.h"
#include "realtime/request.h"
#include "realtime/subscription_route.h"
#include "session/janitor.h"
#include "session/packet_header.h"
#include "session/strangers.h"
#include "subscription/catchup.h"
#include "subscription/topics.h"

#include <assert.h>
#include <stdlib.h>

enum { MESSAGE_SIZE_MAX = 256 << 20, BURST_S = 2, US_PER_S = 1000000 };

struct session_texts {
    struct session_texts *older;
    char bytes[];
};

static struct sessions *sessions_of(const struct session *session)
{
    return realtime_sessions(session->realtime);
}

static const struct realtime_options *options_of(const struct session *session)
{
    return sessions_of(session)->options;
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

/* `let_in`: the client was. Those that were not could fill the access log as they like. */
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

static struct work_lane *get_lane(const struct session *session, enum work_class class)
{
    struct work_queue *work = realtime_hub(session->realtime)->options->work;
    return work_lane_get(work, class, session->network, session->id);
}

static void trust(struct session *session)
{
    struct work_lane *before = session->lane;
    session->lane = get_lane(session, WORK_KNOWN);
    websocket_trust(session->socket, session->lane);
    work_lane_put(before);
}

void session_move(struct session *session, enum session_state state)
{
    bool was_ready = session->state == SESSION_READY;
    assert(moves[session->state] >> state & 1);
    session->state = state;
    if (state == SESSION_ENDED)
        request_queue_drop(&session->requests); /* nobody would hear the answers */
    if (state == SESSION_READY) {
        strangers_remove(sessions_of(session), session);
        trust(session);
        log_session(session, true, "session ready", NULL);
    }
    if (state == SESSION_ENDED)
        log_session(session, was_ready, "session ended", session->reason);
    if (state == SESSION_ENDED && session->socket)
        websocket_close(session->socket, WEBSOCKET_GOING_AWAY, STR(""));
}

void session_end_because(struct session *session, const char *reason)
{
    if (session->state == SESSION_ENDED)
        return;
    session->reason = reason;
    outbox_flush(session); /* the messages of streams come only once */
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

/* --- sending --- */

bool session_is_talking(const struct session *session)
{
    return session->socket && session->state != SESSION_ENDED;
}

void session_send(struct session *session, struct parcel *parcel)
{
    if (!session_is_talking(session))
        return;
    websocket_send(session->socket, parcel);
    session->sent_ms = now_ms(session);
}

void session_send_packet(struct session *session, struct str header, struct str payload)
{
    struct buf message;
    if (!session_is_talking(session))
        return;
    buf_init(&message, MESSAGE_SIZE_MAX);
    packet_write(header, payload, &message);
    struct parcel *parcel = parcel_new(sessions_of(session)->sockets, buf_str(&message));
    buf_deinit(&message);
    session_send(session, parcel);
    parcel_unref(parcel);
}

static void send_header(struct session *session, struct buf *header, struct str payload)
{
    session_send_packet(session, buf_str(header), payload);
    buf_deinit(header);
}

void session_reply_http(struct session *session, struct str id, unsigned http_status,
                        struct str body)
{
    struct buf header;
    outbox_flush(session); /* what happened before is told before */
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    packet_header_reply_http(id, http_status, &header);
    send_header(session, &header, body);
}

static void reply(struct session *session, struct str id, const struct packet_status *status,
                  struct str body)
{
    struct buf header;
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    packet_header_reply(id, status, &header);
    send_header(session, &header, body);
}

void session_reply(struct session *session, struct str id, unsigned status, const char *text,
                   unsigned code, struct str body)
{
    struct packet_status said = {.code = status, .text = text, .error_code = code};
    reply(session, id, &said, body);
}

void session_refuse(struct session *session, struct str id, enum err err)
{
    const struct problem *problem = problem_find(err, 0);
    struct packet_status said = {
        .code = problem->status,
        .error_code = problem->code,
        .description = problem->message,
    };
    bool later = problem->status == 429 || problem->status == 503;
    struct str backoff = STR("{\"backoff_policy\":{\"reconnect_min_ms\":2000,"
                             "\"reconnect_max_ms\":20000}}");
    reply(session, id, &said, later ? backoff : STR(""));
}

void session_send_own(struct session *session, void (*write)(struct str id, struct buf *out))
{
    struct buf header;
    char id[SID_LENGTH + 1];
    hub_packet_id(realtime_hub(session->realtime), id);
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    write(str_from(id), &header);
    send_header(session, &header, STR(""));
}

/* --- limits --- */

size_t session_waiting(const struct session *session)
{
    return websocket_queued(session->socket) + session->outbox.bytes;
}

bool session_has_room(struct session *session, size_t bytes)
{
    if (!session_is_talking(session))
        return false;
    /* What waits only for the window's end is nothing that the client was slow to take. */
    if (session_waiting(session) + bytes > options_of(session)->queue_max && session->outbox.bytes)
        outbox_flush(session);
    size_t before = session_waiting(session);
    bool room = !before || before + bytes <= options_of(session)->queue_max;
    session->backpressured |= !room;
    return room;
}

/* Of an answer to a page nobody knows the size before it is there: it may exceed the limit once. */
static bool has_room_for_page(struct request_queue *requests)
{
    const struct session *session = ring_of(requests, struct session, requests);
    return session_is_talking(session) &&
           session_waiting(session) <= options_of(session)->queue_max;
}

/* Requests that are not answered yet. */
static bool owes_answers(const struct session *session)
{
    return session->in_core || session->requests.waiting.first;
}

void session_resume(struct session *session)
{
    request_queue_resume(&session->requests);
    /* What waits for its window is nothing that the client was slow to take. */
    if (!session->backpressured || websocket_queued(session->socket))
        return;
    session->backpressured = false;
    catchup_resume_all(session);
}

/* What a message takes of a client's time, by its number or by its bytes, whichever is more. */
static uint64_t price_us(const struct realtime_options *options, size_t bytes)
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

void session_adjust_reading(struct session *session)
{
    const struct realtime_options *options = options_of(session);
    if (!session_is_talking(session))
        return;
    bool fast = is_too_fast(session);
    bool on = !fast && !sessions_of(session)->draining && !session->subscriber.subscribing &&
              session->in_core + session->requests.waiting.count < options->requests_max &&
              session->requests.size <= options->queue_max &&
              websocket_queued(session->socket) <= queue_max(session);
    if (fast)
        sessions_throttle(sessions_of(session), session);
    if (on != session->reading)
        websocket_read(session->socket, on);
    session->reading = on;
}

/* --- what the socket says --- */

static void on_message(void *context, struct str bytes, bool text)
{
    struct session *session = context;
    struct arena *arena = &sessions_of(session)->packet;
    struct packet packet = {0};
    const char *reason;
    (void)text; /* clients send binary messages, but nothing hangs on it */
    if (session->state == SESSION_ENDED || !strangers_count_packet(session))
        return;
    book_message(session, bytes.len);
    if (packet_parse(bytes, arena, &packet, &reason))
        methods_handle(session, &packet);
    else
        methods_give_up(session, reason);
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
    sessions_remove(sessions_of(session), session);
    subscription_end_all(session);
    outbox_deinit(&session->outbox);
    drop_texts(&session->texts);
    work_lane_put(session->lane);
    free(session);
}

static void on_closed(void *context, unsigned code)
{
    struct session *session = context;
    session->socket = NULL;
    strangers_remove(sessions_of(session), session);
    session_end_because(session, code == WEBSOCKET_ABNORMAL ? "connection lost" : "closed");
    request_queue_drop(&session->requests);
    subscription_route_drop(session);
    subscription_end_all(session);
    if (!session->in_core)
        free_session(session);
}

struct session *session_new(struct realtime *realtime, struct str base, uint64_t network,
                            bool deflate)
{
    tally_slot *of_network;
    if (!sessions_count_network(realtime_sessions(realtime), network, &of_network))
        return NULL;
    struct session *session = mem_zalloc(1, sizeof *session + base.len);
    session->realtime = realtime;
    session->network = network;
    session->of_network = of_network;
    session->id = realtime_sessions(realtime)->next_id++;
    session->deflate = deflate;
    memcpy(session->base_text, base.ptr, base.len);
    session->base = (struct str){session->base_text, base.len};
    session->reading = true;
    ring_init(&session->place);
    ring_init(&session->stranger);
    ring_init(&session->throttled);
    request_queue_init(&session->requests, &realtime_hub(realtime)->pages, has_room_for_page,
                       request_submit);
    outbox_init(&session->outbox);
    subscription_init(session);
    sessions_add(sessions_of(session), session);
    return session;
}

void session_attach(struct session *session, int fd, struct str early)
{
    struct sessions *sessions = sessions_of(session);
    struct websocket_handler handler = {on_message, on_drained, on_closed, session};
    if (fd < 0) {
        session_end_because(session, "connection lost");
        free_session(session);
        return;
    }
    peer_address(fd, session->address);
    session->opened_ms = session->sent_ms = session->pinged_ms = now_ms(session);
    session->lane = get_lane(session, WORK_STRANGERS);
    session->socket =
        websocket_new(sessions->sockets, fd, early, session->deflate, session->lane, &handler);
    if (session->state == SESSION_ENDED)
        websocket_cut(session->socket);
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
    realtime_submit(session->realtime, command);
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
    realtime_returned(session->realtime);
    session->in_core--;
    if (!session->in_core && session->texts)
        drop_texts(&session->texts->older);
    if (!session->in_core && !session->socket)
        free_session(session);
    else if (!owes_answers(session) && sessions_of(session)->draining)
        session_end_because(session, "shutdown");
    else
        session_adjust_reading(session);
}
