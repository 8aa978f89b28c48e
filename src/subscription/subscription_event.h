/* What a client is told of its subscriptions themselves: established, failed, cancelled. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_EVENT_H
#define SUBSCRIPTION_SUBSCRIPTION_EVENT_H

#include "base/err.h"
#include "session/session.h"

/* Of which subscription: the object or live query, and what the client called its request. */
struct announcement {
    struct str sid;
    struct str type;
    bool asked; /* the client waits for it; else the subscription was established before */
    int64_t correlation;
};

/* `position`: the last event; NULL where there is none. */
void announcement_established(struct session *session, const struct announcement *announcement,
                              const uint64_t *position);
void announcement_failed(struct session *session, const struct announcement *announcement,
                         enum err err);
void announcement_canceled(struct session *session, const struct announcement *announcement);

#endif
