/* POST /v4/Subscriptions: what a client wants to hear of, and what no longer.
 *
 * It is always answered with 200, for clients repeat it otherwise; what became of each object
 * they are told by notifications.
 *
 * A request names up to 1,000 objects. They are subscribed to in steps (base/work.h); until all
 * are, the client is not read from, so its requests take effect one after the other. */
#ifndef REALTIME_SUBSCRIPTION_ROUTE_H
#define REALTIME_SUBSCRIPTION_ROUTE_H

#include "realtime/request.h"

void subscription_route_respond(struct request *request);

/* Forget what is left of the client's request, if there is one: its socket is gone. */
void subscription_route_drop(struct client *client);

#endif
