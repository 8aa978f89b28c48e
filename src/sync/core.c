#include "sync/core.h"

#include "base/mem.h"
#include "sync/access.h"
#include "sync/batch.h"
#include "sync/contention.h"
#include "sync/housekeeping.h"
#include "sync/item.h"
#include "sync/key.h"
#include "sync/listing.h"
#include "sync/message.h"
#include "sync/permission.h"
#include "sync/resource.h"
#include "sync/service.h"
#include "sync/sid.h"
#include "sync/subscribe.h"
#include "sync/view.h"

#include <stdlib.h>

enum {
    RETRY_MS = 1000,
    SLEEP_MAX_MS = 1000,
    READING_NS = 1000000, /* of a turn, for pages and subscriptions: others wait meanwhile */
    READING_BEFORE_COMMIT_NS = 250000,
};

/* Pages and catch-ups go one by one, however many there are of the others. */
enum { READ_PAGE, READ_SUBSCRIPTION, READS };

/* A command whose answer depends on the commit. */
struct waiting {
    struct command *command;
    struct batch_mark begun; /* what happened before it */
};

struct core {
    struct core_options options;
    struct core_metrics metrics;
    struct feed feed;
    struct batch batch;
    struct contention contention;
    struct idempotency idempotency;
    struct housekeeping housekeeping;
    struct chain due;          /* kept back, and not to be again */
    struct chain reads[READS]; /* to be evaluated in the settled view */
    unsigned next_read;        /* which of them is next */
    struct now now;            /* neither clock goes back */
    struct instant tidy;       /* after the store's tidying failed: not again before */
    uint64_t begun_ns;         /* when what is sealed was appended */
    struct waiting waiting[BATCH_MAX];
    size_t waiting_count;
    size_t waiting_sealed; /* the first ones, which wait for what is sealed */
    size_t keys_sealed;    /* of idempotency, likewise */
};

typedef enum err evaluator(struct batch *batch, struct command *command);

#define RESOURCE                                                                                   \
    {                                                                                              \
        true,                                                                                      \
        {                                                                                          \
            [VERB_CREATE] = resource_create, [VERB_FETCH] = resource_fetch,                        \
            [VERB_UPDATE] = resource_update, [VERB_REMOVE] = resource_remove                       \
        }                                                                                          \
    }

static const struct {
    bool in_service;
    evaluator *verbs[VERB_COUNT];
} kinds[] = {
    [KIND_SERVICE] = {false,
                      {[VERB_CREATE] = service_create,
                       [VERB_FETCH] = service_fetch,
                       [VERB_UPDATE] = service_update,
                       [VERB_REMOVE] = service_remove}},
    [KIND_KEY] = {false,
                  {[VERB_CREATE] = key_create,
                   [VERB_FETCH] = key_fetch,
                   [VERB_UPDATE] = key_update,
                   [VERB_REMOVE] = key_remove}},
    [KIND_DOCUMENT] = RESOURCE,
    [KIND_LIST] = RESOURCE,
    [KIND_MAP] = RESOURCE,
    [KIND_STREAM] = RESOURCE,
    [KIND_LIST_ITEM] = {true,
                        {[VERB_CREATE] = item_create,
                         [VERB_FETCH] = item_fetch,
                         [VERB_FETCH_MANY] = item_fetch_many,
                         [VERB_UPDATE] = item_update,
                         [VERB_REMOVE] = item_remove}},
    [KIND_MAP_ITEM] = {true,
                       {[VERB_CREATE] = item_create,
                        [VERB_FETCH] = item_fetch,
                        [VERB_FETCH_MANY] = item_fetch_many,
                        [VERB_UPDATE] = item_update,
                        [VERB_PUT] = item_put,
                        [VERB_REMOVE] = item_remove}},
    [KIND_PERMISSION] = {true,
                         {[VERB_FETCH] = permission_fetch,
                          [VERB_PUT] = permission_put,
                          [VERB_REMOVE] = permission_remove}},
    [KIND_MESSAGE] = {true, {[VERB_CREATE] = message_create}},
};

#undef RESOURCE

typedef enum err reader(struct settled *settled, struct command *command);

static reader *const readers[VERB_COUNT] = {
    [VERB_LIST] = listing_read,
    [VERB_SUBSCRIBE] = subscribe_evaluate,
};

static enum err resolve_service(const struct view *view, struct command *command)
{
    return kinds[command->kind].in_service ? service_resolve(view, command) : OK;
}

