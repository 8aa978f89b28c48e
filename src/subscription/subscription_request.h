/* What a client's request says of one object: subscribe to it, or cancel the subscription. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_REQUEST_H
#define SUBSCRIPTION_SUBSCRIPTION_REQUEST_H

#include "subscription/subscriber.h"

/* Strings are borrowed for the call. */
struct subscription_request {
    struct str sid; /* of the object; of a live query its id */
    struct str type;
    bool since_given;
    uint64_t since;   /* the last event the client is sure about */
    struct str index; /* of a live query */
    struct str query;
    int64_t correlation;
};

/* The client is told in any case: established, or failed. A subscription that there is for the same
 * object ends. */
void subscription_request_establish(struct subscriber *subscriber,
                                    const struct subscription_request *request);

/* The client is told that it is cancelled, also when there was none. */
void subscription_request_cancel(struct subscriber *subscriber,
                                 const struct subscription_request *request);

#endif
