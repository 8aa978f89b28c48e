/* Where changes are kept. One interface; SQLite (sqlite.h) and, for tests, memory behind it.
 *
 * A store is used by one thread at a time. A commit is durable and atomic: when it returns OK all
 * its changes are on disk, when it returns ERR_STORE none is, also after a crash. When the outcome
 * cannot be known (fsync failed) it returns ERR_UNSURE, once and for ever: nothing must be
 * acknowledged any more, and only opening the store again tells what was kept.
 *
 * A commit has three steps, so that the store can be used while the disk is at it: append, sync
 * (which alone may run beside all other calls, on any thread), settle. What is appended and not
 * settled is not seen by reading.
 *
 * Every function that hands out changes hands out references: unref them. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "store/change.h"
#include "store/statistics.h"

enum store_order {
    STORE_BY_ID,
    STORE_BY_NAME, /* as memcmp orders the bytes, a prefix first; only heads that have a name */
};

/* Heads of one kind under one parent, in an order, from a place on. */
struct store_range {
    uint64_t parent;
    enum kind kind;
    enum store_order order;
    bool descending;
    bool bounded;    /* begin at `id` or `name`, as the order has it, not at the very end */
    bool inclusive;  /* ... and with that one itself, if there is one */
    uint64_t id;     /* STORE_BY_ID */
    struct str name; /* STORE_BY_NAME: not absent; borrowed for the call */
};

struct store;

struct store_ops {
    enum err (*get)(struct store *store, uint64_t id, struct change **head);
    enum err (*find)(struct store *store, uint64_t parent, enum kind kind, struct str name,
                     struct change **head);
    enum err (*page)(struct store *store, const struct store_range *range, struct change **heads,
                     size_t heads_max, size_t *count);
    enum err (*due)(struct store *store, int64_t now_ms, struct change **heads, size_t heads_max,
                    size_t *count, int64_t *next_ms);
    enum err (*change)(struct store *store, uint64_t seq, struct change **change);
    enum err (*tail)(struct store *store, uint64_t after, struct change **changes,
                     size_t changes_max, size_t *count);
    enum err (*append)(struct store *store, struct change *const *changes, size_t count);
    enum err (*sync)(struct store *store);
    enum err (*settle)(struct store *store, enum err synced, struct change *const *changes,
                       size_t count);
    enum err (*tidy)(struct store *store, int64_t now_ms, bool idle, bool *more);
    bool (*is_pressed)(const struct store *store);
    void (*await)(struct store *store, int64_t timeout_ms);
    uint64_t (*seq)(const struct store *store);
    bool (*knows)(const struct store *store, uint64_t seq);
    void (*prefetch)(struct store *store, const uint64_t *ids, size_t count);
    void (*close)(struct store *store);
};

/* The first member of every store. */
struct store {
    const struct store_ops *ops;
    struct store_metrics metrics;
    struct why failure; /* of the last call that did not return OK */
};

/* The head of a live object; NULL when there is none (never was, or is gone).
 * ERR_STORE: it could not be read. */
must_check static inline enum err store_get(struct store *store, uint64_t id, struct change **head)
{
    return store->ops->get(store, id, head);
}

/* As store_get, by name. */
must_check static inline enum err store_find(struct store *store, uint64_t parent, enum kind kind,
                                             struct str name, struct change **head)
{
    return store->ops->find(store, parent, kind, name, head);
}

/* Up to `heads_max` heads of a range, in its order. */
must_check static inline enum err store_page(struct store *store, const struct store_range *range,
                                             struct change **heads, size_t heads_max, size_t *count)
{
    return store->ops->page(store, range, heads, heads_max, count);
}

/* Up to `heads_max` heads whose `expires_ms` is at or before `now_ms`, soonest first, and in
 * `next_ms` when the soonest of all others expires (INT64_MAX: none), or an earlier time. */
must_check static inline enum err store_due(struct store *store, int64_t now_ms,
                                            struct change **heads, size_t heads_max, size_t *count,
                                            int64_t *next_ms)
{
    return store->ops->due(store, now_ms, heads, heads_max, count, next_ms);
}

/* One change by its seq; NULL when it is not kept any more (or never was). Walking `prev` from
 * a head gives an object's history, newest first, as far as retention reaches. */
must_check static inline enum err store_change(struct store *store, uint64_t seq,
                                               struct change **change)
{
    return store->ops->change(store, seq, change);
}

/* The next changes with a seq above `after`, of all objects, in order. */
must_check static inline enum err store_tail(struct store *store, uint64_t after,
                                             struct change **changes, size_t changes_max,
                                             size_t *count)
{
    return store->ops->tail(store, after, changes, changes_max, count);
}

/* Append `count` > 0 changes with seqs store_seq()+1, +2, ...; all that was appended before is
 * settled. ERR_STORE: none was kept. ERR_UNSURE: see above. */
must_check static inline enum err store_append(struct store *store, struct change *const *changes,
                                               size_t count)
{
    return store->ops->append(store, changes, count);
}

/* Wait until what was appended is on the disk. The result is store_settle's. */
must_check static inline enum err store_sync(struct store *store)
{
    return store->ops->sync(store);
}

/* What was appended last, all of it, becomes visible. The store takes references of its own.
 * ERR_UNSURE: as `synced`. */
must_check static inline enum err store_settle(struct store *store, enum err synced,
                                               struct change *const *changes, size_t count)
{
    return store->ops->settle(store, synced, changes, count);
}

/* All three. */
must_check static inline enum err store_commit(struct store *store, struct change *const *changes,
                                               size_t count)
{
    enum err e = store_append(store, changes, count);
    return e ? e : store_settle(store, store_sync(store), changes, count);
}

/* One small bite (about a millisecond) of what is behind: heads to write, old changes to drop,
 * the log to shorten. When `idle`, also what could wait. `more`: another bite is due at once.
 * A failure loses nothing. */
must_check static inline enum err store_tidy(struct store *store, int64_t now_ms, bool idle,
                                             bool *more)
{
    return store->ops->tidy(store, now_ms, idle, more);
}

/* Should commits stand back for tidying, because too much is behind or the log is full? An append
 * would wait for it, and reading with it. */
static inline bool store_is_pressed(const struct store *store)
{
    return store->ops->is_pressed(store);
}

/* Sleep until tidying can go on, at most for `timeout_ms`. As store_sync: beside all other calls,
 * on any thread. */
static inline void store_await(struct store *store, int64_t timeout_ms)
{
    store->ops->await(store, timeout_ms);
}

/* The next change that is appended gets the seq behind this one: that of the last one, unless none
 * was appended since opening. Opening may leave out seqs, since they may have been given in
 * another life of the same data (epochs.h); then it leaves out all up to a new beginning. */
static inline uint64_t store_seq(const struct store *store)
{
    return store->ops->seq(store);
}

/* Is `seq` that of a change committed in this history, kept or not, or 0? Else whoever has seen
 * such a change saw another history: this one was restored from before it. */
static inline bool store_knows(const struct store *store, uint64_t seq)
{
    return store->ops->knows(store, seq);
}

/* A hint: store_get of these at most STORE_PREFETCH_MAX ids comes soon. Heads lie all over the
 * memory; so the waits for it overlap. */
enum { STORE_PREFETCH_MAX = 64 };
static inline void store_prefetch(struct store *store, const uint64_t *ids, size_t count)
{
    store->ops->prefetch(store, ids, count);
}

/* Write what is behind and let go. */
static inline void store_close(struct store *store)
{
    store->ops->close(store);
}

#endif
