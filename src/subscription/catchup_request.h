/* A request to the core for what a subscription has missed (catchup.c), or for the map of its live
 * query. It is kept between rounds as long as there is more to ask for. */
#ifndef SUBSCRIPTION_CATCHUP_REQUEST_H
#define SUBSCRIPTION_CATCHUP_REQUEST_H

#include "base/arena.h"
#include "base/work.h"
#include "subscription/subscription.h"
#include "sync/subscribe.h"

struct catchup_request {
    struct command command; /* first */
    struct subscribe subscribe;
    struct subscriber *subscriber;
    struct subscription *subscription; /* NULL: it has ended */
    struct sid sid;
    struct arena arena; /* what the command of a live query points into, also when it has ended */
    size_t told;        /* of the notices that came */
    bool full;          /* the session has no room for the next one */
    enum catchup_lane lane;
    bool in_flight; /* in the core's hands, or behind them in the work queue */
    struct worker worker;
};

struct catchup_request *catchup_request_new(struct subscription *subscription);

/* It is not in flight. NULL is fine. */
void catchup_request_free(struct catchup_request *request);

/* Its subscription ends: free the request now, or, when it is in flight, detach it; catchup.c frees
 * it when its answer has arrived. NULL is fine. */
void catchup_request_abandon(struct catchup_request *request);

#endif
