/* What is done with all sessions of a gateway, or with many: from time to time, when their key or
 * service is removed, and at the end. */
#ifndef SESSION_JANITOR_H
#define SESSION_JANITOR_H

#include "session/session_table.h"

struct janitor {
    struct session_table *table;
    uv_timer_t timer;
    unsigned handles; /* not closed yet */
    void (*closed)(struct janitor *janitor);
};

/* Starts the table's timers; `janitor` is not moved. */
void janitor_init(struct janitor *janitor, struct session_table *table);

/* There are no sessions left. `closed` runs from the loop's next turns, at the earliest when all
 * handles closed before this call are closed. */
void janitor_deinit(struct janitor *janitor, void (*closed)(struct janitor *janitor));

/* End the sessions that the key with this SID signed; those of a service. */
void janitor_end_signed(struct session_table *table, struct str key);
void janitor_end_of(struct session_table *table, uint64_t service_id);

/* No more requests; each session ends as soon as its requests are answered. */
void janitor_drain(struct session_table *table);

void janitor_abort_all(struct session_table *table);

#endif