static enum err resolve_container(const struct view *view, struct command *command)
{
    if (!command->container.ptr)
        return OK;
    command->subject = command->container_kind;
    enum err e = view_resolve(view, command->service_head->id, command->container_kind,
                              command->container, &command->container_head);
    if (!e)
        command->subject = command->kind;
    return e;
}

/* --- in the settled view --- */

static enum err read_settled(struct settled *settled, struct command *command)
{
    const struct view *view = &settled->view;
    command->subject = command->kind;
    if (command->verb == VERB_UNSUBSCRIBE)
        return subscribe_end(settled, command);
    enum err e = key_check(view, command);
    if (!e)
        e = resolve_service(view, command);
    if (!e)
        e = resolve_container(view, command);
    if (!e)
        e = access_check(view, command);
    return e ? e : readers[command->verb](settled, command);
}

/* --- in the pending view --- */

/* `known`: it has been done, whatever has become since of its object and of the right to it. */
static enum err recall(struct core *core, struct command *command, bool *known)
{
    bool uncommitted;
    enum err e =
        idempotency_recall(&core->idempotency, command, core->now.instant, known, &uncommitted);
    if (*known) {
        metric_add(&core->metrics.repeats, 1);
        core->batch.pending.touched = core->batch.pending.touched || uncommitted;
    }
    return e;
}

static enum err carry_out(struct core *core, struct command *command)
{
    struct batch *batch = &core->batch;
    struct view view = batch_view(batch);
    enum err e = resolve_container(&view, command);
    if (!e)
        e = access_check(&view, command);
    if (!e)
        e = kinds[command->kind].verbs[command->verb](batch, command);
    if (!e && command->verb == VERB_CREATE)
        access_grant_creator(batch, command);
    return e;
}

static enum err carry_out_once(struct core *core, struct command *command)
{
    bool known;
    enum err e = recall(core, command, &known);
    if (e || known)
        return e;
    e = carry_out(core, command);
    if (!e)
        idempotency_note(&core->idempotency, command, core->now.instant,
                         core->batch.pending.touched);
    return e;
}

static enum err evaluate(struct core *core, struct command *command)
{
    struct view view = batch_view(&core->batch);
    command->subject = command->kind;
    enum err e = key_check(&view, command);
    if (e || command->verb == VERB_CHECK)
        return e;
    e = resolve_service(&view, command);
    if (e)
        return e;
    return command->idempotency_key.ptr ? carry_out_once(core, command) : carry_out(core, command);
}

/* Evaluate; `waits`: the answer depends on the commit. */
static void take_turn(struct core *core, struct command *command, bool *waits)
{
    core->batch.pending.touched = false;
    core->batch.origin = command->origin;
    command->err = evaluate(core, command);
    *waits = core->batch.pending.touched;
}

static void count(struct core *core, const struct command *command)
{
    metric_add(&core->metrics.commands, 1);
    metric_add(&core->metrics.messages, command->kind == KIND_MESSAGE && !command->err);
    metric_add(&core->metrics.conflicts,
               command->err == ERR_REVISION || command->err == ERR_EXISTS);
}

static void reply(struct core *core, struct command *command)
{
    count(core, command);
    core->options.sink.reply(core->options.sink.context, command);
}

/* What has expired does not come back, and times to live go on: when the calendar is set back, the
 * core's goes on from where it was. */
static int64_t clock_now(struct core *core)
{
    const struct clock *clock = &core->options.clock;
    struct instant instant = clock->instant(clock->context);
    int64_t passed_ms = instant_between(core->now.instant, instant);
    int64_t now_ms = clock->now_ms(clock->context);
    if (passed_ms > 0)
        core->now = (struct now){core->now.ms + passed_ms, instant};
    if (now_ms > core->now.ms)
        core->now.ms = now_ms;
    return core->now.ms;
}

static void take(struct core *core, struct command *command)
{
    bool waits;
    struct batch_mark begun = batch_mark(&core->batch);
    take_turn(core, command, &waits);
    if (core->options.contention)
        contention_note(&core->contention, command, core->now.instant);
    if (waits)
        core->waiting[core->waiting_count++] = (struct waiting){command, begun};
    else
        reply(core, command);
}

static void put_read(struct core *core, struct command *command)
{
    bool page = command->verb == VERB_LIST;
    chain_add(&core->reads[page ? READ_PAGE : READ_SUBSCRIPTION], &command->letter.node);
}

static struct command *next_read(struct core *core)
{
    struct node *node = NULL;
    for (unsigned i = 0; !node && i < READS; i++)
        node = chain_shift(&core->reads[core->next_read++ % READS]);
    return (struct command *)node;
}

bool core_has_reads(const struct core *core)
{
    return core->reads[READ_PAGE].first || core->reads[READ_SUBSCRIPTION].first;
}

