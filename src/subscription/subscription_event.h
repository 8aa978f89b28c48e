/* What a client is told of its subscriptions themselves: established, failed, cancelled. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_EVENT_H
#define SUBSCRIPTION_SUBSCRIPTION_EVENT_H

#include "base/err.h"
#include "session/session.h"

/* Of which subscription: the object or live query, and what the client called its request. */
struct subscription_event {
    struct str sid;
    struct str type;
    bool asked; /* the client waits for it; else the subscription was established before */
    int64_t correlation;
};

/* `position`: the last event; NULL where there is none. */
void subscription_event_established(struct session *session,
                                    const struct subscription_event *subject,
                                    const uint64_t *position);
void subscription_event_failed(struct session *session, const struct subscription_event *subject,
                               enum err err);
void subscription_event_canceled(struct session *session, const struct subscription_event *subject);

#endif
