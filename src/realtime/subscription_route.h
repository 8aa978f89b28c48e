/* POST /v4/Subscriptions: what a client wants to hear of, and what no longer.
 *
 * The answer is always 200, since clients repeat the request otherwise; events tell them what
 * became of each object.
 *
 * A request names up to 1,000 objects. The gateway subscribes to them in steps (base/work.h), and
 * does not read from the client until it is through, so that requests take effect one after the
 * other. */
#ifndef REALTIME_SUBSCRIPTION_ROUTE_H
#define REALTIME_SUBSCRIPTION_ROUTE_H

#include "realtime/request.h"

void subscription_route_respond(struct request *request);

/* Forget what is left of the client's request, if there is one: its socket is gone. */
void subscription_route_drop(struct client *client);

#endif
