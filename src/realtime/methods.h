/* What a client's packets ask for: one table of methods. */
#ifndef REALTIME_METHODS_H
#define REALTIME_METHODS_H

#include "session/session.h"

/* Before the client was let in, most of them are refused. */
void methods_handle(struct session *session, const struct packet *packet);

/* It sent what is no packet, `reason` (static) says why: it is told so, and the session ends. */
void methods_give_up(struct session *session, const char *reason);

#endif
