/* The journal: every change, appended and never altered.
 *
 * The changes of a commit share a row of the table `chunk` (chunk.h), or a few when they are
 * many: the cost of a row is about that of copying ten changes. Its key is the seq of the last
 * change in it. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/buf.h"
#include "store/change.h"
#include "store/kept_chunk.h"
#include "store/sql.h"

/* Of a few who follow changes at a time, and of what items were before. */
enum { JOURNAL_KEPT = 8 };

struct journal {
    sqlite3_stmt *insert;
    sqlite3_stmt *select;
    sqlite3_stmt *tail;
    struct buf text;
    struct kept_chunk kept[JOURNAL_KEPT]; /* what journal_follow has read, the last one first */
};

must_check enum err journal_init(struct journal *journal, sqlite3 *db);
void journal_deinit(struct journal *journal);

/* `count` > 0 changes with rising seqs; within a transaction. */
must_check enum err journal_append(struct journal *journal, struct change *const *changes,
                                   size_t count);

/* NULL: not there. */
must_check enum err journal_get(struct journal *journal, uint64_t seq, struct change **change);

/* The same, for somebody who reads those near it next: their chunk is read and indexed once. Not of
 * changes that may still be rolled back. */
must_check enum err journal_follow(struct journal *journal, uint64_t seq, struct change **change);

/* Changes were dropped: read anew what journal_follow keeps. */
void journal_forget(struct journal *journal);

/* The next changes above `after`, in order. On an error none is handed out. */
must_check enum err journal_tail(struct journal *journal, uint64_t after, struct change **changes,
                                 size_t changes_max, size_t *count);

#endif
