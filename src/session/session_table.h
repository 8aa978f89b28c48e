/* All sessions of one gateway, the places that they take, and what they share. */
#ifndef SESSION_SESSION_TABLE_H
#define SESSION_SESSION_TABLE_H

#include "base/arena.h"
#include "base/err.h"
#include "session/core_link.h"
#include "session/session.h"

struct session_table {
    const struct session_options *options;
    struct session_metrics *metrics;
    struct websockets *sockets;
    const struct session_handler *handler;
    void *context; /* the handler's */
    struct core_link core;
    struct outboxes outboxes;
    struct ring all;
    size_t count;
    struct ring strangers; /* the sessions not let in yet, oldest first */
    size_t strangers_count;
    uint64_t next_id;
    bool draining;
    struct ring throttled; /* the sessions that sent too much at a time: they are not read from */
    uv_timer_t pacer;      /* both janitor.c's: looks at them again */
    uv_timer_cb on_pacer;
    struct arena packet; /* of the message being handled */
};

/* `handler` and `context` are told of all sessions. janitor_init makes the table complete. */
void session_table_init(struct session_table *table, const struct session_options *options,
                        struct session_metrics *metrics, struct websockets *sockets,
                        const struct session_handler *handler, void *context);

/* There are no sessions left. The loop needs one more uv_run before `table` may go. */
void session_table_deinit(struct session_table *table);

/* A session comes to be. Returns the one that has to go for it, NULL: none. */
must_check struct session *session_table_add(struct session_table *table, struct session *session);

/* It goes, and gives its places back. */
void session_table_remove(struct session_table *table, struct session *session);

/* One more of a network; 0 is not counted. False: it has too many. `*slot` is for tally_give. */
bool session_table_count_network(struct session_table *table, uint64_t network, tally_slot **slot);

/* A session is about to be let in as `identity` of a service: give it one of the places there are
 * for all gateways, which it keeps until session_table_remove. ERR_BUSY: there is none. ERR_RATE:
 * the identity has too many. */
must_check enum err session_table_admit(struct session_table *table, struct session *session,
                                        uint64_t service_id, struct str identity);

/* Look at it again in a moment: then it may send more. */
void session_table_throttle(struct session_table *table, struct session *session);

#endif
