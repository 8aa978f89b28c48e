/* How bytes come in: the loop says that a socket is readable; up to 64 KiB are read into the
 * thread's buffer and taken apart there (incoming.h), as far as one step goes (base/work.h). What
 * is left of an incomplete frame, and what is left when the step is over or the socket was told not
 * to read, is kept in the socket's own buffer. Whole frames in there are a backlog: the socket
 * waits as a worker to take them apart, and nothing more is read until it has. When others wait
 * already, or the turn has no time left, a readable socket waits as a worker to be read from.
 *
 * From a peer that is not trusted no more is read at a time than its largest frame has, so that is
 * all it can make the socket keep.
 *
 * How bytes go out: outgoing.h; what the kernel does not take waits until the loop says that the
 * socket is writable. What is too large to be deflated in one step waits for us, as a worker again.
 *
 *          our close frame           peer's close frame
 *   OPEN ------------------> CLOSING ------------------> LEAVING --> ENDED
 *    | |                        |                           ^          ^
 *    | +------------------------+---------------------------+          |
 *    |            breach of the protocol, peer's close frame           |
 *    +-----------------------------------------------------------------+
 *            from anywhere: cut, connection lost, too late
 *
 * CLOSING: the peer may still send. LEAVING: nothing that comes is looked at any more; what waits
 * is sent, and after a breach the peer gets time to read it: a socket closed with bytes unread is
 * reset, and the reset may overtake the close frame. ENDED: `closed` runs in the loop's next
 * turn. */
#include "ws/websocket.h"

#include "base/mem.h"
#include "ws/incoming.h"
#include "ws/outgoing.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CODE_SIZE = 2 };

enum state { OPEN, CLOSING, LEAVING, ENDED };

struct websocket {
    struct websockets *sockets;
    struct websocket_handler handler;
    uv_poll_t poll;
    int fd;
    struct work_lane *lane;
    enum state state;
    unsigned code; /* for `closed` */
    bool reading;
    int watched;          /* what the loop looks for: UV_READABLE, UV_WRITABLE */
    bool backlog;         /* `kept` may hold whole frames */
    struct worker input;  /* it has a backlog, or is readable */
    struct worker output; /* the next to be sent is to be deflated before */
    bool broken;          /* the peer broke the protocol */
    bool trusted;
    struct ring closing; /* among those that wait for their peer, CLOSING and LEAVING */
    struct ring soon;
    uint64_t closing_ms; /* since when */
    uint64_t heard_ms;
    size_t heard;    /* bytes, while it is not trusted */
    struct buf kept; /* bytes that came and have not been taken apart */
    struct incoming incoming;
    struct outgoing outgoing;
    struct parcel *pong; /* to be sent when nothing waits: the answer to the latest ping */
};

/* --- what they share --- */

static void on_soon(uv_timer_t *timer);
static void on_too_late(uv_timer_t *timer);

struct websockets *websockets_new(uv_loop_t *loop, const struct websocket_options *options)
{
    struct websockets *sockets = mem_zalloc(1, sizeof *sockets);
    sockets->options = *options;
    sockets->loop = loop;
    deflate_init(&sockets->deflate);
    ring_init(&sockets->closing);
    ring_init(&sockets->soon);
    uv_timer_init(loop, &sockets->close_timer);
    uv_timer_init(loop, &sockets->soon_timer);
    sockets->handles = 2;
    sockets->close_timer.data = sockets->soon_timer.data = sockets;
    return sockets;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct websockets *sockets = handle->data;
    if (--sockets->handles)
        return;
    deflate_deinit(&sockets->deflate);
    free(sockets);
}

void websockets_free(struct websockets *sockets)
{
    assert(ring_is_empty(&sockets->closing) && ring_is_empty(&sockets->soon));
    uv_close((uv_handle_t *)&sockets->close_timer, on_timer_closed);
    uv_close((uv_handle_t *)&sockets->soon_timer, on_timer_closed);
}

const struct websocket_metrics *websockets_metrics(const struct websockets *sockets)
{
    return &sockets->metrics;
}

