/* The feed: all that happens, in the order in which it happens, for whoever listens.
 *
 * What is published is a change that was committed, or a stream's message (sync/message.h).
 * Listeners are called in the core's turn, one after the other, and must be quick. */
#ifndef SYNC_FEED_H
#define SYNC_FEED_H

#include "base/ring.h"
#include "store/change.h"

struct feed {
    struct ring listeners;
};

struct feed_listener {
    struct ring place;
    /* `change` is borrowed; take a reference to keep it. */
    void (*hear)(void *context, struct change *change);
    void *context;
};

void feed_init(struct feed *feed);

/* From now on; until feed_leave. Not from within `hear`. */
void feed_join(struct feed *feed, struct feed_listener *listener);
void feed_leave(struct feed_listener *listener);

void feed_publish(const struct feed *feed, struct change *change);

#endif
