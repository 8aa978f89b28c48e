/* A subscription waits for its turn (ask_in_turn), near first; then a request is submitted, comes
 * back to on_answer, and take_answer decides what it brought: notices to catch up with, which are
 * told as far as there is room; or the map of a live query. While the request is in flight its
 * subscription may end. */
#include "subscription/catchup.h"

#include "subscription/catchup_request.h"
#include "subscription/delivery.h"
#include "subscription/live_query.h"

/* All that one answer can bring, unless its object has other changes besides. */
enum { NEAR_CHANGES = SUBSCRIBE_NOTICES_MAX };

static void drop_request(struct subscription *subscription)
{
    catchup_request_free(subscription->request);
    subscription->request = NULL;
}

/* --- what is asked --- */

static void ask_for_map(struct catchup_request *request)
{
    request->command = (struct command){
        .verb = VERB_FETCH,
        .kind = KIND_MAP,
        .object = arena_dup(&request->arena, request->subscription->query->index),
    };
}

static void ask_for_changes(struct catchup_request *request)
{
    const struct subscription *subscription = request->subscription;
    request->sid = subscription->topic->sid;
    request->command = (struct command){
        .verb = VERB_SUBSCRIBE,
        .kind = subscription->topic->kind,
        .object = sid_str(&request->sid),
        .subscribe = &request->subscribe,
    };
    request->subscribe.since_given = subscription->since_given;
    request->subscribe.since = subscription->position;
    request->subscribe.with_before = subscription->query;
    request->subscribe.walk_max = request->lane == CATCHUP_NEAR ? NEAR_CHANGES : 0;
    request->subscribe.far_max = subscription->subscriber->shared->options->replay_max;
}

static void on_answer(struct letter *letter);
static bool on_step(struct worker *worker);

static void ask(struct subscription *subscription)
{
    struct catchup_request *request = subscription->request;
    if (!request)
        request = subscription->request = catchup_request_new(subscription);
    request->lane = subscription->lane;
    if (!subscription->topic)
        ask_for_map(request);
    else
        ask_for_changes(request);
    request->command.letter.arrive = on_answer;
    worker_init(&request->worker, on_step);
    request->told = 0;
    request->full = false;
    request->in_flight = true;
    request->subscriber->shared->behind[request->lane].in_flight++;
    session_submit(request->subscriber->session, &request->command);
}

/* The next one of the session whose turn it is. */
static struct subscription *take_turn(struct subscriptions *shared, enum catchup_lane lane)
{
    struct ring *queues = &shared->behind[lane].queues;
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

static void ask_in_turn(struct subscriptions *shared)
{
    static const size_t flights_max[] = {
        [CATCHUP_NEAR] = CATCHUP_NEAR_MAX,
        [CATCHUP_FAR] = CATCHUP_FAR_MAX,
    };
    for (enum catchup_lane lane = 0; lane < CATCHUP_LANES; lane++) {
        const struct catchup_turns *turns = &shared->behind[lane];
        while (turns->in_flight < flights_max[lane] && !ring_is_empty(&turns->queues)) {
            struct subscription *next = take_turn(shared, lane);
            if (next)
                ask(next);
        }
    }
}

/* `first`: it comes before the others of the session. */
static void wait_for_turn(struct subscription *subscription, bool first)
{
    struct subscriber *subscriber = subscription->subscriber;
    struct catchup_queue *queue = &subscriber->behind[subscription->lane];
    ring_remove(&subscription->behind);
    ring_append(first ? queue->waiting.next : &queue->waiting, &subscription->behind);
    if (ring_is_empty(&queue->place))
        ring_append(&subscriber->shared->behind[subscription->lane].queues, &queue->place);
}

void catchup_continue(struct subscription *subscription)
{
    if (subscription->request && subscription->request->in_flight)
        return; /* when it is back it asks again */
    if (ring_is_empty(&subscription->behind))
        wait_for_turn(subscription, false);
    ask_in_turn(subscription->subscriber->shared);
}

/* Before all others of the session: a subscription keeps memory between its requests, so as few as
 * possible should be in the middle of it. */
static void go_on(struct subscription *subscription)
{
    wait_for_turn(subscription, true);
}

/* One answer does not bring all. The subscription moves to the far lane, and keeps nothing until
 * its turn comes. */
static void go_far(struct subscription *subscription)
{
    bool first = subscription->lane == CATCHUP_FAR;
    if (!first)
        drop_request(subscription);
    subscription->lane = CATCHUP_FAR;
    wait_for_turn(subscription, first);
}

/* --- what comes back --- */

/* The client knows all up to `reached`: the subscription is established. It is LIVE unless
 * something happened while the answer waited to be looked at. */
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
        drop_request(subscription);
    }
}

