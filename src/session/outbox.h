/* Events on their way to one session.
 *
 * The first is sent at once; while more follow within the window they are collected, and go
 * together at its end, runs of one type in one packet. When a turn of the loop has no time left
 * for it, a later one sends them (base/work.h). Whatever the batching, they leave in the order in
 * which they were put in. */
#ifndef SESSION_OUTBOX_H
#define SESSION_OUTBOX_H

#include "base/ring.h"
#include "base/str.h"
#include "base/work.h"

#include <stdint.h>

struct hub;
struct event;
struct session;

struct outbox {
    struct ring place;      /* among those that wait for the window's end */
    struct worker worker;   /* it waits for a turn that has time to send */
    struct event **waiting; /* with references */
    size_t count;
    size_t capacity;
    size_t bytes;     /* of those waiting */
    uint64_t sent_ms; /* the last packet with events */
};

void outbox_init(struct outbox *outbox);
void outbox_deinit(struct outbox *outbox);

/* Takes a reference of its own. */
void outbox_put(struct session *session, struct event *event);

/* Send what waits, before the window's end. */
void outbox_flush(struct session *session);

#endif
