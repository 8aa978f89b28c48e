#include "sync/loop.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    SETTLE_MS = 20, /* without a command for so long: idle */
    PRESSED_MS = 2, /* how long what reads may wait for a turn while the log is full */
};

struct loop {
    struct loop_options options;
    pthread_mutex_t turns; /* whoever holds it uses the core, the store, and what is below */
    atomic_bool wanted;    /* the loop's thread waits for `turns`: gateways stand back */
    atomic_bool called;    /* a gateway has come in vain, or left something in the queue */
    struct core *core;
    struct queue *commands; /* taken by whoever has the turn, so that they stay in order */
    struct port *ports;     /* those with letters to push */
    uint64_t busy_ns;       /* when commands came last */
    bool sealed;            /* the store is to be synced, or is being */
    bool pressed;           /* nothing is sealed until the store has caught up */
    bool resting;           /* the thread sleeps, or is about to, until it is nudged */
    int64_t wait_ms;        /* ... or for so long */
    bool reading;           /* not all that is to be read in the settled view has been */
    bool ended;
    bool failing; /* housekeeping failed and it was said */
    pthread_t thread;
};

static void post(struct loop *loop, struct port *port, struct letter *letter)
{
    if (!port->letters.first) {
        port->next = loop->ports;
        loop->ports = port;
    }
    chain_add(&port->letters, &letter->node);
}

static void reply(void *context, struct command *command)
{
    post(context, command->port, &command->letter);
}

static void tell(void *context, struct port *port, const struct notice *notice)
{
    struct delivery *delivery = mem_alloc(sizeof *delivery);
    *delivery = (struct delivery){.letter.arrive = port->hear, .port = port, .notice = *notice};
    notice_ref(notice);
    post(context, port, &delivery->letter);
}

static void flush(struct loop *loop)
{
    while (loop->ports) {
        struct port *port = loop->ports;
        loop->ports = port->next;
        queue_push(port->queue, &port->letters);
    }
}

static void say(struct loop *loop, enum log_level level, const char *message)
{
    struct log_line line;
    log_begin(&line, loop->options.log, level, message);
    log_text(&line, "reason", loop->options.store->failure.text);
    log_end(&line);
}

static void give_up(struct loop *loop)
{
    say(loop, LOG_ERROR,
        "the disk failed in a way that leaves open what it kept; stopping, so "
        "that nothing is acknowledged that may be lost");
    loop->options.fatal(loop->options.context);
}

static void note_failure(struct loop *loop, enum err e)
{
    if (e && !loop->failing)
        say(loop, LOG_ERROR, "housekeeping failed; trying again every second");
    if (!e && loop->failing)
        say(loop, LOG_INFO, "housekeeping works again");
    loop->failing = e != OK;
}

/* Only a while without commands is rest: between two batches of a busy server the queue is empty
 * too, and what can wait for a larger bite should. */
static bool is_idle(const struct loop *loop)
{
    return clock_monotonic_ns() - loop->busy_ns >= SETTLE_MS * UINT64_C(1000000);
}

static void evaluate(struct loop *loop, struct chain *commands)
{
    if (commands->first)
        loop->busy_ns = clock_monotonic_ns();
    core_evaluate(loop->core, commands);
}

static enum err tidy(struct loop *loop, bool idle, bool *more)
{
    enum err e = core_tidy(loop->core, idle, more);
    if (e == ERR_UNSURE)
        return e;
    note_failure(loop, e);
    return OK;
}

static enum err settle(struct loop *loop, enum err synced)
{
    enum err e = loop->sealed ? core_settle(loop->core, synced) : OK;
    loop->sealed = false;
    flush(loop);
    return e;
}

static void evaluate_queue(struct loop *loop)
{
    struct chain commands = queue_take(loop->commands);
    evaluate(loop, &commands);
    flush(loop);
    if (commands.first)
        queue_put_back(loop->commands, &commands);
}

static enum err seal(struct loop *loop)
{
    enum err e = core_keep_house(loop->core);
    if (!e)
        e = core_seal(loop->core, &loop->sealed);
    flush(loop);
    return e;
}

static int64_t pause_ms(const struct loop *loop, bool idle, bool more)
{
    int64_t sleep_ms = core_sleep_ms(loop->core);
    if (more)
        return 0;
    return idle || sleep_ms < SETTLE_MS ? sleep_ms : SETTLE_MS;
}

/* Commits wait while the store is behind, and what reads goes on. Not when it fails, for then they
 * fail; and not at the end: nobody else has a turn any more. */
static bool stands_back(struct loop *loop)
{
    return !loop->failing && store_is_pressed(loop->options.store) &&
           !queue_is_done(loop->commands);
}

/* What the disk has is answered, then the next commit is made of all that came meanwhile. */
static enum err work(struct loop *loop, enum err synced)
{
    bool more;
    enum err e = settle(loop, synced);
    if (e)
        return e;
    atomic_store(&loop->called, false);
    evaluate_queue(loop);
    loop->reading = core_read(loop->core, &loop->called);
    flush(loop);
    bool idle = is_idle(loop);
    e = tidy(loop, idle, &more);
    loop->pressed = !e && stands_back(loop);
    if (!e && !loop->pressed)
        e = seal(loop);
    loop->wait_ms = pause_ms(loop, idle, more || loop->reading);
    return e;
}

