/* The journal table: one row a change, appended and never altered. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/change.h"
#include "store/sql.h"

/* The columns journal_read_row expects, of a table or alias `j`, in this order. */
#define JOURNAL_COLUMNS                                                                            \
    "j.seq, j.prev, j.object, j.parent, j.kind, j.event, j.salt, j.revision, j.created_ms, "       \
    "j.updated_ms, j.expires_ms, j.name, j.creator, j.author, j.data"

struct journal {
    sqlite3_stmt *insert;
    sqlite3_stmt *select;
    sqlite3_stmt *tail;
};

must_check enum err journal_init(struct journal *journal, sqlite3 *db);
void journal_deinit(struct journal *journal);

/* Within a transaction. */
must_check enum err journal_append(struct journal *journal, const struct change *change);

/* NULL: not there. */
must_check enum err journal_get(struct journal *journal, uint64_t seq, struct change **change);

/* The next changes above `after`, in order. On an error none is handed out. */
must_check enum err journal_tail(struct journal *journal, uint64_t after, struct change **changes,
                                 size_t changes_max, size_t *count);

/* The current row of a statement that selects JOURNAL_COLUMNS first. */
struct change *journal_read_row(sqlite3_stmt *stmt);

/* Collect up to `max` rows of such a statement, whose parameters are bound. */
must_check enum err journal_read_rows(sqlite3_stmt *stmt, struct change **changes, size_t max,
                                      size_t *count);

#endif