/* --- life --- */

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct websocket *socket)
{
    const struct outgoing *outgoing = &socket->outgoing;
    bool readable = socket->reading && !work_waits(&socket->input);
    bool writable = outgoing_waits(outgoing) && !outgoing_is_unready(outgoing);
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (socket->state == ENDED)
        events = 0;
    if (events == socket->watched)
        return;
    socket->watched = events;
    if (events)
        uv_poll_start(&socket->poll, events, on_ready);
    else
        uv_poll_stop(&socket->poll);
}

static void visit_soon(struct websocket *socket)
{
    struct websockets *sockets = socket->sockets;
    if (!ring_is_empty(&socket->soon))
        return;
    ring_append(&sockets->soon, &socket->soon);
    uv_timer_start(&sockets->soon_timer, on_soon, 0, 0);
}

/* All wait for the same time, so the ring is in the order of their deadlines. */
static void await_peer(struct websocket *socket)
{
    struct websockets *sockets = socket->sockets;
    if (!ring_is_empty(&socket->closing))
        return;
    if (ring_is_empty(&sockets->closing))
        uv_timer_start(&sockets->close_timer, on_too_late, sockets->options.close_timeout_ms, 0);
    socket->closing_ms = uv_now(sockets->loop);
    ring_append(&sockets->closing, &socket->closing);
}

static void drop_pong(struct websocket *socket)
{
    parcel_unref(socket->pong);
    socket->pong = NULL;
}

/* What has been kept is taken apart when its turn comes. */
static void await_input(struct websocket *socket)
{
    if (socket->backlog)
        work_add(socket->lane, &socket->input);
}

/* The one way to another state. */
static void move(struct websocket *socket, enum state state)
{
    assert(state > socket->state);
    socket->state = state;
    socket->reading = true; /* for the peer's close frame, or its end */
    drop_pong(socket);
    if (state == ENDED) {
        ring_remove(&socket->closing);
        work_remove(&socket->input);
        work_remove(&socket->output);
        outgoing_drop(&socket->outgoing);
        visit_soon(socket);
    } else {
        await_peer(socket);
    }
    watch(socket);
}

static void end(struct websocket *socket)
{
    if (socket->state != ENDED)
        move(socket, ENDED);
}

static void on_too_late(uv_timer_t *timer)
{
    struct websockets *sockets = timer->data;
    uint64_t now_ms = uv_now(sockets->loop);
    while (!ring_is_empty(&sockets->closing)) {
        struct websocket *oldest = ring_of(sockets->closing.next, struct websocket, closing);
        uint64_t due_ms = oldest->closing_ms + sockets->options.close_timeout_ms;
        if (due_ms > now_ms) {
            uv_timer_start(timer, on_too_late, due_ms - now_ms, 0);
            return;
        }
        end(oldest);
    }
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct websocket *socket = handle->data;
    close(socket->fd);
    buf_deinit(&socket->kept);
    incoming_deinit(&socket->incoming);
    free(socket);
}

/* Whoever still has another descriptor of the connection must not keep it up. */
static void report_end(struct websocket *socket)
{
    shutdown(socket->fd, SHUT_RDWR);
    uv_close((uv_handle_t *)&socket->poll, on_poll_closed);
    socket->handler.closed(socket->handler.context, socket->code);
}

/* --- out --- */

/* What waits first is deflated when its turn comes, or makes the loop look for room. */
static void await_output(struct websocket *socket)
{
    if (outgoing_is_unready(&socket->outgoing))
        work_add(socket->lane, &socket->output);
    watch(socket);
}

static void send_parcel(struct websocket *socket, struct parcel *parcel)
{
    bool waited = outgoing_waits(&socket->outgoing);
    if (!outgoing_send(&socket->outgoing, parcel))
        end(socket);
    else if (!waited && outgoing_waits(&socket->outgoing))
        await_output(socket);
}

void websocket_send(struct websocket *socket, struct parcel *parcel)
{
    if (socket->state == OPEN)
        send_parcel(socket, parcel);
}

