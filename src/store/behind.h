/* Writing behind: what commits leave to be done later. Heads go to the object table, old changes
 * go from the journal, both in small bites.
 *
 * These transactions are not synced: they share the log with the commits, whose syncs cover
 * them, and if one is lost in a crash, opening applies the same changes from the journal
 * again. `seq` is everywhere the last change committed. */
#ifndef STORE_BEHIND_H
#define STORE_BEHIND_H

#include "store/cache.h"
#include "store/object.h"
#include "store/retention.h"
#include "store/statistics.h"
#include "store/transaction.h"

struct behind {
    struct transaction *transaction;
    struct cache *cache;
    struct object *object;
    struct retention *retention;
    struct store_metrics *metrics;
    sqlite3_stmt *progress;
    struct ids round; /* of the heads being written, sorted */
    size_t round_at;
    struct ids scratch;
    bool failed;    /* the last try to write heads did */
    size_t skipped; /* heads that the last try had to leave */
};

/* All of these are the store's and outlive it. */
must_check enum err behind_init(struct behind *behind, struct transaction *transaction,
                                struct cache *cache, struct object *object,
                                struct retention *retention, struct store_metrics *metrics);
void behind_deinit(struct behind *behind);

/* A bite of heads that are due: too many wait, or it is `idle`. */
must_check enum err behind_write_bite(struct behind *behind, uint64_t seq, bool idle);

/* Heads cannot be written, and more wait than may: commits are to be refused. */
bool behind_is_stuck(const struct behind *behind, uint64_t seq);

/* Do more wait than bites beside the commits can keep up with? Then the commits have to wait. */
bool behind_is_overrun(const struct behind *behind);

/* Is there another bite for behind_write_bite? */
bool behind_is_due(const struct behind *behind, uint64_t seq, bool idle);

/* All heads that the indexes wait for: see cache.h. After it a head in memory has the keys that
 * its row has, at most newer data. */
must_check enum err behind_write_keyed(struct behind *behind, uint64_t seq);

/* The same for one range: nothing is written if none of its heads is among them. */
must_check enum err behind_write_keyed_of(struct behind *behind, uint64_t seq, uint64_t parent,
                                          enum kind kind);

/* A bite of retention.h's sweep. `more`: it is not done. */
must_check enum err behind_drop_changes(struct behind *behind, uint64_t seq, int64_t now_ms,
                                        bool *more);

#endif
