#include "realtime/subscription.h"

#include "base/mem.h"
#include "realtime/announcement.h"
#include "realtime/live.h"
#include "realtime/notification.h"
#include "realtime/rendering.h"
#include "sync/listing.h"
#include "sync/subscribe.h"

#include <stdlib.h>

enum { PROTOCOL_NEWEST = 4 };

enum subscription_state { SUBSCRIPTION_BEHIND, SUBSCRIPTION_LIVE };

/* On the way to the core and back; kept in between as long as there is more. */
struct step {
    struct command command; /* first */
    struct subscribe subscribe;
    struct session *session;
    struct subscription *subscription; /* NULL: it has ended */
    struct sid sid;
    struct arena arena; /* of a live query's place in its map */
    bool flying;        /* in the core's hands */
};

struct subscription {
    struct ring in_session;
    struct ring in_topic;
    struct session *session;
    struct topic *topic; /* NULL: a live query whose map is being looked up */
    struct live *live;   /* NULL: of an object */
    struct step *step;   /* NULL: there is nothing to ask */
    enum subscription_state state;
    bool asked; /* the client waits to hear that it is established */
    int64_t correlation;
    uint64_t
        position; /* event id of the last change that it was told of, or that was passed over */
};

static struct hub *hub_of(const struct session *session)
{
    return realtime_hub(session->realtime);
}

static struct realtime_metrics *metrics_of(const struct subscription *subscription)
{
    return hub_of(subscription->session)->metrics;
}

/* --- what the client is told of the subscription itself --- */

static struct announcement announcement_of(const struct subscription *subscription)
{
    const struct topic *topic = subscription->topic;
    const struct live *live = subscription->live;
    return (struct announcement){
        .sid = live ? live->id : sid_str(&topic->sid),
        .type = live ? STR("live_query") : str_from(notification_type(topic->kind)),
        .asked = subscription->asked,
        .correlation = subscription->correlation,
    };
}

static struct announcement announcement_for(const struct subscription_ask *ask)
{
    return (struct announcement){ask->sid, ask->type, true, ask->correlation};
}

static void tell_established(struct subscription *subscription)
{
    struct announcement announcement = announcement_of(subscription);
    bool numbered = subscription->live || subscription->topic->kind != KIND_STREAM;
    announcement_established(subscription->session, &announcement,
                             numbered ? &subscription->position : NULL);
}

static void refuse(struct session *session, const struct subscription_ask *ask, enum err err)
{
    struct announcement announcement = announcement_for(ask);
    announcement_failed(session, &announcement, err);
}

/* --- life --- */

void subscription_init(struct session *session)
{
    session->subscriber = (struct subscriber){.protocol = PROTOCOL_NEWEST};
    ring_init(&session->subscriber.subscriptions);
}

static struct subscription *add(struct session *session, const struct subscription_ask *ask)
{
    struct subscription *subscription = mem_alloc(sizeof *subscription);
    struct subscriber *subscriber = &session->subscriber;
    *subscription = (struct subscription){
        .session = session,
        .asked = true,
        .correlation = ask->correlation,
        .position = ask->since,
    };
    ring_init(&subscription->in_session);
    ring_init(&subscription->in_topic);
    ring_append(&subscriber->subscriptions, &subscription->in_session);
    metric_set(&metrics_of(subscription)->subscriptions,
               metric_get(&metrics_of(subscription)->subscriptions) + 1);
    subscriber->count++;
    return subscription;
}

