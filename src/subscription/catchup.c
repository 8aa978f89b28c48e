/* A subscription waits for its turn (ask_in_turn), near first; then a step is submitted, comes back
 * to on_step, and arrive decides what it brought: notices of a replay, which are told as far as
 * there is room; or the map of a live query. While it is in the core's hands its subscription may
 * end. */
#include "subscription/catchup.h"

#include "base/mem.h"
#include "subscription/broadcast.h"
#include "subscription/live_query.h"
#include "subscription/rendering.h"
#include "subscription/topics.h"
#include "sync/subscribe.h"

#include <stdlib.h>

/* All that one answer can bring, unless its object has other changes besides. */
enum { NEAR_CHANGES = SUBSCRIBE_NOTICES_MAX };

/* On the way to the core and back; kept in between as long as there is more. */
struct step {
    struct command command; /* first */
    struct subscribe subscribe;
    struct session *session;
    struct subscription *subscription; /* NULL: it has ended */
    struct sid sid;
    struct arena arena; /* what the command of a live query points into, also when it has ended */
    size_t told;        /* of the notices that came */
    bool full;          /* the session has no room for the next one */
    enum catchup_lane lane;
    bool flying; /* in the core's hands, or behind them in the work queue */
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

void catchup_end(struct subscription *subscription)
{
    ring_remove(&subscription->behind);
    if (subscription->step && subscription->step->flying)
        subscription->step->subscription = NULL;
    else
        drop_step(subscription);
}

/* --- what is asked --- */

static void ask_for_map(struct step *step)
{
    step->command = (struct command){
        .verb = VERB_FETCH,
        .kind = KIND_MAP,
        .object = arena_dup(&step->arena, step->subscription->query->index),
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
    step->subscribe.with_before = subscription->query;
    step->subscribe.walk_max = step->lane == CATCHUP_NEAR ? NEAR_CHANGES : 0;
    step->subscribe.far_max = hub_of(subscription->session)->options->replay_max;
}

static void on_step(struct letter *letter);
static bool on_turn(struct worker *worker);

static void ask(struct subscription *subscription)
{
    struct step *step = subscription->step;
    if (!step)
        step = subscription->step = new_step(subscription);
    step->lane = subscription->lane;
    if (!subscription->topic)
        ask_for_map(step);
    else
        ask_for_changes(step);
    step->command.letter.arrive = on_step;
    worker_init(&step->worker, on_turn);
    step->told = 0;
    step->full = false;
    step->flying = true;
    hub_of(step->session)->behind[step->lane].steps++;
    session_submit(step->session, &step->command);
}

/* The next one of the session whose turn it is. */
static struct subscription *take_turn(struct hub *hub, enum catchup_lane lane)
{
    struct ring *queues = &hub->behind[lane].queues;
    struct catchup_queue *queue = ring_of(queues->next, struct catchup_queue, place);
    ring_remove(&queue->place);
    if (ring_is_empty(&queue->waiting))
        return NULL;
    struct subscription *next = ring_of(queue->waiting.next, struct subscription, behind);
    ring_remove(&next->behind);
    if (!ring_is_empty(&queue->waiting))
        ring_append(queues, &queue->place);
    return next->session->state == SESSION_ENDED ? NULL : next;
}

static void ask_in_turn(struct hub *hub)
{
    static const size_t steps_max[] = {
        [CATCHUP_NEAR] = CATCHUP_NEAR_MAX,
        [CATCHUP_FAR] = CATCHUP_FAR_MAX,
    };
    for (enum catchup_lane lane = 0; lane < CATCHUP_LANES; lane++) {
        const struct catchup_turns *turns = &hub->behind[lane];
        while (turns->steps < steps_max[lane] && !ring_is_empty(&turns->queues)) {
            struct subscription *next = take_turn(hub, lane);
            if (next)
                ask(next);
        }
    }
}

/* `first`: it comes before the others of the session. */
static void wait_for_turn(struct subscription *subscription, bool first)
{
    struct session *session = subscription->session;
    struct catchup_queue *queue = &session->subscriber.behind[subscription->lane];
    ring_remove(&subscription->behind);
    ring_append(first ? queue->waiting.next : &queue->waiting, &subscription->behind);
    if (ring_is_empty(&queue->place))
        ring_append(&hub_of(session)->behind[subscription->lane].queues, &queue->place);
}

void catchup_continue(struct subscription *subscription)
{
    if (subscription->step && subscription->step->flying)
        return; /* when it is back it asks again */
    if (ring_is_empty(&subscription->behind))
        wait_for_turn(subscription, false);
    ask_in_turn(hub_of(subscription->session));
}

/* Before all others of the session: what a catch-up keeps between its steps should not be kept for
 * many. */
static void go_on(struct subscription *subscription)
{
    wait_for_turn(subscription, true);
}

/* There is more to catch up with than one answer brings. Until its turn comes nothing is kept. */
static void go_far(struct subscription *subscription)
{
    bool first = subscription->lane == CATCHUP_FAR;
    if (!first)
        drop_step(subscription);
    subscription->lane = CATCHUP_FAR;
    wait_for_turn(subscription, first);
}

/* --- what comes back --- */

/* All up to there has been told, or was known. It is established, and live unless something came
 * while the answer waited to be looked at. */
static void come_to(struct subscription *subscription, uint64_t reached)
{
    if (reached > subscription->position)
        subscription->position = reached;
    subscription->since_given = true;
    if (subscription->asked)
        subscription_tell_established(subscription);
    subscription->asked = false;
    subscription->lane = CATCHUP_NEAR;
    if (reached < subscription->missed || subscription->unchecked) {
        go_on(subscription);
    } else {
        subscription->state = SUBSCRIPTION_LIVE;
        drop_step(subscription);
    }
}

/* Returns how many bytes that was the work of. */
static size_t tell_next(struct step *step)
{
    const struct notice *notice = &step->subscribe.notices[step->told];
    const struct change *state = notice->item ? notice->item : notice->change;
    struct event_render render = {.notice = notice};
    step->full = !delivery_tell(step->subscription, &render);
    step->told += !step->full;
    event_render_deinit(&render);
    return render.cost + state->data.len;
}

static bool is_told(const struct step *step)
{
    return step->full || step->told == step->subscribe.count;
}

/* False: there is more to tell, in a later turn. */
static bool tell_some(struct step *step)
{
    struct work_slice slice = work_slice(hub_of(step->session)->options->work);
    while (!is_told(step) && work_goes_on(&slice, tell_next(step)))
        ;
    if (step->subscription->query)
        shared_queries_forget(&step->subscription->topic->queries);
    return is_told(step);
}

/* When not all could be told, catchup_resume_all goes on. */
static void catch_up(struct subscription *subscription)
{
    struct subscribe *subscribe = &subscription->step->subscribe;
    bool any = subscribe->count > 0, more = subscribe->more;
    bool all = subscription->step->told == subscribe->count;
    uint64_t reached = subscribe->reached;
    subscribe_clear(subscribe, false);
    metric_add(&subscription_metrics(subscription)->replays, any && all && !more);
    if (all && more)
        go_far(subscription);
    else if (all)
        come_to(subscription, reached);
}

/* The map of a live query is known. */
static void find_map(struct subscription *subscription, const struct command *command)
{
    struct sid sid = sid_of(command->head);
    subscription_join(subscription, &sid, KIND_MAP, command->head->id);
    live_query_join(subscription->query, &subscription->topic->queries);
}

static void arrive(struct subscription *subscription, const struct command *command)
{
    if (command->err) {
        subscription_fail(subscription, command->err);
    } else if (command->verb == VERB_FETCH) {
        find_map(subscription, command);
        go_on(subscription);
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
    hub_prove_topic(hub, topic);
    if (!topic->count)
        hub_drop_topic(hub, topic);
}

static void finish(struct step *step)
{
    struct session *session = step->session;
    struct hub *hub = hub_of(session);
    struct command command = step->command; /* the step may be used again, or freed */
    step->flying = false;
    hub->behind[step->lane].steps--;
    if (step->subscription) {
        arrive(step->subscription, &command);
    } else {
        arrive_late(step, &command);
        free_step(step);
    }
    command_deinit(&command);
    ask_in_turn(hub);
    session_release(session);
}

/* True: there is more of it, for a later turn. */
static bool take(struct step *step)
{
    bool tells = step->subscription && !step->command.err && step->command.verb == VERB_SUBSCRIBE;
    if (tells && !tell_some(step))
        return true;
    finish(step);
    return false;
}

static bool on_turn(struct worker *worker)
{
    return take(ring_of(worker, struct step, worker));
}

/* The answer knows all that was heard of before it, and from now on notices come. Of what they say
 * before the answer is looked at the subscription hears when it asks again. */
static void note_arrival(const struct step *step)
{
    const struct command *command = &step->command;
    struct subscription *subscription = step->subscription;
    if (command->err || command->verb != VERB_SUBSCRIBE || !subscription)
        return;
    hub_prove_topic(hub_of(step->session), subscription->topic);
    subscription->missed = 0;
    subscription->unchecked = false;
}

/* There is nothing to tell but the answer itself. It is looked at at once: then a subscription of
 * an object that is written all the time is established, and a message of a stream right behind the
 * answer finds its listener. */
static bool is_small(const struct step *step)
{
    const struct command *command = &step->command;
    return command->err || command->verb != VERB_SUBSCRIBE || !step->subscribe.count;
}

static void on_step(struct letter *letter)
{
    struct step *step = (struct step *)letter;
    struct work_queue *work = hub_of(step->session)->options->work;
    note_arrival(step);
    if ((!is_small(step) && !work_is_free(work)) || take(step))
        work_add(step->session->lane, &step->worker);
}

void catchup_resume_all(struct session *session)
{
    struct ring *head = &session->subscriber.subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        bool flying = subscription->step && subscription->step->flying;
        if (subscription->state == SUBSCRIPTION_BEHIND && !flying)
            catchup_continue(subscription);
    }
}
