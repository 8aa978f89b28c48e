/* How a subscription that is BEHIND catches up: it asks the core for what follows its position,
 * tells that as far as the session has room, and asks again until there is no more. Then it is
 * LIVE. A live query first asks for its map.
 *
 * A subscription has one request to the core in flight at most, and the whole gateway a few in each
 * lane (subscriber.h): the sessions take turns, and so do the subscriptions of each. So a gateway
 * that has much to do asks the core for little, and clients with much to catch up with make the
 * core's thread neither busy without end nor others wait. */
#ifndef SUBSCRIPTION_CATCHUP_H
#define SUBSCRIPTION_CATCHUP_H

#include "subscription/subscription.h"

enum { CATCHUP_NEAR_MAX = 16, CATCHUP_FAR_MAX = 2 };

/* Ask for what follows its position when it is its turn, unless an answer is still to come: that
 * does it then. */
void catchup_continue(struct subscription *subscription);

/* There is room in the session again: its subscriptions that are BEHIND go on. */
void catchup_resume_all(struct subscriber *subscriber);

#endif
