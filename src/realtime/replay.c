/* A subscription waits for its turn (ask_in_turn); then a step is submitted, comes back to on_step,
 * and arrive decides what it brought: notices of a replay, which are told as far as there is room;
 * the map of a live query; or some of the map's items. While it is in the core's hands its
 * subscription may end, or change its state. */
#include "realtime/replay.h"

#include "base/mem.h"
#include "realtime/audience.h"
#include "realtime/hub.h"
#include "realtime/live.h"
#include "realtime/rendering.h"
#include "sync/listing.h"
#include "sync/subscribe.h"

#include <stdlib.h>

/* On the way to the core and back; kept in between as long as there is more. */
struct step {
    struct command command; /* first */
    struct subscribe subscribe;
    struct session *session;
    struct subscription *subscription; /* NULL: it has ended */
    struct sid sid;
    struct arena arena; /* what the command of a live query points into, also when it has ended */
    struct str place;   /* where the next page of the map's items begins; absent: the first */
    bool flying;        /* in the core's hands, or behind them in the work queue */
    struct worker worker;
};

static struct hub *hub_of(const struct session *session)
{
    return realtime_hub(session->realtime);
}

/* --- steps --- */

static void free_step(struct step *step)
{
    subscribe_clear(&step->subscribe, true);
    arena_deinit(&step->arena);
    free(step);
}

/* None is in the core's hands. */
static void drop_step(struct subscription *subscription)
{
    if (subscription->step)
        free_step(subscription->step);
    subscription->step = NULL;
}

static struct step *new_step(struct subscription *subscription)
{
    struct step *step = mem_zalloc(1, sizeof *step);
    step->session = subscription->session;
    step->subscription = subscription;
    arena_init(&step->arena);
    return step;
}

void replay_end(struct subscription *subscription)
{
    ring_remove(&subscription->behind);
    if (subscription->step && subscription->step->flying)
        subscription->step->subscription = NULL;
    else
        drop_step(subscription);
}

/* --- what is asked --- */

/* All items of the map of a live query, page after page. */
static void ask_for_items(struct step *step)
{
    step->sid = step->subscription->topic->sid;
    step->command = (struct command){
        .verb = VERB_LIST,
        .kind = KIND_MAP_ITEM,
        .container_kind = KIND_MAP,
        .container = sid_str(&step->sid),
        .page = {.place = step->place, .size = PAGE_SIZE_MAX},
    };
}

static void ask_for_map(struct step *step)
{
    step->command = (struct command){
        .verb = VERB_FETCH,
        .kind = KIND_MAP,
        .object = arena_dup(&step->arena, step->subscription->live->index),
    };
}

static void ask_for_changes(struct step *step)
{
    const struct subscription *subscription = step->subscription;
    step->sid = subscription->topic->sid;
    step->command = (struct command){
        .verb = VERB_SUBSCRIBE,
        .kind = subscription->topic->kind,
        .object = sid_str(&step->sid),
        .subscribe = &step->subscribe,
    };
    step->subscribe.since_given = subscription->since_given;
    step->subscribe.since = subscription->position;
    step->subscribe.far_max = hub_of(subscription->session)->options->replay_max;
}

static void on_step(struct letter *letter);
static bool on_turn(struct worker *worker);

static void ask(struct subscription *subscription)
{
    struct step *step = subscription->step;
    if (!step)
        step = subscription->step = new_step(subscription);
    if (!subscription->topic)
        ask_for_map(step);
    else if (subscription->state == SUBSCRIPTION_BEHIND)
        ask_for_changes(step);
    else
        ask_for_items(step);
    step->command.letter.arrive = on_step;
    worker_init(&step->worker, on_turn);
    step->flying = true;
    step->session->subscriber.steps++;
    session_submit(step->session, &step->command);
}

static void ask_in_turn(struct session *session)
{
    struct subscriber *subscriber = &session->subscriber;
    while (session->state != SESSION_ENDED && subscriber->steps < REPLAY_STEPS_MAX &&
           !ring_is_empty(&subscriber->behind)) {
        struct subscription *next = ring_of(subscriber->behind.next, struct subscription, behind);
        ring_remove(&next->behind);
        ask(next);
    }
}

void replay_continue(struct subscription *subscription)
{
    if (subscription->step && subscription->step->flying)
        return; /* when it is back it asks again */
    if (ring_is_empty(&subscription->behind))
        ring_append(&subscription->session->subscriber.behind, &subscription->behind);
    ask_in_turn(subscription->session);
}

