#include "subscription/subscriber.h"

#include "subscription/subscription.h"

#include <stdlib.h>

void subscriptions_init(struct subscriptions *subscriptions,
                        const struct subscription_options *options,
                        struct subscription_metrics *metrics, struct work_queue *work,
                        struct core_link *core)
{
    *subscriptions = (struct subscriptions){.options = options, .metrics = metrics, .work = work};
    topics_init(&subscriptions->topics, core);
    for (size_t i = 0; i < CATCHUP_LANES; i++)
        ring_init(&subscriptions->behind[i].queues);
}

void subscriptions_deinit(struct subscriptions *subscriptions)
{
    topics_deinit(&subscriptions->topics);
}

void subscriber_init(struct subscriber *subscriber, struct session *session,
                     struct subscriptions *shared)
{
    *subscriber = (struct subscriber){.session = session, .shared = shared};
    ring_init(&subscriber->subscriptions);
    for (size_t i = 0; i < CATCHUP_LANES; i++) {
        ring_init(&subscriber->behind[i].place);
        ring_init(&subscriber->behind[i].waiting);
    }
}

void subscriber_end_all(struct subscriber *subscriber)
{
    struct ring *head = &subscriber->subscriptions;
    while (!ring_is_empty(head))
        subscription_end(ring_of(head->next, struct subscription, in_session));
    for (size_t i = 0; i < CATCHUP_LANES; i++)
        ring_remove(&subscriber->behind[i].place);
}

void subscriber_deinit(struct subscriber *subscriber)
{
    subscriber_end_all(subscriber);
    free(subscriber->own);
}
