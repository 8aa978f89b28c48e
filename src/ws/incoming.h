/* Frames put together to messages: the receiving half of a WebSocket, without the socket.
 *
 * A message of one plain frame is handed out where it stands; fragments, and what is inflated,
 * have memory only until the message has been dealt with. */
#ifndef WS_INCOMING_H
#define WS_INCOMING_H

#include "base/buf.h"
#include "ws/deflate.h"

enum incoming_kind {
    INCOMING_MORE,    /* not a whole frame: nothing was taken */
    INCOMING_NOTHING, /* a fragment, or a pong */
    INCOMING_MESSAGE,
    INCOMING_PING,
    INCOMING_CLOSE,
    INCOMING_FAULT, /* a breach of the protocol: read nothing more */
};

struct incoming {
    struct deflate *deflate; /* NULL: no compression was agreed on */
    size_t message_size_max; /* inflated */
    struct buf message;      /* the fragments so far; or a message inflated */
    unsigned opcode;         /* of the message that `message` begins; 0: there is none */
    bool deflated;           /* is it? */
};

struct incoming_piece {
    enum incoming_kind kind;
    size_t taken; /* bytes */
    bool text;
    unsigned code; /* INCOMING_FAULT: what to close with. INCOMING_CLOSE: the peer's, or 1005 */
    struct str payload; /* INCOMING_MESSAGE, INCOMING_PING; until the next call here */
};

void incoming_init(struct incoming *incoming, size_t message_size_max, struct deflate *deflate);
void incoming_deinit(struct incoming *incoming);

/* Another limit, not below the one that there was, also for a message that has begun. */
void incoming_allow(struct incoming *incoming, size_t message_size_max);

/* Take one frame off the beginning of `bytes`, whose mask is removed in place. */
struct incoming_piece incoming_take(struct incoming *incoming, char *bytes, size_t len);

/* The last piece has been dealt with. */
void incoming_release(struct incoming *incoming);

#endif
