/* Who is connected to this gateway, as JSON. */
#ifndef REALTIME_ROSTER_H
#define REALTIME_ROSTER_H

#include "realtime/sessions.h"

/* As realtime_enrol. */
bool roster_write(const struct sessions *sessions, size_t *room, struct buf *out);

#endif