bool core_read(struct core *core, const atomic_bool *wanted)
{
    struct settled settled = {{core->options.store, NULL, clock_now(core)}, &core->feed};
    uint64_t until_ns =
        clock_monotonic_ns() + (core_is_pending(core) ? READING_BEFORE_COMMIT_NS : READING_NS);
    do {
        struct command *command = next_read(core);
        if (!command)
            return false;
        command->err = read_settled(&settled, command);
        if (command->err == ERR_UNFINISHED) {
            command_continue(command);
            put_read(core, command);
        } else {
            reply(core, command);
        }
    } while (!atomic_load(wanted) && clock_monotonic_ns() < until_ns);
    return core_has_reads(core);
}

/* As many wait as may. A read that need not wait is answered all the same; but those of sessions
 * keep their place behind what the session asked before. */
static bool take_without_room(struct core *core, struct command *command)
{
    bool waits;
    bool reads = command->verb == VERB_FETCH || command->verb == VERB_FETCH_MANY ||
                 command->verb == VERB_CHECK;
    if (!reads || command->origin)
        return false;
    take_turn(core, command, &waits);
    if (waits)
        command_reset(command);
    else
        reply(core, command);
    return !waits;
}

static bool is_held(struct core *core, struct command *command)
{
    if (!core->options.contention ||
        !contention_hold(&core->contention, command, core->now.instant))
        return false;
    metric_add(&core->metrics.held, 1);
    return true;
}

/* Of the objects that the first commands name. */
static void prefetch_heads(struct core *core, const struct chain *commands)
{
    uint64_t ids[STORE_PREFETCH_MAX], salt;
    size_t count = 0;
    const struct node *node = commands->first;
    for (size_t i = 0; node && i < STORE_PREFETCH_MAX; i++, node = node->next) {
        const struct command *command = (const struct command *)node;
        count += sid_parse(command->object, command->kind, &ids[count], &salt);
    }
    store_prefetch(core->options.store, ids, count);
}

void core_evaluate(struct core *core, struct chain *commands)
{
    struct node *node;
    size_t left = BATCH_MAX - core->waiting_count;
    batch_go_on(&core->batch, clock_now(core));
    struct chain due = contention_take(&core->contention, core->now.instant);
    chain_join(&core->due, &due);
    metric_set(&core->metrics.queue_depth, commands->count);
    metric_max(&core->metrics.queue_depth_max, commands->count);
    prefetch_heads(core, commands);
    for (; left && (node = chain_shift(&core->due)); left--)
        take(core, (struct command *)node);
    struct chain kept = {0};
    while ((node = chain_shift(commands))) {
        struct command *command = (struct command *)node;
        if (command_is_settled(command))
            put_read(core, command);
        else if (!left && !take_without_room(core, command))
            chain_add(&kept, node);
        else if (left && !is_held(core, command)) {
            take(core, command);
            left--;
        }
    }
    *commands = kept;
}

bool core_concerns(const struct core *core, const struct chain *commands)
{
    const struct node *node = core->options.contention ? commands->first : NULL;
    while (node && !contention_concerns(&core->contention, (const struct command *)node))
        node = node->next;
    return node;
}

bool core_is_pending(const struct core *core)
{
    return core->waiting_count > core->waiting_sealed || core->due.first ||
           batch_is_open(&core->batch);
}

/* --- commits --- */

enum err core_keep_house(struct core *core)
{
    batch_go_on(&core->batch, clock_now(core));
    return housekeeping_step(&core->housekeeping, &core->batch, core->now.instant);
}

/* What a failed commit means to a command that waited for it. */
static void answer_failed(struct core *core, struct command *command)
{
    bool waits;
    command_reset(command);
    if (command_writes(command))
        command->err = ERR_STORE;
    else
        take_turn(core, command, &waits);
    reply(core, command);
}

/* Nothing was kept of what is pending. */
static void answer_all_failed(struct core *core)
{
    idempotency_settle(&core->idempotency, SIZE_MAX, false);
    for (size_t i = 0; i < core->waiting_count; i++)
        answer_failed(core, core->waiting[i].command);
    core->waiting_count = 0;
    housekeeping_settle(&core->housekeeping, false, core->now.instant);
}

static void settle_house(struct core *core)
{
    const struct batch *batch = &core->batch;
    for (size_t i = 0; i < batch->sealed.changes; i++)
        housekeeping_note(&core->housekeeping, batch->changes[i]);
    metric_add(&core->metrics.expired, core->housekeeping.expired);
    metric_add(&core->metrics.purged, core->housekeeping.purged);
    housekeeping_settle(&core->housekeeping, true, core->now.instant);
}

