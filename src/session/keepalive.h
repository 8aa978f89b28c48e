/* Whatever a session owes to time alone: a client that is silent, or takes nothing, or does not
 * show its token, is cut; one whose token expires is told so, and ends with it. */
#ifndef SESSION_KEEPALIVE_H
#define SESSION_KEEPALIVE_H

#include "session/session.h"

/* `now_ms` by uv_now(), `clock_ms` since 1970. */
void keepalive_check(struct session *session, uint64_t now_ms, int64_t clock_ms);

#endif
