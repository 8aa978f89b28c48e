/* What a client's packets ask for: one table of methods. */
#ifndef REALTIME_METHODS_H
#define REALTIME_METHODS_H

#include "session/session.h"

/* Before the client was let in, most of them are refused. */
void methods_handle(struct session *session, const struct packet *packet);

/* The client sent what is no packet, `reason` (static) says why: tell it so, and end the session.
 */
void methods_refuse_broken(struct session *session, const char *reason);

#endif