/* Returns how much work that was, in bytes. */
static size_t tell_next(struct catchup_request *request)
{
    const struct notice *notice = &request->subscribe.notices[request->told];
    const struct change *state = notice->item ? notice->item : notice->change;
    struct event_render render = {.notice = notice};
    request->full = !delivery_tell(request->subscription, &render);
    request->told += !request->full;
    event_render_deinit(&render);
    return render.cost + state->data.len;
}

static bool is_told(const struct catchup_request *request)
{
    return request->full || request->told == request->subscribe.count;
}

/* False: a later turn tells more. */
static bool tell_some(struct catchup_request *request)
{
    struct work_slice slice = work_slice(request->subscriber->shared->work);
    while (!is_told(request) && work_goes_on(&slice, tell_next(request)))
        ;
    if (request->subscription->query)
        shared_queries_forget(&request->subscription->topic->queries);
    return is_told(request);
}

/* When not all could be told, catchup_resume_all goes on. */
static void catch_up(struct subscription *subscription)
{
    struct subscribe *subscribe = &subscription->request->subscribe;
    bool any = subscribe->count > 0, more = subscribe->more;
    bool all = subscription->request->told == subscribe->count;
    uint64_t reached = subscribe->reached;
    subscribe_clear(subscribe, false);
    metric_add(&subscription->subscriber->shared->metrics->replays, any && all && !more);
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

static void take_answer(struct subscription *subscription, const struct command *command)
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

/* The subscription has ended, but the core follows the object now. If nobody else subscribes to it,
 * tell the core. */
static void take_late_answer(struct catchup_request *request, const struct command *command)
{
    struct topics *topics = &request->subscriber->shared->topics;
    if (command->err || command->verb != VERB_SUBSCRIBE)
        return;
    struct topic *topic = topics_get(topics, &request->sid, command->kind, command->head->id);
    topics_prove(topics, topic);
    if (!topic->count)
        topics_drop(topics, topic);
}

static void finish(struct catchup_request *request)
{
    struct session *session = request->subscriber->session;
    struct subscriptions *shared = request->subscriber->shared;
    struct command command = request->command; /* the request may be used again, or freed */
    request->in_flight = false;
    shared->behind[request->lane].in_flight--;
    if (request->subscription) {
        take_answer(request->subscription, &command);
    } else {
        take_late_answer(request, &command);
        catchup_request_free(request);
    }
    command_deinit(&command);
    ask_in_turn(shared);
    session_release(session);
}

/* True: a later turn takes more of it. */
static bool take(struct catchup_request *request)
{
    bool tells =
        request->subscription && !request->command.err && request->command.verb == VERB_SUBSCRIBE;
    if (tells && !tell_some(request))
        return true;
    finish(request);
    return false;
}

static bool on_step(struct worker *worker)
{
    return take(ring_of(worker, struct catchup_request, worker));
}

/* The answer has all that happened before it; from now on notices come. What happens until the
 * answer is looked at, the subscription notes as missed, and asks for again. */
static void note_answer(const struct catchup_request *request)
{
    const struct command *command = &request->command;
    struct subscription *subscription = request->subscription;
    if (command->err || command->verb != VERB_SUBSCRIBE || !subscription)
        return;
    topics_prove(&request->subscriber->shared->topics, subscription->topic);
    subscription->missed = 0;
    subscription->unchecked = false;
}

/* There is nothing to tell but the answer itself, so we look at it at once. Otherwise an object
 * that is written all the time would never be subscribed to, and the first message of a stream,
 * right behind the answer, would find the subscription not LIVE yet. */
static bool is_small(const struct catchup_request *request)
{
    const struct command *command = &request->command;
    return command->err || command->verb != VERB_SUBSCRIBE || !request->subscribe.count;
}

static void on_answer(struct letter *letter)
{
    struct catchup_request *request = (struct catchup_request *)letter;
    struct work_queue *work = request->subscriber->shared->work;
    note_answer(request);
    if ((!is_small(request) && !work_is_free(work)) || take(request))
        work_add(request->subscriber->session->lane, &request->worker);
}

void catchup_resume_all(struct subscriber *subscriber)
{
    struct ring *head = &subscriber->subscriptions;
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct subscription *subscription = ring_of(at, struct subscription, in_session);
        if (subscription->state == SUBSCRIPTION_BEHIND)
            catchup_continue(subscription);
    }
}
