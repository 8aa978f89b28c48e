#include "subscription/subscription.h"

#include "base/mem.h"
#include "subscription/catchup.h"
#include "subscription/event_render.h"
#include "subscription/live_query.h"
#include "subscription/subscription_event.h"
#include "subscription/topics.h"

#include <stdlib.h>

enum { PROTOCOL_NEWEST = 4 };

static struct hub *hub_of(const struct session *session)
{
    return realtime_hub(session->realtime);
}

struct realtime_metrics *subscription_metrics(const struct subscription *subscription)
{
    return hub_of(subscription->session)->metrics;
}

/* --- what the client is told of the subscription itself --- */

static struct subscription_event subscription_event_of(const struct subscription *subscription)
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

static struct subscription_event subscription_event_for(const struct subscription_ask *ask)
{
    return (struct subscription_event){ask->sid, ask->type, true, ask->correlation};
}

void subscription_tell_established(const struct subscription *subscription)
{
    struct subscription_event subject = subscription_event_of(subscription);
    bool numbered = subscription->query || subscription->topic->kind != KIND_STREAM;
    subscription_event_established(subscription->session, &subject,
                                   numbered ? &subscription->position : NULL);
}

static void refuse(struct session *session, const struct subscription_ask *ask, enum err err)
{
    struct subscription_event subject = subscription_event_for(ask);
    subscription_event_failed(session, &subject, err);
}

/* --- life --- */

void subscription_init(struct session *session)
{
    session->subscriber = (struct subscriber){.protocol = PROTOCOL_NEWEST};
    ring_init(&session->subscriber.subscriptions);
    for (size_t i = 0; i < CATCHUP_LANES; i++) {
        ring_init(&session->subscriber.behind[i].place);
        ring_init(&session->subscriber.behind[i].waiting);
    }
}

static struct subscription *add(struct session *session, const struct subscription_ask *ask)
{
    struct subscription *subscription = mem_alloc(sizeof *subscription);
    struct subscriber *subscriber = &session->subscriber;
    *subscription = (struct subscription){
        .session = session,
        .asked = true,
        .since_given = ask->since_given,
        .correlation = ask->correlation,
        .position = ask->since,
    };
    ring_init(&subscription->in_session);
    ring_init(&subscription->in_topic);
    ring_init(&subscription->behind);
    ring_append(&subscriber->subscriptions, &subscription->in_session);
    metric_set(&subscription_metrics(subscription)->subscriptions,
               metric_get(&subscription_metrics(subscription)->subscriptions) + 1);
    subscriber->count++;
    return subscription;
}

void subscription_join(struct subscription *subscription, const struct sid *sid, enum kind kind,
                       uint64_t id)
{
    subscription->topic = hub_topic(hub_of(subscription->session), sid, kind, id);
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
        hub_drop_topic(hub_of(subscription->session), topic);
}

void subscription_end(struct subscription *subscription)
{
    if (subscription->query)
        subscription->session->subscriber.queries_size -= subscription->query->size;
    live_query_free(subscription->query);
    leave(subscription);
    ring_remove(&subscription->in_session);
    subscription->session->subscriber.count--;
    metric_set(&subscription_metrics(subscription)->subscriptions,
               metric_get(&subscription_metrics(subscription)->subscriptions) - 1);
    catchup_end(subscription);
    free(subscription);
}

void subscription_end_all(struct session *session)
{
    struct ring *head = &session->subscriber.subscriptions;
    while (!ring_is_empty(head))
        subscription_end(ring_of(head->next, struct subscription, in_session));
    for (size_t i = 0; i < CATCHUP_LANES; i++)
        ring_remove(&session->subscriber.behind[i].place);
    free(session->subscriber.own);
    session->subscriber.own = NULL;
}

void subscription_fail(struct subscription *subscription, enum err err)
{
    struct session *session = subscription->session;
    if (subscription->query && (err == ERR_MISSING || err == ERR_NAME_MISSING))
        err = ERR_INDEX_MISSING;
    metric_add(&subscription_metrics(subscription)->lost, err == ERR_LOST);
    if (err == ERR_STORE || err == ERR_BUSY || err == ERR_AUTH) {
        session_end(session); /* it comes back and asks again */
        return;
    }
    struct subscription_event subject = subscription_event_of(subscription);
    subscription_event_failed(session, &subject, err);
    subscription_end(subscription);
}

/* --- asking and cancelling --- */

/* The session's subscription to an object: in the shorter of two rows. */
static struct subscription *find(const struct session *session, const struct topic *topic)
{
    bool short_topic = topic->count < session->subscriber.count;
    const struct ring *head =
        short_topic ? &topic->subscriptions : &session->subscriber.subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = short_topic
                                                ? ring_of(at, struct subscription, in_topic)
                                                : ring_of(at, struct subscription, in_session);
        if (subscription->session == session && subscription->topic == topic &&
            !subscription->query)
            return subscription;
    }
    return NULL;
}

static struct subscription *find_live(const struct session *session, struct str id)
{
    const struct ring *head = &session->subscriber.subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        if (subscription->query && str_eq(subscription->query->id, id))
            return subscription;
    }
    return NULL;
}

static struct subscription *find_asked(const struct session *session,
                                       const struct subscription_ask *ask)
{
    uint64_t id, salt;
    enum kind kind = event_render_kind(ask->type);
    if (!kind)
        return find_live(session, ask->sid);
    if (!sid_parse(ask->sid, kind, &id, &salt))
        return NULL;
    const struct topic *topic = hub_find_topic(hub_of(session), ask->sid);
    return topic ? find(session, topic) : NULL;
}

static void establish_live(struct session *session, const struct subscription_ask *ask)
{
    struct live_query *query;
    struct subscriber *subscriber = &session->subscriber;
    enum err e = live_query_new(&query, ask->sid, ask->index, ask->query);
    if (!e && query->size > hub_of(session)->options->live_size_max - subscriber->queries_size) {
        live_query_free(query);
        e = ERR_RATE;
    }
    if (e) {
        refuse(session, ask, e);
        return;
    }
    struct subscription *subscription = add(session, ask);
    subscription->query = query;
    subscriber->queries_size += query->size;
    catchup_continue(subscription);
}

static void establish_object(struct session *session, const struct subscription_ask *ask)
{
    uint64_t id, salt;
    struct sid sid;
    enum kind kind = event_render_kind(ask->type);
    if (!kind || !sid_parse(ask->sid, kind, &id, &salt)) {
        refuse(session, ask, ERR_MISSING);
        return;
    }
    memcpy(sid.text, ask->sid.ptr, SID_LENGTH);
    sid.text[SID_LENGTH] = 0;
    struct subscription *subscription = add(session, ask);
    subscription_join(subscription, &sid, kind, id);
    catchup_continue(subscription);
}

void subscription_establish(struct session *session, const struct subscription_ask *ask)
{
    struct subscription *before = find_asked(session, ask);
    if (before)
        subscription_end(before);
    if (session->subscriber.count >= hub_of(session)->options->subscriptions_max)
        refuse(session, ask, ERR_RATE);
    else if (str_eq(ask->type, STR("live_query")))
        establish_live(session, ask);
    else
        establish_object(session, ask);
}

void subscription_cancel(struct session *session, const struct subscription_ask *ask)
{
    struct subscription_event subject = subscription_event_for(ask);
    struct subscription *subscription = find_asked(session, ask);
    if (subscription)
        subscription_end(subscription);
    subscription_event_canceled(session, &subject);
}
