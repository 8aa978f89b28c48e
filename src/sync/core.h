/* The core: all state, one command after the other.
 *
 * A function of (heads, commands, clock, randomness) to (changes, answers): it knows no socket,
 * no file and no clock of its own. loop.h runs it on threads, one caller at a time; tests run it
 * in a world of their own.
 *
 * The way of a command:
 *
 *   core_evaluate ------> core_seal ------> the store's sync ------> core_settle
 *   answered at once,     its changes       (more is evaluated       answered, and
 *   or it waits           are appended      meanwhile)               the feed told
 *
 * If it neither made nor saw anything that is not on the disk yet, it is answered at once; pages
 * and subscriptions see only what is on the disk (sync/view.h), and always are. When its changes
 * cannot be appended, writes are answered with ERR_STORE and reads evaluated again. */
#ifndef SYNC_CORE_H
#define SYNC_CORE_H

#include "base/clock.h"
#include "base/metric.h"
#include "store/store.h"
#include "sync/command.h"
#include "sync/feed.h"
#include "sync/idempotency.h"

#include <stdatomic.h>

/* Where answers and notices go. `reply` is called once a command, which is the callee's from then
 * on; `tell` for each port that follows what has happened. A command is answered before its
 * changes are told. Neither calls back into the core. */
struct core_sink {
    void (*reply)(void *context, struct command *command);
    void (*tell)(void *context, struct port *port, const struct notice *notice);
    void *context;
};

struct core_options {
    struct store *store; /* used by the core alone, but for its sync */
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

/* Evaluate `commands`, as many as there is room for: the chain keeps the others. Some are answered,
 * some wait, some are kept back until later; those that were and whose time has come go first.
 * Those of the settled view (sync/view.h) are left for core_read. */
void core_evaluate(struct core *core, struct chain *commands);

/* Evaluate and answer commands of the settled view, in order: one at least, and then as many as
 * there is time for in one turn, less when a commit waits, and none once `wanted` is set. True:
 * there are more. */
bool core_read(struct core *core, const atomic_bool *wanted);

/* Are there any of them? */
bool core_has_reads(const struct core *core);

/* Might one of them have to be kept back? */
bool core_concerns(const struct core *core, const struct chain *commands);

/* Is there anything that waits, and is not sealed? */
bool core_is_pending(const struct core *core);

/* A bite of expiry and purging, as changes of the next commit; nothing is sealed. What fails is
 * tried again, a second later. ERR_UNSURE: as core_seal. */
must_check enum err core_keep_house(struct core *core);

/* Append all that is pending; nothing is sealed. `sealed`: sync the store, and hand the result to
 * core_settle. Else all that waited is answered. ERR_UNSURE: the store does not know what it kept;
 * the commands not yet answered never will be, and the core must not be used any more. */
must_check enum err core_seal(struct core *core, bool *sealed);

/* Answer what was sealed. ERR_UNSURE: as core_seal. */
must_check enum err core_settle(struct core *core, enum err synced);

/* A bite of the store's tidying; nothing is sealed. `idle`: nobody waits. `more`: there is more to
 * do, of this or of housekeeping. ERR_STORE: one of them failed, now or within the last second, and
 * will be tried again; ERR_UNSURE. */
must_check enum err core_tidy(struct core *core, bool idle, bool *more);

/* How long there is nothing to do without a command, at most a second. */
int64_t core_sleep_ms(const struct core *core);

/* Read by any thread. */
const struct core_metrics *core_metrics(const struct core *core);

#endif
