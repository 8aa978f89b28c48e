/* What one session has of subscriptions, and what those of a gateway share. */
#ifndef SUBSCRIPTION_SUBSCRIBER_H
#define SUBSCRIPTION_SUBSCRIBER_H

#include "base/work.h"
#include "session/session.h"
#include "subscription/subscription_options.h"
#include "subscription/topics.h"

/* One answer brings what is near up to date. What is far takes many, so it is in a lane of its own,
 * and others need not wait for it. */
enum catchup_lane { CATCHUP_NEAR, CATCHUP_FAR, CATCHUP_LANES };

/* The subscriptions of a session that wait in a lane. */
struct catchup_queue {
    struct ring place; /* of the session, among those of the gateway that wait in this lane */
    struct ring waiting;
};

/* All subscriptions of one gateway. */
struct subscriptions {
    const struct subscription_options *options;
    struct subscription_metrics *metrics;
    struct work_queue *work;
    struct topics topics;
    struct catchup_turns {
        struct ring queues;  /* of sessions, whose turns follow one another */
        size_t in_flight;    /* requests on their way to the core and back */
    } behind[CATCHUP_LANES]; /* catchup.c's own */
};

enum { SUBSCRIBER_OWN_MAX = 32 };

struct subscriber {
    struct session *session;
    struct subscriptions *shared;
    struct ring subscriptions;
    size_t count;
    size_t queries_size;                        /* bytes that its live queries take */
    struct catchup_queue behind[CATCHUP_LANES]; /* subscriptions that wait to catch up: catchup.c */
    /* Event ids of what the session did to objects that it had not subscribed to; the oldest is
     * forgotten. NULL: nothing yet. */
    uint64_t *own;
    unsigned own_next;
};

/* `core` is told when nobody subscribes to an object any more. */
void subscriptions_init(struct subscriptions *subscriptions,
                        const struct subscription_options *options,
                        struct subscription_metrics *metrics, struct work_queue *work,
                        struct core_link *core);

/* All subscribers are gone. */
void subscriptions_deinit(struct subscriptions *subscriptions);

void subscriber_init(struct subscriber *subscriber, struct session *session,
                     struct subscriptions *shared);

/* End all its subscriptions: its socket is gone. */
void subscriber_end_all(struct subscriber *subscriber);

/* They are ended if they were not. */
void subscriber_deinit(struct subscriber *subscriber);

#endif
