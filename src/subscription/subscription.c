#include "subscription/subscription.h"

#include "base/mem.h"
#include "subscription/catchup_request.h"
#include "subscription/event_render.h"
#include "subscription/live_query.h"
#include "subscription/subscription_event.h"

#include <stdlib.h>

static void count(const struct subscription *subscription, int change)
{
    struct metric *metric = &subscription->subscriber->shared->metrics->subscriptions;
    metric_set(metric, metric_get(metric) + (uint64_t)change);
}

struct subscription *subscription_new(struct subscriber *subscriber, int64_t correlation)
{
    struct subscription *subscription = mem_alloc(sizeof *subscription);
    *subscription = (struct subscription){
        .subscriber = subscriber,
        .session = subscriber->session,
        .asked = true,
        .correlation = correlation,
    };
    ring_init(&subscription->in_session);
    ring_init(&subscription->in_topic);
    ring_init(&subscription->behind);
    ring_append(&subscriber->subscriptions, &subscription->in_session);
    subscriber->count++;
    count(subscription, 1);
    return subscription;
}

/* --- its topic --- */

void subscription_join(struct subscription *subscription, const struct sid *sid, enum kind kind,
                       uint64_t id)
{
    struct topics *topics = &subscription->subscriber->shared->topics;
    subscription->topic = topics_get(topics, sid, kind, id);
    subscription->topic->count++;
    ring_append(&subscription->topic->subscriptions, &subscription->in_topic);
}

static void leave(struct subscription *subscription)
{
    struct topic *topic = subscription->topic;
    if (!topic)
        return;
    ring_remove(&subscription->in_topic);
    if (--topic->count == 0)
        topics_drop(&subscription->subscriber->shared->topics, topic);
}

/* --- what the client is told of the subscription itself --- */

static struct subscription_event event_of(const struct subscription *subscription)
{
    const struct topic *topic = subscription->topic;
    const struct live_query *query = subscription->query;
    return (struct subscription_event){
        .sid = query ? query->id : sid_str(&topic->sid),
        .type = query ? STR("live_query") : str_from(event_render_type(topic->kind)),
        .asked = subscription->asked,
        .correlation = subscription->correlation,
    };
}

void subscription_tell_established(const struct subscription *subscription)
{
    struct subscription_event event = event_of(subscription);
    bool numbered = subscription->query || subscription->topic->kind != KIND_STREAM;
    subscription_event_established(&event, numbered ? &subscription->position : NULL,
                                   &subscription->session->outbox);
}

/* --- its end --- */

void subscription_end(struct subscription *subscription)
{
    if (subscription->query)
        subscription->subscriber->queries_size -= subscription->query->size;
    live_query_free(subscription->query);
    leave(subscription);
    ring_remove(&subscription->in_session);
    ring_remove(&subscription->behind);
    subscription->subscriber->count--;
    count(subscription, -1);
    catchup_request_abandon(subscription->request);
    free(subscription);
}

void subscription_fail(struct subscription *subscription, enum err err)
{
    if (subscription->query && (err == ERR_MISSING || err == ERR_NAME_MISSING))
        err = ERR_INDEX_MISSING;
    metric_add(&subscription->subscriber->shared->metrics->lost, err == ERR_LOST);
    if (err == ERR_STORE || err == ERR_BUSY || err == ERR_AUTH) {
        session_end(subscription->session); /* the client comes back and asks again */
        return;
    }
    struct subscription_event event = event_of(subscription);
    subscription_event_failed(&event, err, &subscription->session->outbox);
    subscription_end(subscription);
}
