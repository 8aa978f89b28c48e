/* A subscription: one session hears of one object.
 *
 *                more to catch up with            no room in the session
 *      ask       ┌───────┐                      ┌────────────────────────┐
 *   ─────────> BEHIND <──┘ ── up to date ──> LIVE <── each notice        │
 *                ^                               │    is an event        │
 *                └───────────────────────────────┴───────────────────────┘
 *
 * Whoever is BEHIND ignores what happens, and asks the core (sync/subscribe.h) for what follows
 * its position until there is no more. A subscription ends when it is cancelled or refused, when
 * its object is gone, and when what it missed is no longer kept.
 *
 * Here is its life, from the request to the end. replay.c catches up for those that are BEHIND,
 * audience.c tells what happens to those that are LIVE. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_H
#define SUBSCRIPTION_SUBSCRIPTION_H

#include "session/session.h"

struct live_query;
struct step;
struct topic;

enum subscription_state { SUBSCRIPTION_BEHIND, SUBSCRIPTION_LIVE };

struct subscription {
    struct ring in_session;
    struct ring in_topic;
    struct ring behind; /* among those of the session that wait for their turn to catch up */
    struct session *session;
    struct topic *topic;      /* NULL: a live query whose map is being looked up */
    struct live_query *query; /* NULL: of an object */
    struct step *step;        /* replay.c's own; NULL: nothing has been asked */
    enum subscription_state state;
    enum catchup_lane lane; /* while it is BEHIND */
    bool asked;             /* the client waits to hear that it is established */
    bool unchecked;         /* its right may have changed since the core was asked last */
    bool since_given;       /* `position` is what the client said; else: from now on */
    int64_t correlation;
    uint64_t position; /* event id of the last change that it was told of, or that is none of its */
    uint64_t missed;   /* event id of the newest change that came while it was BEHIND */
};

/* What a request says of one object. Strings are borrowed for the call. */
struct subscription_ask {
    struct str sid; /* of the object; of a live query its id */
    struct str type;
    bool since_given;
    uint64_t since;   /* the last event the client is sure about */
    struct str index; /* of a live query */
    struct str query;
    int64_t correlation;
};

/* Whatever comes of it, the client is told: established, or failed. One that there is for the same
 * object ends. */
void subscription_establish(struct session *session, const struct subscription_ask *ask);

/* The client is told that it is cancelled, also when there was none. */
void subscription_cancel(struct session *session, const struct subscription_ask *ask);

/* For a new session; and when its socket is gone. */
void subscription_init(struct session *session);
void subscription_end_all(struct session *session);

/* --- for replay.c and audience.c --- */

struct realtime_metrics *subscription_metrics(const struct subscription *subscription);

/* It hears of that object from now on. */
void subscription_join(struct subscription *subscription, const struct sid *sid, enum kind kind,
                       uint64_t id);

/* Tell the client that it is established. */
void subscription_tell_established(const struct subscription *subscription);

/* It ends, and the client is told why; or, when another try may help, the whole session ends. */
void subscription_fail(struct subscription *subscription, enum err err);

void subscription_end(struct subscription *subscription);

#endif
