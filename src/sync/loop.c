#include "sync/loop.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SETTLE_MS = 20 }; /* without a command for so long: idle */

struct loop {
    struct loop_options options;
    pthread_mutex_t turns; /* whoever holds it uses the core, and busy_ns and ended below */
    atomic_bool wanted;    /* the loop's thread waits for `turns`: readers stand back */
    struct core *core;
    struct queue *commands;
    struct port *ports; /* those with letters to push */
    pthread_t thread;
    uint64_t busy_ns; /* when commands came last */
    bool ended;
    bool failing; /* housekeeping failed and it was said */
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
    change_ref(notice->change);
    if (notice->item)
        change_ref(notice->item);
    post(context, port, &delivery->letter);
}

static void flush(void *context)
{
    struct loop *loop = context;
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
static bool is_idle(struct loop *loop, const struct chain *commands)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (commands->first)
        loop->busy_ns = now_ns;
    return now_ns - loop->busy_ns >= SETTLE_MS * UINT64_C(1000000);
}

static enum err work(struct loop *loop, struct chain *commands, bool idle, bool *more)
{
    enum err e = core_run(loop->core, commands);
    if (e)
        return e;
    e = core_tidy(loop->core, idle, more);
    if (e != ERR_UNSURE)
        note_failure(loop, e);
    return e;
}

static int64_t pause_ms(const struct loop *loop, bool more, bool idle)
{
    int64_t sleep_ms = core_sleep_ms(loop->core);
    if (more)
        return 0;
    return idle || sleep_ms < SETTLE_MS ? sleep_ms : SETTLE_MS;
}

/* One turn, and how long to sleep after it; false: it was the last one. */
static bool turn(struct loop *loop, struct chain *commands, int64_t *wait_ms)
{
    bool more = false;
    atomic_store(&loop->wanted, true);
    pthread_mutex_lock(&loop->turns);
    atomic_store(&loop->wanted, false);
    bool idle = is_idle(loop, commands);
    loop->ended = work(loop, commands, idle, &more) == ERR_UNSURE;
    *wait_ms = pause_ms(loop, more, idle);
    pthread_mutex_unlock(&loop->turns);
    if (loop->ended)
        give_up(loop);
    return !loop->ended;
}

/* Owns the pending letters of every port, and in its turns the core and the store. */
static void *run(void *context)
{
    struct loop *loop = context;
    struct chain commands;
    int64_t wait_ms = 0;
    pthread_setname_np(pthread_self(), "core");
    do {
        commands = queue_wait(loop->commands, wait_ms);
        if (!commands.first && queue_is_closed(loop->commands))
            return NULL;
    } while (turn(loop, &commands, &wait_ms));
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
        .sink = {reply, tell, flush, loop},
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
}

static bool are_reads(const struct chain *commands)
{
    const struct node *node = commands->first;
    while (node && command_only_reads((const struct command *)node))
        node = node->next;
    return !node;
}

bool loop_read(struct loop *loop, const struct chain *commands)
{
    if (!are_reads(commands))
        return false;
    if (atomic_load(&loop->wanted) || pthread_mutex_trylock(&loop->turns) != 0)
        return false;
    bool usable = !loop->ended;
    if (usable) {
        loop->busy_ns = clock_monotonic_ns();
        usable = core_read(loop->core, commands);
    }
    pthread_mutex_unlock(&loop->turns);
    return usable;
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
