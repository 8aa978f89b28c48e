#include "subscription/broadcast.h"

#include "base/mem.h"
#include "subscription/catchup.h"
#include "subscription/live_query.h"
#include "subscription/topics.h"

/* --- what a session did itself --- */

void delivery_note_own(struct session *session, uint64_t seq)
{
    struct subscriber *subscriber = &session->subscriber;
    if (!subscriber->own)
        subscriber->own = mem_zalloc(SUBSCRIBER_OWN_MAX, sizeof *subscriber->own);
    subscriber->own[subscriber->own_next++ % SUBSCRIBER_OWN_MAX] = seq;
}

static bool is_own(const struct subscription *subscription, const struct notice *notice)
{
    const struct session *session = subscription->session;
    const struct subscriber *subscriber = &session->subscriber;
    if (notice->origin || notice->change->kind == KIND_MESSAGE)
        return notice->origin == session->id;
    for (size_t i = 0; subscriber->own && i < SUBSCRIBER_OWN_MAX; i++)
        if (subscriber->own[i] == notice->change->seq)
            return true;
    return false;
}

/* --- telling one --- */

/* A reference; NULL: nothing. */
static struct event *event_for(struct event_render *render, const struct subscription *subscription)
{
    const struct topic *topic = subscription->topic;
    if (subscription->query)
        return live_query_event(subscription->query, render->notice, &render->cost);
    struct event *event = is_own(subscription, render->notice)
                              ? event_render_position(render, topic)
                              : event_render_event(render, topic, subscription->session);
    return event ? event_ref(event) : NULL;
}

bool delivery_tell(struct subscription *subscription, struct event_render *render)
{
    struct event *event = event_for(render, subscription);
    bool room = !event || session_has_room(subscription->session, event->len);
    if (room && event)
        outbox_put(subscription->session, event);
    if (room && render->notice->change->seq > subscription->position)
        subscription->position = render->notice->change->seq;
    event_unref(event);
    return room;
}

/* --- telling all --- */

static void fall_behind(struct subscription *subscription)
{
    subscription->state = SUBSCRIPTION_BEHIND;
    metric_add(&subscription_metrics(subscription)->behind, 1);
}

/* Streams have no permissions, and what is said in them while one asks would be lost. */
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

/* To look at an item for queries takes long. When this turn of the loop has done enough, the
 * subscription catches up in a later one. */
static bool is_postponed(struct subscription *subscription, const struct notice *notice)
{
    if (!subscription->query || shared_queries_is_evaluated(subscription->query->shared, notice) ||
        work_is_free(realtime_hub(subscription->session->realtime)->options->work))
        return false;
    fall_behind(subscription);
    catchup_continue(subscription);
    return true;
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
    if (delivery_tell(subscription, render)) {
        if (change_is_removal(change) && subscription->query)
            subscription_fail(subscription, ERR_INDEX_MISSING);
        else if (change_is_removal(change))
            subscription_end(subscription);
    } else if (message) {
        session_end(subscription->session); /* it is kept nowhere: no catching up */
    } else {
        fall_behind(subscription);
    }
}

static void hear_permission(struct subscription *subscription, const struct change *permission)
{
    if (str_eq(subscription->session->identity, permission->name))
        recheck(subscription);
}

void broadcast_hear(struct realtime *realtime, const struct notice *notice)
{
    const struct change *change = notice->change;
    bool permission = change->kind == KIND_PERMISSION;
    bool part = permission || change->kind == KIND_MESSAGE;
    struct topic *topic =
        hub_proven_topic(realtime_hub(realtime), part ? change->parent : change->id);
    struct event_render render = {.notice = notice};
    if (!topic)
        return;
    topic->count++; /* stays until we are through */
    for (struct ring *at = topic->subscriptions.next, *next; at != &topic->subscriptions;
         at = next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_topic);
        next = at->next;
        if (permission)
            hear_permission(subscription, change);
        else
            hear(subscription, &render);
    }
    event_render_deinit(&render);
    shared_queries_forget(&topic->queries);
    if (--topic->count == 0)
        hub_drop_topic(realtime_hub(realtime), topic);
}

void broadcast_recheck(struct realtime *realtime, uint64_t service_id)
{
    const struct dict *topics = &realtime_hub(realtime)->topics;
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