/* False: the last one. */
static bool turn(struct loop *loop, enum err synced)
{
    atomic_store(&loop->wanted, true);
    pthread_mutex_lock(&loop->turns);
    atomic_store(&loop->wanted, false);
    loop->ended = work(loop, synced) == ERR_UNSURE;
    loop->resting = !loop->ended && !loop->sealed;
    pthread_mutex_unlock(&loop->turns);
    if (loop->ended)
        give_up(loop);
    return !loop->ended;
}

/* Owns the store's sync, and in its turns the core and the rest of the store. While it sleeps or
 * syncs, gateways have their turns. */
static void *run(void *context)
{
    struct loop *loop = context;
    enum err synced = OK;
    bool done = false;
    pthread_setname_np(pthread_self(), "core");
    while (turn(loop, synced) && (loop->sealed || loop->reading || loop->pressed || !done)) {
        done = queue_is_done(loop->commands); /* then one more turn, for what gateways evaluated */
        if (loop->sealed)
            synced = store_sync(loop->options.store);
        else if (loop->pressed)
            store_await(loop->options.store, loop->wait_ms ? PRESSED_MS : 0);
        else if (!done)
            queue_await(loop->commands, loop->wait_ms);
    }
    return NULL;
}

static void release(struct loop *loop)
{
    pthread_mutex_destroy(&loop->turns);
    queue_free(loop->commands);
    core_free(loop->core);
    free(loop);
}

static enum err start_thread(struct loop *loop, struct why *why)
{
    if (pthread_create(&loop->thread, NULL, run, loop) == 0)
        return OK;
    why_set(why, "cannot start a thread");
    return ERR_CONFIG;
}

enum err loop_start(struct loop **made, const struct loop_options *options, struct why *why)
{
    struct loop *loop = mem_zalloc(1, sizeof *loop);
    loop->options = *options;
    struct core_options core_options = {
        .store = options->store,
        .clock = options->clock,
        .random = options->random,
        .sink = {reply, tell, loop},
        .contention = options->contention,
        .idempotency = options->idempotency,
    };
    if (core_new(&loop->core, &core_options) != OK) {
        why_set(why, "the store cannot be written: %s", options->store->failure.text);
        free(loop);
        return ERR_CONFIG;
    }
    loop->commands = queue_new(NULL, NULL);
    pthread_mutex_init(&loop->turns, NULL);
    enum err e = start_thread(loop, why);
    if (e) {
        release(loop);
        return e;
    }
    *made = loop;
    return OK;
}

void loop_follow(struct loop *loop, uint64_t object, struct port *port)
{
    pthread_mutex_lock(&loop->turns);
    core_follow(loop->core, object, port);
    pthread_mutex_unlock(&loop->turns);
}

void loop_submit(struct loop *loop, struct chain *commands)
{
    queue_push(loop->commands, commands);
    atomic_store(&loop->called, true);
}

/* Those of the settled view are only put in their queue, which is the thread's. */
static bool are_quick(const struct chain *commands)
{
    const struct node *node = commands->first;
    while (node && (command_is_light((const struct command *)node) ||
                    command_is_settled((const struct command *)node)))
        node = node->next;
    return !node;
}

/* Only what is evaluated at once, and in no other order. */
static bool is_for_gateways(const struct loop *loop, const struct chain *commands)
{
    return are_quick(commands) && !core_concerns(loop->core, commands);
}

/* What is in the port's queue came before. */
static struct chain take_letters(struct loop *loop, struct port *port)
{
    struct chain letters = queue_take(port->queue);
    struct port **at = &loop->ports;
    while (*at && *at != port)
        at = &(*at)->next;
    if (*at)
        *at = port->next;
    chain_join(&letters, &port->letters);
    port->letters = (struct chain){0};
    return letters;
}

/* With the turn. */
static bool evaluate_here(struct loop *loop, struct port *port, struct chain *commands,
                          struct chain *letters)
{
    if (loop->ended || !is_for_gateways(loop, commands))
        return false;
    struct chain earlier = queue_take(loop->commands);
    bool good = is_for_gateways(loop, &earlier);
    if (good) {
        chain_join(&earlier, commands);
        *commands = (struct chain){0};
        evaluate(loop, &earlier);
        *letters = take_letters(loop, port); /* no need to be woken for them */
        flush(loop);
    }
    if (earlier.first)
        queue_put_back(loop->commands, &earlier);
    return good;
}

bool loop_evaluate(struct loop *loop, struct port *port, struct chain *commands,
                   struct chain *letters)
{
    *letters = (struct chain){0};
    if (atomic_load(&loop->wanted) || pthread_mutex_trylock(&loop->turns) != 0) {
        atomic_store(&loop->called, true);
        return false;
    }
    bool done = evaluate_here(loop, port, commands, letters);
    bool early = core_sleep_ms(loop->core) < loop->wait_ms;
    bool due = early || core_is_pending(loop->core) || core_has_reads(loop->core);
    bool nudge = loop->resting && due;
    loop->resting = loop->resting && !nudge;
    pthread_mutex_unlock(&loop->turns);
    if (nudge)
        queue_nudge(loop->commands);
    return done;
}

void loop_stop(struct loop *loop)
{
    queue_close(loop->commands);
    pthread_join(loop->thread, NULL);
    struct store *store = loop->options.store;
    release(loop);
    store_close(store);
}

const struct core_metrics *loop_metrics(const struct loop *loop)
{
    return core_metrics(loop->core);
}

const struct store_metrics *loop_store_metrics(const struct loop *loop)
{
    return &loop->options.store->metrics;
}