/* Each is answered behind what happened before it. */
static void answer_sealed(struct core *core)
{
    struct batch_mark gone = core->batch.sealed;
    size_t count = core->waiting_sealed, left = core->waiting_count - count;
    for (size_t i = 0; i < count; i++) {
        batch_publish_until(&core->batch, core->waiting[i].begun);
        reply(core, core->waiting[i].command);
    }
    batch_publish(&core->batch);
    memmove(core->waiting, core->waiting + count, left * sizeof *core->waiting);
    for (size_t i = 0; i < left; i++) {
        core->waiting[i].begun.changes -= gone.changes;
        core->waiting[i].begun.messages -= gone.messages;
    }
    core->waiting_count = left;
    core->waiting_sealed = 0;
}

enum err core_settle(struct core *core, enum err synced)
{
    enum err e = batch_settle(&core->batch, synced);
    histogram_observe(&core->metrics.commit_ns, CORE_NS_EXPONENT,
                      clock_monotonic_ns() - core->begun_ns);
    if (e)
        return e;
    idempotency_settle(&core->idempotency, core->keys_sealed, true);
    settle_house(core);
    answer_sealed(core);
    return OK;
}

enum err core_seal(struct core *core, bool *sealed)
{
    *sealed = false;
    if (core->waiting_count)
        histogram_observe(&core->metrics.batch_size, CORE_BATCH_EXPONENT, core->waiting_count);
    core->begun_ns = clock_monotonic_ns();
    enum err e = batch_seal(&core->batch);
    if (e == ERR_UNSURE)
        return e;
    if (e) {
        answer_all_failed(core);
        return OK;
    }
    core->waiting_sealed = core->waiting_count;
    core->keys_sealed = core->idempotency.uncommitted;
    *sealed = core->batch.sealed.changes > 0;
    if (*sealed)
        return OK;
    idempotency_settle(&core->idempotency, core->keys_sealed, true);
    answer_sealed(core); /* they waited for what is settled by now */
    return OK;
}

static int64_t house_wait_ms(const struct core *core)
{
    return housekeeping_wait_ms(&core->housekeeping, core->now.instant, core->now.ms);
}

/* Also when housekeeping fails: tidying may be what makes room for it. */
enum err core_tidy(struct core *core, bool idle, bool *more)
{
    bool store_more = false;
    *more = false;
    int64_t now_ms = clock_now(core);
    if (!instant_has_come(core->tidy, core->now.instant))
        return ERR_STORE;
    enum err e = store_tidy(core->options.store, now_ms, idle, &store_more);
    core->tidy = e ? instant_after(core->now.instant, RETRY_MS) : core->now.instant;
    if (!e && core->housekeeping.resting)
        e = ERR_STORE;
    *more = !e && (store_more || house_wait_ms(core) <= 0);
    return e;
}

int64_t core_sleep_ms(const struct core *core)
{
    int64_t house_ms = house_wait_ms(core);
    int64_t held_ms = instant_between(core->now.instant, contention_next(&core->contention));
    int64_t left_ms = house_ms < held_ms ? house_ms : held_ms;
    if (left_ms > SLEEP_MAX_MS)
        return SLEEP_MAX_MS;
    return left_ms > 0 ? left_ms : 0;
}

enum err core_new(struct core **made, const struct core_options *options)
{
    struct core *core = mem_zalloc(1, sizeof *core);
    core->options = *options;
    housekeeping_init(&core->housekeeping);
    feed_init(&core->feed, options->sink.tell, options->sink.context);
    contention_init(&core->contention);
    core->now.instant = options->clock.instant(options->clock.context);
    clock_now(core);
    idempotency_init(&core->idempotency, &options->idempotency, &options->random,
                     core->now.instant);
    batch_init(&core->batch, options->store, &core->options.random, &core->feed);
    batch_start(&core->batch, clock_now(core));
    enum err e = service_make_default(&core->batch);
    if (!e)
        e = batch_commit(&core->batch);
    batch_publish(&core->batch);
    if (e) {
        core_free(core);
        return e;
    }
    *made = core;
    return OK;
}

void core_free(struct core *core)
{
    batch_deinit(&core->batch);
    contention_deinit(&core->contention);
    idempotency_deinit(&core->idempotency);
    feed_deinit(&core->feed);
    free(core);
}

void core_follow(struct core *core, uint64_t object, struct port *port)
{
    feed_follow(&core->feed, object, port);
}

const struct core_metrics *core_metrics(const struct core *core)
{
    return &core->metrics;
}
