/* Who is connected to this gateway, as JSON. */
#ifndef REALTIME_CONNECTION_LIST_H
#define REALTIME_CONNECTION_LIST_H

#include "session/session_table.h"

/* As realtime_add_connections. */
bool connection_list_add(const struct session_table *table, size_t *room, struct buf *out);

#endif
