/* What one client is sent, and the events that wait for it.
 *
 * The first event is sent at once; while more follow within the window they are collected, and go
 * together at its end, runs of one type in one packet. When a turn of the loop has no time left
 * to send them, a later one does (base/work.h). Whatever the batching, events leave in the order
 * in which they were put in. */
#ifndef SESSION_OUTBOX_H
#define SESSION_OUTBOX_H

#include "base/ring.h"
#include "base/work.h"
#include "session/packet_id.h"
#include "session/session_options.h"
#include "ws/websocket.h"

struct event;

/* What the outboxes of one gateway share. */
struct outboxes {
    const struct session_options *options;
    struct session_metrics *metrics;
    struct websockets *sockets;
    struct packet_ids ids;
    struct ring waiting; /* outboxes, for the window's end */
    uv_timer_t window;
    size_t unsent; /* outboxes in which events wait */
    struct batch_cache {
        struct event **events; /* what the last batch was made of, with references */
        size_t count;
        unsigned protocol;
        struct parcel *parcel;
    } last; /* kept while any events wait */
};

enum { OUTBOX_PROTOCOL_OLDEST = 3, OUTBOX_PROTOCOL_NEWEST = 4 };

struct outbox {
    struct outboxes *shared;
    struct websocket *socket; /* NULL: the session does not talk, not yet or no more */
    struct work_lane *lane;   /* of its client; set by the session before anything is put in */
    unsigned protocol;        /* of events: 3 or 4; as the client asked last */
    struct ring place;        /* among the outboxes that wait for the window's end */
    struct worker worker;     /* it waits for a turn that has time to send */
    struct event **waiting;   /* with references */
    size_t count;
    size_t capacity;
    size_t bytes;       /* of those waiting */
    uint64_t sent_ms;   /* the last packet with events; these by uv_now() */
    uint64_t spoke_ms;  /* the last packet of any kind */
    bool backpressured; /* it had no room for an event */
};

void outboxes_init(struct outboxes *outboxes, const struct session_options *options,
                   struct session_metrics *metrics, struct websockets *sockets);

/* All outboxes are gone. The loop needs one more uv_run before `outboxes` may go. */
void outboxes_deinit(struct outboxes *outboxes);

void outbox_init(struct outbox *outbox, struct outboxes *shared);
void outbox_deinit(struct outbox *outbox);

/* From now on what is sent goes to `socket`; from then on nowhere. */
void outbox_open(struct outbox *outbox, struct websocket *socket);
void outbox_close(struct outbox *outbox);

/* Send a ready message at once, whatever waits. */
void outbox_send(struct outbox *outbox, struct parcel *parcel);

/* Send an event, now or later; takes a reference of its own. */
void outbox_put(struct outbox *outbox, struct event *event);

/* Send what waits, before the window's end. */
void outbox_flush(struct outbox *outbox);

/* Bytes that wait for the client, here and in its socket. */
size_t outbox_waiting(const struct outbox *outbox);

/* Is there room for another event of that size, or should a subscription fall behind? One that is
 * larger than all the room finds it while nothing else waits. */
bool outbox_has_room(struct outbox *outbox, size_t bytes);

/* True, once: the outbox had no room for an event, and its socket has taken all that waited. */
bool outbox_is_relieved(struct outbox *outbox);

#endif
