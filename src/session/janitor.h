/* All sessions of one gateway, and what is done with each of them from time to time. */
#ifndef SESSION_JANITOR_H
#define SESSION_JANITOR_H

#include "base/arena.h"
#include "session/session.h"

struct sessions {
    const struct realtime_options *options;
    struct realtime_metrics *metrics;
    struct websockets *sockets;
    struct ring all;
    size_t count;
    struct ring strangers; /* those that were not let in yet, oldest first */
    size_t strangers_count;
    uint64_t next_id;
    bool draining;
    struct ring throttled; /* those that sent too much at a time, and are not read from */
    struct arena packet;   /* of the message being handled */
    uv_timer_t janitor;
    uv_timer_t pacer;
    unsigned handles; /* not closed yet */
    void (*closed)(struct sessions *sessions);
};

/* Of realtime.c. */
struct sessions *realtime_sessions(struct realtime *realtime);

void sessions_init(struct sessions *sessions, const struct realtime_options *options,
                   struct realtime_metrics *metrics, struct websockets *sockets);

/* There are no sessions left. `closed` runs from the loop's next turns, at the earliest when all
 * handles closed before this call are closed. */
void sessions_deinit(struct sessions *sessions, void (*closed)(struct sessions *sessions));

/* A session comes to be, and goes. */
void sessions_add(struct sessions *sessions, struct session *session);
void sessions_remove(struct sessions *sessions, struct session *session);

/* One more of a network; 0 is not counted. False: it has too many. `*slot` is for tally_give. */
bool sessions_count_network(struct sessions *sessions, uint64_t network, tally_slot **slot);

/* A session is about to be let in as `identity` of a service: give it one of the places there are
 * for all gateways, which it keeps until sessions_remove. ERR_BUSY: there is none. ERR_RATE: the
 * identity has too many. */
must_check enum err sessions_admit(struct sessions *sessions, struct session *session,
                                   uint64_t service_id, struct str identity);

/* Look at it again in a moment: then it may send more. */
void sessions_throttle(struct sessions *sessions, struct session *session);

/* End those that the key with this SID signed; those of a service. */
void sessions_end_signed(struct sessions *sessions, struct str key);
void sessions_end_of(struct sessions *sessions, uint64_t service_id);

void sessions_drain(struct sessions *sessions);
void sessions_abort_all(struct sessions *sessions);

#endif
