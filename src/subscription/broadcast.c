#include "subscription/broadcast.h"

#include "subscription/catchup.h"
#include "subscription/delivery.h"
#include "subscription/live_query.h"

static void fall_behind(struct subscription *subscription)
{
    subscription->state = SUBSCRIPTION_BEHIND;
    metric_add(&subscription->subscriber->shared->metrics->behind, 1);
}

/* Streams have no permissions, and messages that come while the core is asked would be lost. */
static void recheck(struct subscription *subscription)
{
    if (subscription->topic->kind == KIND_STREAM)
        return;
    subscription->unchecked = true; /* also when an answer is there that has not been looked at */
    if (subscription->state != SUBSCRIPTION_LIVE)
        return;
    subscription->state = SUBSCRIPTION_BEHIND;
    catchup_continue(subscription);
}

/* To evaluate queries on an item takes long. When this turn of the loop has done enough, the
 * subscription falls behind, and catches up in a later turn. */
static bool is_postponed(struct subscription *subscription, const struct notice *notice)
{
    if (!subscription->query || shared_queries_is_evaluated(subscription->query->shared, notice) ||
        work_is_free(subscription->subscriber->shared->work))
        return false;
    fall_behind(subscription);
    catchup_continue(subscription);
    return true;
}

/* What becomes of a LIVE subscription that could not be told. */
static void miss(struct subscription *subscription, bool message)
{
    if (message)
        session_end(subscription->session); /* it is kept nowhere: no catching up */
    else
        fall_behind(subscription);
}

/* Its object is gone, and the client was told so. */
static void end_removed(struct subscription *subscription)
{
    if (subscription->query)
        subscription_fail(subscription, ERR_INDEX_MISSING);
    else
        subscription_end(subscription);
}

static void hear(struct subscription *subscription, struct event_render *render)
{
    const struct change *change = render->notice->change;
    bool message = change->kind == KIND_MESSAGE;
    if (subscription->state != SUBSCRIPTION_LIVE) {
        subscription->missed = message ? subscription->missed : change->seq;
        return;
    }
    if (!message && change->seq <= subscription->position)
        return;
    if (is_postponed(subscription, render->notice))
        return;
    if (!delivery_tell(subscription, render))
        miss(subscription, message);
    else if (change_is_removal(change))
        end_removed(subscription);
}

static void hear_permission(struct subscription *subscription, const struct change *permission)
{
    if (str_eq(subscription->session->identity, permission->name))
        recheck(subscription);
}

/* The topic that a notice is about; NULL: nobody subscribes to it. */
static struct topic *find_topic(const struct topics *topics, const struct change *change)
{
    bool part = change->kind == KIND_PERMISSION || change->kind == KIND_MESSAGE;
    return topics_find_proven(topics, part ? change->parent : change->id);
}

void broadcast_hear(struct subscriptions *subscriptions, const struct notice *notice)
{
    struct topics *topics = &subscriptions->topics;
    struct topic *topic = find_topic(topics, notice->change);
    struct event_render render = {.notice = notice};
    if (!topic)
        return;
    topic->count++; /* the topic stays until all are told */
    for (struct ring *at = topic->subscriptions.next, *next; at != &topic->subscriptions;
         at = next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_topic);
        next = at->next;
        if (notice->change->kind == KIND_PERMISSION)
            hear_permission(subscription, notice->change);
        else
            hear(subscription, &render);
    }
    event_render_deinit(&render);
    shared_queries_forget(&topic->queries);
    if (--topic->count == 0)
        topics_drop(topics, topic);
}

void broadcast_recheck(struct subscriptions *subscriptions, uint64_t service_id)
{
    const struct dict *topics = &subscriptions->topics.by_sid;
    for (size_t i = 0; topics->slots && i <= topics->mask; i++) {
        const struct topic *topic = topics->slots[i].element;
        if (!topic)
            continue;
        for (struct ring *at = topic->subscriptions.next; at != &topic->subscriptions;
             at = at->next) {
            struct subscription *subscription = ring_of(at, struct subscription, in_topic);
            if (subscription->session->service_id == service_id)
                recheck(subscription);
        }
    }
}