static void join(struct subscription *subscription, const struct sid *sid, enum kind kind,
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

static void free_step(struct step *step)
{
    subscribe_clear(&step->subscribe, true);
    arena_deinit(&step->arena);
    free(step);
}

static void end(struct subscription *subscription)
{
    struct step *step = subscription->step;
    leave(subscription);
    ring_remove(&subscription->in_session);
    subscription->session->subscriber.count--;
    metric_set(&metrics_of(subscription)->subscriptions,
               metric_get(&metrics_of(subscription)->subscriptions) - 1);
    if (step && step->flying)
        step->subscription = NULL;
    else if (step)
        free_step(step);
    live_free(subscription->live);
    free(subscription);
}

void subscription_end_all(struct session *session)
{
    struct ring *head = &session->subscriber.subscriptions;
    while (!ring_is_empty(head))
        end(ring_of(head->next, struct subscription, in_session));
    free(session->subscriber.own);
    session->subscriber.own = NULL;
}

/* --- what a session did itself --- */

void subscription_note_own(struct session *session, uint64_t object, uint64_t seq)
{
    struct subscriber *subscriber = &session->subscriber;
    (void)object;
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

/* --- events --- */

/* A reference; NULL: nothing. */
static struct occasion *occasion_for(struct rendering *rendering,
                                     const struct subscription *subscription)
{
    const struct topic *topic = subscription->topic;
    if (subscription->live)
        return live_event(subscription->live, rendering->notice);
    struct occasion *occasion = is_own(subscription, rendering->notice)
                                    ? rendering_position(rendering, topic)
                                    : rendering_event(rendering, topic, subscription->session);
    return occasion ? occasion_ref(occasion) : NULL;
}

/* False: the session has no room; nothing was done. */
static bool tell(struct subscription *subscription, struct rendering *rendering)
{
    struct occasion *occasion = occasion_for(rendering, subscription);
    bool room = !occasion || session_has_room(subscription->session, occasion->len);
    if (room && occasion)
        outbox_put(subscription->session, occasion);
    if (room && rendering->notice->change->seq > subscription->position)
        subscription->position = rendering->notice->change->seq;
    occasion_unref(occasion);
    return room;
}

/* --- catching up --- */

static void on_step(struct letter *letter);

static struct step *new_step(struct subscription *subscription)
{
    struct step *step = mem_zalloc(1, sizeof *step);
    step->session = subscription->session;
    step->subscription = subscription;
    step->subscribe.since_given = true;
    arena_init(&step->arena);
    subscription->step = step;
    return step;
}

static void submit(struct step *step)
{
    step->command.letter.arrive = on_step;
    step->flying = true;
    session_submit(step->session, &step->command);
}

/* Ask for what follows its position; of a live query, first for its map. */
static void ask_core(struct subscription *subscription)
{
    struct step *step = subscription->step ? subscription->step : new_step(subscription);
    struct topic *topic = subscription->topic;
    if (step->flying)
        return; /* when it is back it asks again */
    if (topic)
        step->sid = topic->sid;
    step->command = (struct command){
        .verb = topic ? VERB_SUBSCRIBE : VERB_FETCH,
        .kind = topic ? topic->kind : KIND_MAP,
        .object = topic ? sid_str(&step->sid) : subscription->live->index,
        .subscribe = &step->subscribe,
    };
    step->subscribe.since = subscription->position;
    step->subscribe.far_max = hub_of(subscription->session)->options->replay_max;
    submit(step);
}

/* Of a live query that is up to date: all items of its map, page after page. */
static void ask_for_items(struct subscription *subscription, struct str place)
{
    struct step *step = subscription->step ? subscription->step : new_step(subscription);
    step->sid = subscription->topic->sid;
    step->command = (struct command){
        .verb = VERB_LIST,
        .kind = KIND_MAP_ITEM,
        .container_kind = KIND_MAP,
        .container = sid_str(&step->sid),
        .page = {.place = place, .size = PAGE_SIZE_MAX},
    };
    submit(step);
}

static void go_live(struct subscription *subscription, uint64_t reached)
{
    if (reached > subscription->position)
        subscription->position = reached;
    subscription->state = SUBSCRIPTION_LIVE;
    free_step(subscription->step);
    subscription->step = NULL;
    if (subscription->asked)
        tell_established(subscription);
    subscription->asked = false;
    if (subscription->live && !subscription->live->seeded)
        ask_for_items(subscription, (struct str){0});
}

static void take_items(struct subscription *subscription, const struct command *command)
{
    struct step *step = subscription->step;
    size_t count = command->heads_count;
    bool last = !command->more_after || !count;
    live_seed(subscription->live, command->heads, count, last);
    if (subscription->state == SUBSCRIPTION_BEHIND) {
        ask_core(subscription);
    } else if (last) {
        free_step(step);
        subscription->step = NULL;
    } else {
        arena_clear(&step->arena);
        struct str place = listing_place(command->heads[count - 1], &step->arena);
        ask_for_items(subscription, arena_dup(&step->arena, place));
    }
}

/* How many of the notices went. */
static size_t tell_some(struct subscription *subscription, struct subscribe *subscribe)
{
    size_t told = 0;
    bool room = true;
    while (room && told < subscribe->count) {
        struct rendering rendering = {.notice = &subscribe->notices[told]};
        room = tell(subscription, &rendering);
        told += room;
        rendering_deinit(&rendering);
    }
    return told;
}

/* When not all could be told, subscription_resume_all goes on. */
static void catch_up(struct subscription *subscription)
{
    struct subscribe *subscribe = &subscription->step->subscribe;
    bool any = subscribe->count > 0, more = subscribe->more;
    bool all = tell_some(subscription, subscribe) == subscribe->count;
    uint64_t reached = subscribe->reached;
    subscribe_clear(subscribe, false);
    metric_add(&metrics_of(subscription)->replays, any && all && !more);
    if (all && more)
        ask_core(subscription);
    else if (all)
        go_live(subscription, reached);
}

static void fail(struct subscription *subscription, enum err err)
{
    struct session *session = subscription->session;
    if (subscription->live && (err == ERR_MISSING || err == ERR_NAME_MISSING))
        err = ERR_INDEX_MISSING;
    metric_add(&metrics_of(subscription)->lost, err == ERR_LOST);
    if (err == ERR_STORE || err == ERR_BUSY || err == ERR_AUTH) {
        session_end(session); /* it comes back and asks again */
        return;
    }
    struct announcement announcement = announcement_of(subscription);
    announcement_failed(session, &announcement, err);
    end(subscription);
}

/* The map of a live query is known. */
static void find_map(struct subscription *subscription, const struct command *command)
{
    struct sid sid = sid_of(command->head);
    join(subscription, &sid, KIND_MAP, command->head->id);
}

static void arrive(struct subscription *subscription, const struct command *command)
{
    if (command->err) {
        fail(subscription, command->err);
    } else if (command->verb == VERB_FETCH) {
        find_map(subscription, command);
        ask_core(subscription);
    } else if (command->verb == VERB_LIST) {
        take_items(subscription, command);
    } else {
        subscription->topic->proven = true;
        catch_up(subscription);
    }
}

/* The core follows the object now, for nobody perhaps. */
static void arrive_late(struct step *step, const struct command *command)
{
    struct hub *hub = hub_of(step->session);
    if (command->err || command->verb != VERB_SUBSCRIBE)
        return;
    struct topic *topic = hub_topic(hub, &step->sid, command->kind, command->head->id);
    topic->proven = true;
    if (!topic->count)
        hub_drop_topic(hub, topic);
}

static void on_step(struct letter *letter)
{
    struct step *step = (struct step *)letter;
    struct session *session = step->session;
    struct command command = step->command; /* the step may be used again, or freed */
    step->flying = false;
    if (step->subscription) {
        arrive(step->subscription, &command);
    } else {
        arrive_late(step, &command);
        free_step(step);
    }
    command_deinit(&command);
    session_release(session);
}

void subscription_resume_all(struct session *session)
{
    struct ring *head = &session->subscriber.subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        bool flying = subscription->step && subscription->step->flying;
        if (subscription->state == SUBSCRIPTION_BEHIND && !flying)
            ask_core(subscription);
    }
}

static void fall_behind(struct subscription *subscription)
{
    subscription->state = SUBSCRIPTION_BEHIND;
    metric_add(&metrics_of(subscription)->behind, 1);
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
        if (subscription->session == session && subscription->topic == topic && !subscription->live)
            return subscription;
    }
    return NULL;
}

