/* What a client is told of its subscriptions themselves: established, failed, cancelled. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_EVENT_H
#define SUBSCRIPTION_SUBSCRIPTION_EVENT_H

#include "base/err.h"
#include "session/outbox.h"

/* Of which subscription: the object or live query, and what the client called its request. */
struct subscription_event {
    struct str sid;
    struct str type;
    bool asked; /* the client waits for it; else the subscription was established before */
    int64_t correlation;
};

/* Each is put in the outbox. `position`: the last event; NULL where there is none. */
void subscription_event_established(const struct subscription_event *event,
                                    const uint64_t *position, struct outbox *outbox);
void subscription_event_failed(const struct subscription_event *event, enum err err,
                               struct outbox *outbox);
void subscription_event_canceled(const struct subscription_event *event, struct outbox *outbox);

#endif
