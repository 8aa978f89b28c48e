/* A tunnelled request: read it, start it, take the core's answer and reply. */
#ifndef REALTIME_DISPATCH_H
#define REALTIME_DISPATCH_H

#include "realtime/request.h"

/* Start the request that a packet carries; its answer goes to the session, now or later. */
void dispatch_start(struct session *session, const struct packet *packet);

/* For the client's request queue: hand it to the core. */
void dispatch_submit(struct request *request);

#endif