static void send_frame(struct websocket *socket, enum frame_opcode opcode, struct str payload)
{
    struct parcel *parcel = parcel_new_frame(opcode, payload);
    send_parcel(socket, parcel);
    parcel_unref(parcel);
}

void websocket_ping(struct websocket *socket)
{
    if (socket->state == OPEN && !outgoing_waits(&socket->outgoing))
        send_frame(socket, FRAME_PING, STR(""));
}

static void send_pong(struct websocket *socket)
{
    struct parcel *pong = socket->pong;
    socket->pong = NULL;
    if (pong)
        send_parcel(socket, pong);
    parcel_unref(pong);
}

/* All is out. After a breach wait for the peer's end. */
static void leave(struct websocket *socket)
{
    if (socket->broken)
        shutdown(socket->fd, SHUT_WR);
    else
        end(socket);
}

static void flush(struct websocket *socket)
{
    if (!outgoing_flush(&socket->outgoing)) {
        end(socket);
        return;
    }
    await_output(socket);
    if (outgoing_waits(&socket->outgoing))
        return;
    send_pong(socket);
    if (socket->state == ENDED || outgoing_waits(&socket->outgoing))
        return;
    if (socket->state == LEAVING)
        leave(socket);
    else if (socket->state == OPEN)
        socket->handler.drained(socket->handler.context);
}

static bool pack_some(struct worker *worker)
{
    struct websocket *socket = ring_of(worker, struct websocket, output);
    if (outgoing_is_unready(&socket->outgoing))
        outgoing_pack(&socket->outgoing);
    if (!outgoing_is_unready(&socket->outgoing))
        flush(socket);
    return outgoing_is_unready(&socket->outgoing);
}

size_t websocket_queued(const struct websocket *socket)
{
    return socket->outgoing.queued;
}

struct websocket_load websocket_load(const struct websocket *socket)
{
    const struct outgoing *outgoing = &socket->outgoing;
    if (!outgoing_waits(outgoing))
        return (struct websocket_load){uv_now(socket->sockets->loop), 0};
    return (struct websocket_load){outgoing->since_ms, outgoing->taken + outgoing->queued};
}

uint64_t websocket_moved_ms(const struct websocket *socket)
{
    const struct outgoing *outgoing = &socket->outgoing;
    bool waits = outgoing_waits(outgoing) && !outgoing_is_unready(outgoing);
    return waits ? socket->outgoing.moved_ms : uv_now(socket->sockets->loop);
}

/* --- closing --- */

static void send_close(struct websocket *socket, unsigned code, struct str reason)
{
    char payload[FRAME_CONTROL_MAX] = {(char)(code >> 8), (char)code};
    assert(reason.len <= sizeof payload - CODE_SIZE);
    if (reason.len)
        memcpy(payload + CODE_SIZE, reason.ptr, reason.len);
    size_t len = code == WEBSOCKET_NONE ? 0 : CODE_SIZE + reason.len;
    send_frame(socket, FRAME_CLOSE, (struct str){payload, len});
}

void websocket_close(struct websocket *socket, unsigned code, struct str reason)
{
    if (socket->state != OPEN)
        return;
    send_close(socket, code, reason);
    if (socket->state == ENDED)
        return;
    move(socket, CLOSING);
    await_input(socket);
}

void websocket_cut(struct websocket *socket)
{
    end(socket);
}

/* The peer has sent its close frame, or broken the protocol. Unless we have sent ours, do. */
static void answer_close(struct websocket *socket, unsigned code)
{
    socket->code = code;
    if (socket->state == OPEN)
        send_close(socket, code, STR(""));
    if (socket->state == ENDED)
        return;
    move(socket, LEAVING);
    if (!outgoing_waits(&socket->outgoing))
        leave(socket);
}

/* --- in --- */

