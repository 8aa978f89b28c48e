/* Telling all subscriptions of an object what happens to it, as far as they are LIVE. One whose
 * session has no room falls behind (catchup.h). */
#ifndef SUBSCRIPTION_BROADCAST_H
#define SUBSCRIPTION_BROADCAST_H

#include "subscription/subscriber.h"
#include "sync/feed.h"

/* Something has happened to an object, or to the permissions for it. */
void broadcast_hear(struct subscriptions *subscriptions, const struct notice *notice);

/* The rules of a service have changed: ask anew whether its subscriptions are allowed. */
void broadcast_recheck(struct subscriptions *subscriptions, uint64_t service_id);

#endif
