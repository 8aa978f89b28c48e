/* The sending half of a WebSocket: straight to the kernel as long as it takes what there is, and
 * behind that a queue of references to parcels, which has no memory when it is empty.
 *
 * A parcel that is to be deflated and is large is not ready when it comes to its turn: then the
 * queue waits for us, not for the kernel, until outgoing_pack has been called often enough. */
#ifndef WS_OUTGOING_H
#define WS_OUTGOING_H

#include "base/err.h"
#include "ws/sockets.h"

struct waiting;

struct outgoing {
    struct websockets *sockets; /* the clock, the metrics */
    int fd;
    bool deflate;
    struct waiting *first, *last;
    size_t sent;       /* bytes of the first that are gone */
    size_t queued;     /* bytes of all that are not, or the memory of those that are not ready */
    uint64_t since_ms; /* when the queue was last empty */
    uint64_t taken;    /* bytes that the kernel took of it since */
    uint64_t moved_ms; /* when the kernel last took a byte, or we deflated, or the queue was empty
                          before */
};

void outgoing_init(struct outgoing *outgoing, struct websockets *sockets, int fd, bool deflate);

/* Nothing is sent any more. */
void outgoing_drop(struct outgoing *outgoing);

/* Both: false when the connection is lost. What waits is to be packed while outgoing_is_unready,
 * else to be flushed when the socket is writable. */
must_check bool outgoing_send(struct outgoing *outgoing, struct parcel *parcel);
must_check bool outgoing_flush(struct outgoing *outgoing);

/* Does the first wait to be deflated? */
bool outgoing_is_unready(const struct outgoing *outgoing);

/* Deflate a piece of it. */
void outgoing_pack(struct outgoing *outgoing);

static inline bool outgoing_waits(const struct outgoing *outgoing)
{
    return outgoing->first;
}

#endif