static void answer_ping(struct websocket *socket, struct str payload)
{
    if (socket->state != OPEN)
        return;
    drop_pong(socket);
    socket->pong = parcel_new_frame(FRAME_PONG, payload);
    if (!outgoing_waits(&socket->outgoing))
        send_pong(socket);
}

static void take_piece(struct websocket *socket, const struct incoming_piece *piece)
{
    switch (piece->kind) {
    case INCOMING_MORE:
    case INCOMING_NOTHING:
        break;
    case INCOMING_MESSAGE:
        if (socket->state == OPEN)
            socket->handler.message(socket->handler.context, piece->payload, piece->text);
        break;
    case INCOMING_PING:
        answer_ping(socket, piece->payload);
        break;
    case INCOMING_CLOSE:
    case INCOMING_FAULT:
        socket->broken = piece->kind == INCOMING_FAULT;
        answer_close(socket, piece->code);
        break;
    }
}

/* So much did a piece cost to take apart: bytes, and inflated ones. */
static size_t cost_of(const struct incoming_piece *piece)
{
    bool inflated = piece->kind == INCOMING_MESSAGE && piece->payload.len > piece->taken;
    return inflated ? piece->payload.len : piece->taken;
}

/* As long as there are whole frames, the socket reads and the step goes on; how many bytes they
 * had. What is left is a backlog, unless it is the beginning of a frame. */
static size_t take_pieces(struct websocket *socket, char *bytes, size_t len)
{
    struct work_slice slice = work_slice(socket->sockets->options.work);
    struct incoming_piece piece = {.kind = INCOMING_NOTHING};
    size_t at = 0;
    bool more = true;
    while (at < len && more && socket->reading && socket->state < LEAVING) {
        piece = incoming_take(&socket->incoming, bytes + at, len - at);
        at += piece.taken;
        take_piece(socket, &piece);
        more = piece.kind != INCOMING_MORE && at < len && work_goes_on(&slice, cost_of(&piece));
    }
    incoming_release(&socket->incoming);
    socket->backlog = at < len && piece.kind != INCOMING_MORE && socket->state < LEAVING;
    return at;
}

static void drop_kept(struct websocket *socket)
{
    size_t size_max = socket->kept.size_max;
    buf_deinit(&socket->kept);
    buf_init(&socket->kept, size_max);
}

/* Take apart what has been kept; the memory stays with what is left only. */
static void take_kept(struct websocket *socket)
{
    struct buf *kept = &socket->kept;
    size_t taken = take_pieces(socket, kept->ptr, kept->len);
    if (taken == kept->len || socket->state >= LEAVING) {
        drop_kept(socket);
    } else if (taken) {
        memmove(kept->ptr, kept->ptr + taken, kept->len - taken);
        kept->len -= taken;
    }
}

static void take_bytes(struct websocket *socket, char *bytes, size_t len)
{
    if (socket->kept.len) {
        buf_add(&socket->kept, (struct str){bytes, len});
        take_kept(socket);
        return;
    }
    size_t taken = take_pieces(socket, bytes, len);
    if (taken < len && socket->state < LEAVING)
        buf_add(&socket->kept, (struct str){bytes + taken, len - taken});
}

/* How many bytes may be read now. */
static size_t read_size(const struct websocket *socket)
{
    size_t frame_max = socket->sockets->options.untrusted_size_max + FRAME_HEADER_MAX;
    if (socket->trusted || frame_max > SOCKETS_READ_SIZE)
        return SOCKETS_READ_SIZE;
    return frame_max > socket->kept.len ? frame_max - socket->kept.len : 1;
}

/* Has a peer that is not trusted sent more than it may in all? */
static bool is_beyond_bearing(struct websocket *socket, size_t count)
{
    if (socket->trusted)
        return false;
    socket->heard += count;
    return socket->heard > socket->sockets->options.untrusted_bytes_max;
}

static void break_off(struct websocket *socket, unsigned code)
{
    socket->broken = true;
    answer_close(socket, code);
}

