/* Which numbers have been given to changes in this history.
 *
 * A data folder may be put back to an earlier state: a backup is restored, a machine's snapshot.
 * What was given out since is forgotten here, but clients remember it. So numbering does not go
 * on behind the last change: with each opening begins an epoch, and it begins at a number that no
 * other life of the same data can have given, the calendar's microseconds. Fewer than a million
 * changes a second are made, so no life catches up with the clock. A client that knows a number
 * from between two epochs knows a change that this history does not have.
 *
 * If the clock stands before the last change (it was set back), the epoch begins a random
 * distance behind that. Numbers stay below 2^53, for JavaScript.
 *
 * An epoch in which nothing is committed leaves no trace. */
#ifndef STORE_EPOCHS_H
#define STORE_EPOCHS_H

#include "store/sql.h"

#include <stddef.h>

enum { EPOCHS_MAX = 1024 }; /* kept; numbers of older ones count as never given */

struct epoch {
    uint64_t first;
    uint64_t last; /* of the newest: unknown here */
};

struct epochs {
    sqlite3_stmt *close;
    sqlite3_stmt *open;
    sqlite3_stmt *prune;
    struct epoch list[EPOCHS_MAX + 1]; /* oldest first */
    size_t count;
    bool written; /* the table knows the newest */
};

/* Read the table. `last`: the last change of all. ERR_STORE. */
must_check enum err epochs_init(struct epochs *epochs, sqlite3 *db, uint64_t last);
void epochs_deinit(struct epochs *epochs);

/* Begin one at `now_us`; 0: go on behind `last`, as nobody but tests should. `random` is any
 * number. Returns the number before the first to be given. */
uint64_t epochs_begin(struct epochs *epochs, uint64_t last, int64_t now_us, uint64_t random);

/* With the first commit, within its transaction: note the newest, unless that is done; then that
 * this was committed. */
must_check enum err epochs_write(struct epochs *epochs);
void epochs_written(struct epochs *epochs);

/* Has `seq` been given? `settled` is the last one. 0, which is before all, counts. */
bool epochs_know(const struct epochs *epochs, uint64_t seq, uint64_t settled);

/* The number that at least `count` changes up to `settled` are above; 0: there are not so many. */
uint64_t epochs_back(const struct epochs *epochs, uint64_t settled, uint64_t count);

#endif
