/* Timed checks of a session: abort a client that is silent, stalled or late with `init`; warn it
 * before its token expires, and close the session when it does. */
#ifndef SESSION_KEEPALIVE_H
#define SESSION_KEEPALIVE_H

#include "session/session.h"

/* `now_ms` by uv_now(), `clock_ms` since 1970. */
void keepalive_check(struct session *session, uint64_t now_ms, int64_t clock_ms);

#endif