static void read_some(struct websocket *socket)
{
    struct websockets *sockets = socket->sockets;
    ssize_t count = recv(socket->fd, sockets->read, read_size(socket), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        end(socket);
        return;
    }
    metric_add(&sockets->metrics.bytes_in, (size_t)count);
    socket->heard_ms = uv_now(sockets->loop);
    if (socket->state >= LEAVING)
        return;
    if (is_beyond_bearing(socket, (size_t)count))
        break_off(socket, WEBSOCKET_POLICY);
    else
        take_bytes(socket, sockets->read, (size_t)count);
}

/* What has been kept comes before what is read. */
static bool take_some(struct worker *worker)
{
    struct websocket *socket = ring_of(worker, struct websocket, input);
    if (!socket->reading)
        return false;
    if (socket->backlog)
        take_kept(socket);
    else
        read_some(socket);
    bool more = socket->backlog && socket->reading && socket->state < LEAVING;
    if (!more)
        watch(socket);
    return more;
}

static void on_readable(struct websocket *socket)
{
    struct work_queue *work = socket->sockets->options.work;
    if (work_waits(&socket->input)) {
        watch(socket); /* not again, until it had its turn */
    } else if (work_is_free(work)) {
        read_some(socket);
        if (socket->reading)
            await_input(socket);
    } else {
        work_add(socket->lane, &socket->input);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct websocket *socket = poll->data;
    if (status < 0) {
        end(socket);
        return;
    }
    if (events & UV_WRITABLE)
        flush(socket);
    if ((events & UV_READABLE) && socket->reading && socket->state != ENDED)
        on_readable(socket);
}

/* Not from inside the call that ended it. */
static void on_soon(uv_timer_t *timer)
{
    struct websockets *sockets = timer->data;
    struct ring now;
    ring_init(&now);
    ring_move(&now, &sockets->soon);
    while (!ring_is_empty(&now)) {
        struct websocket *socket = ring_of(now.next, struct websocket, soon);
        ring_remove(&socket->soon);
        report_end(socket);
    }
}

void websocket_read(struct websocket *socket, bool on)
{
    if (socket->state != OPEN || socket->reading == on)
        return;
    socket->reading = on;
    if (on)
        await_input(socket);
    watch(socket);
}

void websocket_trust(struct websocket *socket, struct work_lane *lane)
{
    socket->lane = lane;
    work_move(&socket->input, lane);
    work_move(&socket->output, lane);
    socket->trusted = true;
    incoming_allow(&socket->incoming, socket->sockets->options.message_size_max);
}

uint64_t websocket_heard_ms(const struct websocket *socket)
{
    return socket->heard_ms;
}

struct websocket *websocket_new(struct websockets *sockets, int fd, struct str early, bool deflate,
                                struct work_lane *lane, const struct websocket_handler *handler)
{
    const struct websocket_options *options = &sockets->options;
    struct websocket *socket = mem_zalloc(1, sizeof *socket);
    bool trusted = !options->untrusted_bytes_max;
    size_t message_max = trusted ? options->message_size_max : options->untrusted_size_max;
    socket->sockets = sockets;
    socket->handler = *handler;
    socket->fd = fd;
    socket->lane = lane;
    socket->code = WEBSOCKET_ABNORMAL;
    socket->reading = true;
    socket->trusted = trusted;
    socket->heard_ms = uv_now(sockets->loop);
    ring_init(&socket->closing);
    ring_init(&socket->soon);
    worker_init(&socket->input, take_some);
    worker_init(&socket->output, pack_some);
    buf_init(&socket->kept,
             options->message_size_max + FRAME_HEADER_MAX + 2 * SOCKETS_READ_SIZE + early.len);
    outgoing_init(&socket->outgoing, sockets, fd, deflate);
    incoming_init(&socket->incoming, message_max, deflate ? &sockets->deflate : NULL);
    int e = uv_poll_init(sockets->loop, &socket->poll, fd);
    assert(e == 0);
    socket->poll.data = socket;
    watch(socket);
    if (early.len) {
        buf_add(&socket->kept, early);
        socket->backlog = true;
        await_input(socket);
    }
    return socket;
}
