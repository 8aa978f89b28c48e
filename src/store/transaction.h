/* Transactions on the store's connection, and whether the disk can still be trusted.
 *
 * After a failed fsync nobody knows what the disk holds: `unsure` is set, for good, and all that
 * follows is ERR_UNSURE. */
#ifndef STORE_TRANSACTION_H
#define STORE_TRANSACTION_H

#include "store/sql.h"

struct transaction {
    sqlite3 *db;
    struct why *failure; /* the store's */
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    bool unsure;
};

must_check enum err transaction_init(struct transaction *transaction, sqlite3 *db,
                                     struct why *failure);
void transaction_deinit(struct transaction *transaction);

must_check enum err transaction_begin(struct transaction *transaction);

/* Neither syncs. The second tells whether anything may come back: ERR_STORE: nothing was kept. */
must_check enum err transaction_commit(struct transaction *transaction);
must_check enum err transaction_commit_or_unsure(struct transaction *transaction);

/* A statement of a transaction failed with `e`: take it back. Returns what that means. */
must_check enum err transaction_roll_back(struct transaction *transaction, enum err e);

/* Something failed with `e`, or did not: note it as the store's failure. Returns `e`. */
enum err transaction_fail(struct transaction *transaction, enum err e);

#endif