/* Before all others: what a catch-up keeps between its steps should not be kept for many. */
static void go_on(struct subscription *subscription)
{
    ring_remove(&subscription->behind);
    ring_append(subscription->session->subscriber.behind.next, &subscription->behind);
}

/* --- what comes back --- */

static void go_live(struct subscription *subscription, uint64_t reached)
{
    if (reached > subscription->position)
        subscription->position = reached;
    subscription->state = SUBSCRIPTION_LIVE;
    subscription->since_given = true; /* for whenever it falls behind */
    drop_step(subscription);
    if (subscription->asked)
        subscription_tell_established(subscription);
    subscription->asked = false;
    if (subscription->live && !subscription->live->seeded)
        go_on(subscription);
}

static void take_items(struct subscription *subscription, const struct command *command)
{
    struct step *step = subscription->step;
    size_t count = command->heads_count;
    bool last = !command->more_after || !count;
    if (subscription->state == SUBSCRIPTION_BEHIND) {
        step->place = (struct str){0};
        go_on(subscription); /* they are newer than what it was told: go_live asks anew */
        return;
    }
    live_seed(subscription->live, command->heads, count, last);
    if (last) {
        drop_step(subscription);
        return;
    }
    arena_clear(&step->arena);
    struct str place = listing_place(command->heads[count - 1], &step->arena);
    step->place = arena_dup(&step->arena, place);
    go_on(subscription);
}

/* How many of the notices went. */
static size_t tell_some(struct subscription *subscription, struct subscribe *subscribe)
{
    size_t told = 0;
    bool room = true;
    while (room && told < subscribe->count) {
        struct rendering rendering = {.notice = &subscribe->notices[told]};
        room = audience_tell(subscription, &rendering);
        told += room;
        rendering_deinit(&rendering);
    }
    return told;
}

/* When not all could be told, replay_resume_all goes on. */
static void catch_up(struct subscription *subscription)
{
    struct subscribe *subscribe = &subscription->step->subscribe;
    bool any = subscribe->count > 0, more = subscribe->more;
    bool all = tell_some(subscription, subscribe) == subscribe->count;
    uint64_t reached = subscribe->reached;
    subscribe_clear(subscribe, false);
    metric_add(&subscription_metrics(subscription)->replays, any && all && !more);
    if (all && more)
        go_on(subscription);
    else if (all && reached < subscription->missed)
        go_on(subscription); /* that came while the answer waited to be looked at */
    else if (all)
        go_live(subscription, reached);
}

/* The map of a live query is known. */
static void find_map(struct subscription *subscription, const struct command *command)
{
    struct sid sid = sid_of(command->head);
    subscription_join(subscription, &sid, KIND_MAP, command->head->id);
}

static void arrive(struct subscription *subscription, const struct command *command)
{
    if (command->err) {
        subscription_fail(subscription, command->err);
    } else if (command->verb == VERB_FETCH) {
        find_map(subscription, command);
        go_on(subscription);
    } else if (command->verb == VERB_LIST) {
        take_items(subscription, command);
    } else {
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

static void finish(struct step *step)
{
    struct session *session = step->session;
    struct command command = step->command; /* the step may be used again, or freed */
    step->flying = false;
    session->subscriber.steps--;
    if (step->subscription) {
        arrive(step->subscription, &command);
    } else {
        arrive_late(step, &command);
        free_step(step);
    }
    command_deinit(&command);
    ask_in_turn(session);
    session_release(session);
}

static bool on_turn(struct worker *worker)
{
    finish(ring_of(worker, struct step, worker));
    return false;
}

/* From now on notices come. Of what has happened meanwhile the subscription hears when it asks
 * again (subscription.missed): so an answer may be looked at later than it has come. */
static void note_following(const struct step *step)
{
    const struct command *command = &step->command;
    if (!command->err && command->verb == VERB_SUBSCRIBE && step->subscription)
        step->subscription->topic->proven = true;
}

static void on_step(struct letter *letter)
{
    struct step *step = (struct step *)letter;
    struct work_queue *work = hub_of(step->session)->options->work;
    note_following(step);
    if (work_is_free(work))
        finish(step);
    else
        work_add(work, &step->worker);
}

void replay_resume_all(struct session *session)
{
    struct ring *head = &session->subscriber.subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        bool flying = subscription->step && subscription->step->flying;
        if (subscription->state == SUBSCRIPTION_BEHIND && !flying)
            replay_continue(subscription);
    }
}
