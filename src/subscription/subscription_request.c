#include "subscription/subscription_request.h"

#include "subscription/catchup.h"
#include "subscription/event_render.h"
#include "subscription/live_query.h"
#include "subscription/subscription.h"
#include "subscription/subscription_event.h"

/* --- finding --- */

/* The session's subscription to an object: in the shorter of two rows. */
static struct subscription *find_in(const struct subscriber *subscriber, const struct topic *topic)
{
    bool short_topic = topic->count < subscriber->count;
    const struct ring *head = short_topic ? &topic->subscriptions : &subscriber->subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = short_topic
                                                ? ring_of(at, struct subscription, in_topic)
                                                : ring_of(at, struct subscription, in_session);
        if (subscription->subscriber == subscriber && subscription->topic == topic &&
            !subscription->query)
            return subscription;
    }
    return NULL;
}

static struct subscription *find_query(const struct subscriber *subscriber, struct str id)
{
    const struct ring *head = &subscriber->subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        if (subscription->query && str_eq(subscription->query->id, id))
            return subscription;
    }
    return NULL;
}

static struct subscription *find(const struct subscriber *subscriber,
                                 const struct subscription_request *request)
{
    uint64_t id, salt;
    enum kind kind = event_render_kind(request->type);
    if (!kind)
        return find_query(subscriber, request->sid);
    if (!sid_parse(request->sid, kind, &id, &salt))
        return NULL;
    const struct topic *topic = topics_find(&subscriber->shared->topics, request->sid);
    return topic ? find_in(subscriber, topic) : NULL;
}

/* --- establishing and cancelling --- */

static struct subscription_event event_of(const struct subscription_request *request)
{
    return (struct subscription_event){request->sid, request->type, true, request->correlation};
}

static void refuse(struct subscriber *subscriber, const struct subscription_request *request,
                   enum err err)
{
    struct subscription_event event = event_of(request);
    subscription_event_failed(&event, err, &subscriber->session->outbox);
}

static struct subscription *add(struct subscriber *subscriber,
                                const struct subscription_request *request)
{
    struct subscription *subscription = subscription_new(subscriber, request->correlation);
    subscription->since_given = request->since_given;
    subscription->position = request->since;
    return subscription;
}

static void establish_query(struct subscriber *subscriber,
                            const struct subscription_request *request)
{
    struct live_query *query;
    size_t room = subscriber->shared->options->live_size_max - subscriber->queries_size;
    enum err e = live_query_new(&query, request->sid, request->index, request->query);
    if (!e && query->size > room) {
        live_query_free(query);
        e = ERR_RATE;
    }
    if (e) {
        refuse(subscriber, request, e);
        return;
    }
    struct subscription *subscription = add(subscriber, request);
    subscription->query = query;
    subscriber->queries_size += query->size;
    catchup_continue(subscription);
}

static void establish_object(struct subscriber *subscriber,
                             const struct subscription_request *request)
{
    uint64_t id, salt;
    struct sid sid;
    enum kind kind = event_render_kind(request->type);
    if (!kind || !sid_parse(request->sid, kind, &id, &salt)) {
        refuse(subscriber, request, ERR_MISSING);
        return;
    }
    memcpy(sid.text, request->sid.ptr, SID_LENGTH);
    sid.text[SID_LENGTH] = 0;
    struct subscription *subscription = add(subscriber, request);
    subscription_join(subscription, &sid, kind, id);
    catchup_continue(subscription);
}

void subscription_request_establish(struct subscriber *subscriber,
                                    const struct subscription_request *request)
{
    struct subscription *before = find(subscriber, request);
    if (before)
        subscription_end(before);
    if (subscriber->count >= subscriber->shared->options->subscriptions_max)
        refuse(subscriber, request, ERR_RATE);
    else if (str_eq(request->type, STR("live_query")))
        establish_query(subscriber, request);
    else
        establish_object(subscriber, request);
}

void subscription_request_cancel(struct subscriber *subscriber,
                                 const struct subscription_request *request)
{
    struct subscription_event event = event_of(request);
    struct subscription *subscription = find(subscriber, request);
    if (subscription)
        subscription_end(subscription);
    subscription_event_canceled(&event, &subscriber->session->outbox);
}
