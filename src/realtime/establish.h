/* POST /v4/Subscriptions: what a client wants to hear of, and what no longer.
 *
 * It is always answered with 200, for clients repeat it otherwise; what became of each object
 * they are told by notifications. */
#ifndef REALTIME_ESTABLISH_H
#define REALTIME_ESTABLISH_H

#include "realtime/request.h"

void establish_respond(struct request *request);

#endif
