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
 * its object is gone, and when what it missed is no longer kept. */
#ifndef REALTIME_SUBSCRIPTION_H
#define REALTIME_SUBSCRIPTION_H

#include "realtime/session.h"
#include "sync/feed.h"

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

/* The socket took all that waited: those that are behind go on. */
void subscription_resume_all(struct session *session);

/* Something has happened (realtime_hear). */
void subscription_hear(struct realtime *realtime, const struct notice *notice);

/* The rules of a service have changed: ask anew whether its subscriptions are allowed. */
void subscription_recheck(struct realtime *realtime, uint64_t service_id);

/* A session wrote to a list or map, the event id being `seq`: it is not told of that again, if it
 * subscribes later. */
void subscription_note_own(struct session *session, uint64_t object, uint64_t seq);

#endif