static struct subscription *find_live(const struct session *session, struct str id)
{
    const struct ring *head = &session->subscriber.subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        if (subscription->live && str_eq(subscription->live->id, id))
            return subscription;
    }
    return NULL;
}

static struct subscription *find_asked(const struct session *session,
                                       const struct subscription_ask *ask)
{
    uint64_t id, salt;
    enum kind kind = notification_kind(ask->type);
    if (!kind)
        return find_live(session, ask->sid);
    if (!sid_parse(ask->sid, kind, &id, &salt))
        return NULL;
    const struct topic *topic = hub_find_topic(hub_of(session), ask->sid, id);
    return topic ? find(session, topic) : NULL;
}

static void establish_live(struct session *session, const struct subscription_ask *ask)
{
    struct live *live;
    enum err e = live_new(&live, ask->sid, ask->index, ask->query);
    if (e) {
        refuse(session, ask, e);
        return;
    }
    struct subscription *subscription = add(session, ask);
    subscription->live = live;
    new_step(subscription)->subscribe.since_given = ask->since_given;
    ask_core(subscription);
}

static void establish_object(struct session *session, const struct subscription_ask *ask)
{
    uint64_t id, salt;
    struct sid sid;
    enum kind kind = notification_kind(ask->type);
    if (!kind || !sid_parse(ask->sid, kind, &id, &salt)) {
        refuse(session, ask, ERR_MISSING);
        return;
    }
    memcpy(sid.text, ask->sid.ptr, SID_LENGTH);
    sid.text[SID_LENGTH] = 0;
    struct subscription *subscription = add(session, ask);
    join(subscription, &sid, kind, id);
    new_step(subscription)->subscribe.since_given = ask->since_given;
    ask_core(subscription);
}

