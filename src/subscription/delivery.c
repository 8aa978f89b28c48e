#include "subscription/delivery.h"

#include "base/mem.h"
#include "session/event.h"
#include "subscription/live_query.h"

/* --- what a session did itself --- */

void delivery_note_own(struct subscriber *subscriber, uint64_t seq)
{
    if (!subscriber->own)
        subscriber->own = mem_zalloc(SUBSCRIBER_OWN_MAX, sizeof *subscriber->own);
    subscriber->own[subscriber->own_next++ % SUBSCRIBER_OWN_MAX] = seq;
}

static bool is_own(const struct subscription *subscription, const struct notice *notice)
{
    const struct subscriber *subscriber = subscription->subscriber;
    if (notice->origin || notice->change->kind == KIND_MESSAGE)
        return notice->origin == subscription->session->id;
    for (size_t i = 0; subscriber->own && i < SUBSCRIBER_OWN_MAX; i++)
        if (subscriber->own[i] == notice->change->seq)
            return true;
    return false;
}

/* --- telling --- */

/* A reference; NULL: nothing. */
static struct event *event_for(struct event_render *render, const struct subscription *subscription)
{
    const struct session *session = subscription->session;
    const struct topic *topic = subscription->topic;
    if (subscription->query)
        return live_query_event(subscription->query, render->notice, &render->cost);
    struct event *event =
        is_own(subscription, render->notice)
            ? event_render_position(render, &topic->sid)
            : event_render_event(render, &topic->sid, &session->service_sid, session->base);
    return event ? event_ref(event) : NULL;
}

bool delivery_tell(struct subscription *subscription, struct event_render *render)
{
    struct outbox *outbox = &subscription->session->outbox;
    struct event *event = event_for(render, subscription);
    bool room = !event || outbox_has_room(outbox, event->len);
    if (room && event)
        outbox_put(outbox, event);
    if (room && render->notice->change->seq > subscription->position)
        subscription->position = render->notice->change->seq;
    event_unref(event);
    return room;
}
