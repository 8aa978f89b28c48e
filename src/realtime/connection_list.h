/* Who is connected to this gateway, as JSON. */
#ifndef REALTIME_CONNECTION_LIST_H
#define REALTIME_CONNECTION_LIST_H

#include "session/janitor.h"

/* As realtime_add_connections. */
bool connection_list_add(const struct sessions *sessions, size_t *room, struct buf *out);

#endif
