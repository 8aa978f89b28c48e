/* What a session has of subscriptions (subscription.h). */
#ifndef REALTIME_SUBSCRIBER_H
#define REALTIME_SUBSCRIBER_H

#include "base/ring.h"

#include <stddef.h>
#include <stdint.h>

enum { SUBSCRIBER_OWN_MAX = 32 };

struct subscriber {
    struct ring subscriptions;
    size_t count;
    size_t live_size;   /* bytes that its live queries take */
    struct ring behind; /* those of them that wait for their turn to catch up: replay.c */
    size_t steps;       /* of replay.c, in the core's hands */
    unsigned protocol;  /* of its last request: 3 or 4 */
    /* Event ids of what it did to objects that it had not subscribed to; the oldest is forgotten.
     * NULL: nothing yet. */
    uint64_t *own;
    unsigned own_next;
};

#endif
