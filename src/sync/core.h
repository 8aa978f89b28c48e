/* The core: all state, one command after the other.
 *
 * A function of (heads, commands, clock, randomness) to (changes, answers): it knows no socket,
 * no file and no clock of its own. loop.h runs it on a thread, one caller at a time; tests run it
 * in a world of their own.
 *
 * The way of a command: evaluated against the batch; if it neither made nor saw anything
 * uncommitted, answered at once, else answered after the commit. A failed commit answers
 * writes with ERR_STORE and evaluates reads again. */
#ifndef SYNC_CORE_H
#define SYNC_CORE_H

#include "base/clock.h"
#include "base/metric.h"
#include "store/store.h"
#include "sync/command.h"
#include "sync/feed.h"
#include "sync/idempotency.h"

/* Where answers and notices go. `reply` is called once a command, which is the callee's from then
 * on; `tell` for each port that follows what has happened; `flush` after a run of both. A command
 * is answered before its changes are told. None calls back into the core. */
struct core_sink {
    void (*reply)(void *context, struct command *command);
    void (*tell)(void *context, struct port *port, const struct notice *notice);
    void (*flush)(void *context);
    void *context;
};

struct core_options {
    struct store *store; /* used by the core alone */
    struct clock clock;
    struct random random;
    struct core_sink sink;
    bool contention; /* let losers of a race through one after the other: sync/contention.h */
    struct idempotency_options idempotency;
};

enum {
    CORE_BATCH_EXPONENT = 0, /* histogram of commands a batch: from 1 */
    CORE_NS_EXPONENT = 14,   /* histograms of durations: from 16 us */
};

struct core_metrics {
    struct metric commands;
    struct metric messages;  /* of streams, published */
    struct metric conflicts; /* preconditions that did not hold */
    struct metric held;      /* kept back: sync/contention.h */
    struct metric repeats;   /* writes not done again: sync/idempotency.h */
    struct metric expired;
    struct metric purged;
    struct metric queue_depth; /* commands waiting when the last batch began */
    struct metric queue_depth_max;
    struct histogram batch_size;
    struct histogram commit_ns;
};

struct core;

/* Makes the default service if there is none. ERR_STORE, ERR_UNSURE. */
must_check enum err core_new(struct core **core, const struct core_options *options);
void core_free(struct core *core);

/* Tell `port` of an object from now on: feed.h. */
void core_follow(struct core *core, uint64_t object, struct port *port);

/* Evaluate and answer all `commands`, but for those that are kept back until later, and those
 * that were and whose time has come. ERR_UNSURE: the store does not know what it kept; the
 * commands not yet answered never will be, and the core must not be used any more. */
must_check enum err core_run(struct core *core, struct chain *commands);

/* Evaluate `commands`, all of which command_only_reads. They have their answers on return; the
 * sink does not hear of them. False: one of them may have to be kept back; nothing was done. */
bool core_read(struct core *core, const struct chain *commands);

/* A bite of what is to be done besides: expiry, purging, the store's tidying. `idle`: nobody
 * waits. `more`: call again soon. ERR_STORE: it failed, now or within the last second, and will
 * be tried again; ERR_UNSURE. */
must_check enum err core_tidy(struct core *core, bool idle, bool *more);

/* How long there is nothing to do without a command, at most a second. */
int64_t core_sleep_ms(const struct core *core);

/* Read by any thread. */
const struct core_metrics *core_metrics(const struct core *core);

#endif
