/* Whatever a session owes to time alone: a client that is silent, or takes nothing, or does not
 * show its token, is cut; one whose token expires is told so, and ends with it. */
#ifndef REALTIME_WATCH_H
#define REALTIME_WATCH_H

#include "realtime/session.h"

/* `now_ms` by uv_now(), `clock_ms` since 1970. */
void watch_session(struct session *session, uint64_t now_ms, int64_t clock_ms);

#endif
