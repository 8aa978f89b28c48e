/* A subscription: one session hears of one object.
 *
 *                more to catch up with            no room in the session
 *      ask       ┌───────┐                      ┌────────────────────────┐
 *   ─────────> BEHIND <──┘ ── up to date ──> LIVE <── each notice        │
 *                ^                               │    is an event        │
 *                └───────────────────────────────┴───────────────────────┘
 *
 * A subscription that is BEHIND ignores what happens; the core is asked (sync/subscribe.h) for what
 * follows its position until there is no more. A subscription ends when it is cancelled or refused,
 * when its object is gone, and when what it missed is no longer kept.
 *
 * Here is its life. subscription_request.c makes it, catchup.c catches up while it is BEHIND,
 * broadcast.c tells it what happens while it is LIVE. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_H
#define SUBSCRIPTION_SUBSCRIPTION_H

#include "subscription/subscriber.h"

struct catchup_request;
struct live_query;

enum subscription_state { SUBSCRIPTION_BEHIND, SUBSCRIPTION_LIVE };

struct subscription {
    struct ring in_session;
    struct ring in_topic;
    struct ring behind; /* among those of the session that wait for their turn to catch up */
    struct subscriber *subscriber;
    struct session *session;         /* the subscriber's */
    struct topic *topic;             /* NULL: a live query whose map is being looked up */
    struct live_query *query;        /* NULL: of an object */
    struct catchup_request *request; /* NULL: nothing has been asked */
    enum subscription_state state;
    enum catchup_lane lane; /* while it is BEHIND */
    bool asked;             /* the client waits to hear that it is established */
    bool unchecked;         /* its right may have changed since the core was asked last */
    bool since_given;       /* `position` is what the client said; else: from now on */
    int64_t correlation;
    uint64_t position; /* event id of the last change that it was told of, or that is none of its */
    uint64_t missed;   /* event id of the newest change that came while it was BEHIND */
};

/* A new one, BEHIND, of nothing yet; the client waits for it. */
struct subscription *subscription_new(struct subscriber *subscriber, int64_t correlation);

/* From now on the subscription hears of that object. */
void subscription_join(struct subscription *subscription, const struct sid *sid, enum kind kind,
                       uint64_t id);

/* Tell the client that it is established. */
void subscription_tell_established(const struct subscription *subscription);

/* End the subscription and tell the client why; or, when another try may help, end the session. */
void subscription_fail(struct subscription *subscription, enum err err);

/* End it and free it; the client is told nothing. */
void subscription_end(struct subscription *subscription);

#endif