void subscription_establish(struct session *session, const struct subscription_ask *ask)
{
    struct subscription *before = find_asked(session, ask);
    if (before)
        end(before);
    if (session->subscriber.count >= hub_of(session)->options->subscriptions_max)
        refuse(session, ask, ERR_RATE);
    else if (str_eq(ask->type, STR("live_query")))
        establish_live(session, ask);
    else
        establish_object(session, ask);
}

void subscription_cancel(struct session *session, const struct subscription_ask *ask)
{
    struct announcement announcement = announcement_for(ask);
    struct subscription *subscription = find_asked(session, ask);
    if (subscription)
        end(subscription);
    announcement_canceled(session, &announcement);
}

/* --- hearing --- */

static void recheck(struct subscription *subscription)
{
    if (subscription->state != SUBSCRIPTION_LIVE)
        return;
    subscription->state = SUBSCRIPTION_BEHIND;
    ask_core(subscription);
}

static void hear(struct subscription *subscription, struct rendering *rendering)
{
    const struct change *change = rendering->notice->change;
    bool message = change->kind == KIND_MESSAGE;
    if (subscription->state != SUBSCRIPTION_LIVE)
        return;
    if (!message && change->seq <= subscription->position)
        return;
    if (tell(subscription, rendering)) {
        if (change_is_removal(change) && subscription->live)
            fail(subscription, ERR_INDEX_MISSING);
        else if (change_is_removal(change))
            end(subscription);
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

void subscription_hear(struct realtime *realtime, const struct notice *notice)
{
    const struct change *change = notice->change;
    bool permission = change->kind == KIND_PERMISSION;
    bool part = permission || change->kind == KIND_MESSAGE;
    struct topic *topic =
        hub_proven_topic(realtime_hub(realtime), part ? change->parent : change->id);
    struct rendering rendering = {.notice = notice};
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
            hear(subscription, &rendering);
    }
    rendering_deinit(&rendering);
    if (--topic->count == 0)
        hub_drop_topic(realtime_hub(realtime), topic);
}

void subscription_recheck(struct realtime *realtime, uint64_t service_id)
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
