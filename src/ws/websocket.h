/* A WebSocket connection (RFC 6455), the server's side, on a connected socket.
 *
 * All sockets of one thread share a `struct websockets`: the libuv loop, the buffer that is read
 * into, and the zlib streams. An idle socket holds no buffers.
 *
 * The life of a socket:
 *  1. websocket_new takes over the descriptor. Callbacks run from the loop, never from inside a
 *     call of this header, but for the messages among the early bytes, which come in the loop's
 *     next turn.
 *  2. `message` is called for each complete message, until the socket is closing.
 *  3. websocket_close (or a client's close frame, or a breach of the protocol) starts the closing
 *     handshake: what is queued is still sent, then the close frame; when the peer has answered,
 *     or the close timeout has passed, the socket ends. A closing socket reads, whatever
 *     websocket_read said. websocket_cut ends it without all that.
 *  4. `closed` is called exactly once; the socket is gone when it returns. */
#ifndef WS_WEBSOCKET_H
#define WS_WEBSOCKET_H

#include "base/metric.h"
#include "base/ring.h"
#include "base/str.h"
#include "base/work.h"
#include "ws/parcel.h"

#include <uv.h>

enum websocket_code { /* RFC 6455 section 7.4.1 */
                      WEBSOCKET_NORMAL = 1000,
                      WEBSOCKET_GOING_AWAY = 1001,
                      WEBSOCKET_PROTOCOL = 1002,
                      WEBSOCKET_UNSUPPORTED = 1003,
                      WEBSOCKET_NONE = 1005,     /* never sent: the close frame had no code */
                      WEBSOCKET_ABNORMAL = 1006, /* never sent: there was no close frame */
                      WEBSOCKET_DATA = 1007,     /* not UTF-8, or not deflated as it should be */
                      WEBSOCKET_POLICY = 1008,
                      WEBSOCKET_TOO_BIG = 1009,
};

/* A new socket is not trusted until websocket_trust: then its peer may send little, and all that is
 * kept for it is at most one message of `untrusted_size_max`. */
struct websocket_options {
    struct work_queue *work;    /* what is too large for one turn of the loop */
    size_t message_size_max;    /* bytes of one incoming message, inflated; more: 1009 */
    size_t untrusted_size_max;  /* the same, before the socket is trusted */
    size_t untrusted_bytes_max; /* bytes of all kinds before that; more: 1008. 0: new sockets are
                                   trusted */
    unsigned close_timeout_ms;
};

struct websocket_metrics {
    struct metric bytes_in;
    struct metric bytes_out;
    struct metric queue_max; /* bytes: the most that ever waited in one socket */
};

struct websockets;
struct websocket;

struct websockets *websockets_new(uv_loop_t *loop, const struct websocket_options *options);

/* Every socket has been closed. The loop needs one more uv_run. */
void websockets_free(struct websockets *sockets);

const struct websocket_metrics *websockets_metrics(const struct websockets *sockets);

struct websocket_handler {
    void (*message)(void *context, struct str bytes, bool text); /* borrowed for the call */
    void (*drained)(void *context); /* what had to wait has all been taken by the kernel */
    void (*closed)(void *context, unsigned code); /* what the peer gave, or what it did wrong; or
                                                     WEBSOCKET_NONE, WEBSOCKET_ABNORMAL */
    void *context;
};

/* `fd`: connected, non-blocking, taken over. `early`: bytes that came behind the handshake;
 * copied. `deflate`: permessage-deflate was agreed on, without context takeover either way. `lane`:
 * where its work waits; whoever closes the socket has it until `closed`. */
struct websocket *websocket_new(struct websockets *sockets, int fd, struct str early, bool deflate,
                                struct work_lane *lane, const struct websocket_handler *handler);

/* From now on the peer may send as much as anybody, and its work waits in `lane`. */
void websocket_trust(struct websocket *socket, struct work_lane *lane);

/* Send one message: at once as far as the kernel takes it, the rest waits. Takes a reference of
 * its own. Nothing is sent once the socket is closing. */
void websocket_send(struct websocket *socket, struct parcel *parcel);

/* A ping frame (RFC 6455 section 5.5.2) with no payload. None while output waits, which says as
 * much about the peer. */
void websocket_ping(struct websocket *socket);

/* Bytes that wait for the kernel; or, of what waits to be deflated before, the memory. */
size_t websocket_queued(const struct websocket *socket);

/* uv_now() when any byte last came in; when the kernel last took a byte, or nothing waited. */
uint64_t websocket_heard_ms(const struct websocket *socket);
uint64_t websocket_moved_ms(const struct websocket *socket);

/* What the peer has been given to take since nothing waited: `bytes`, of which websocket_queued are
 * left, since `since_ms`. None: nothing waits. */
struct websocket_load {
    uint64_t since_ms;
    uint64_t bytes;
};
struct websocket_load websocket_load(const struct websocket *socket);

/* Read on, or leave what comes in the kernel (then the peer has to wait). A new socket reads. */
void websocket_read(struct websocket *socket, bool on);

/* See above; `reason`: at most 123 bytes of UTF-8. Closing twice is fine. */
void websocket_close(struct websocket *socket, unsigned code, struct str reason);
void websocket_cut(struct websocket *socket);

#endif
