/* What a session has of subscriptions (subscription.h). */
#ifndef SUBSCRIPTION_SUBSCRIBER_H
#define SUBSCRIPTION_SUBSCRIBER_H

#include "base/ring.h"

#include <stddef.h>
#include <stdint.h>

struct subscribing;

/* One answer brings what is near up to date. What is far takes many, so it is in a lane of its own,
 * and others need not wait for it. */
enum catchup_lane { CATCHUP_NEAR, CATCHUP_FAR, CATCHUP_LANES };

/* The subscriptions of a session that wait in a lane. */
struct catchup_queue {
    struct ring place; /* of the session, among those of the gateway that wait in this lane */
    struct ring waiting;
};

enum { SUBSCRIBER_OWN_MAX = 32 };

struct subscriber {
    struct ring subscriptions;
    size_t count;
    size_t queries_size;                        /* bytes that its live queries take */
    struct catchup_queue behind[CATCHUP_LANES]; /* those that wait to catch up: replay.c */
    struct subscribing *subscribing; /* the request that is being carried out: establish.c */
    unsigned protocol;               /* of its last request: 3 or 4 */
    /* Event ids of what it did to objects that it had not subscribed to; the oldest is forgotten.
     * NULL: nothing yet. */
    uint64_t *own;
    unsigned own_next;
};

#endif
