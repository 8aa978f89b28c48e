/* The object table: for every live object, which change is its head.
 *
 * A head's content stays in the journal, so a row here is some thirty bytes, and writing many
 * heads touches few pages. */
#ifndef STORE_OBJECT_H
#define STORE_OBJECT_H

#include "store/change.h"
#include "store/sql.h"
#include "store/store.h"

enum { OBJECT_PAGES = 8 };

struct object {
    sqlite3 *db;
    sqlite3_stmt *get;
    sqlite3_stmt *find;
    sqlite3_stmt *pages[OBJECT_PAGES];
    sqlite3_stmt *due;
    sqlite3_stmt *next_due;
    sqlite3_stmt *update;
    sqlite3_stmt *insert;
    sqlite3_stmt *remove;
};

must_check enum err object_init(struct object *object, sqlite3 *db);
void object_deinit(struct object *object);

/* The seq of the head as the table knows it, by number and by name; 0: none. */
must_check enum err object_get(struct object *object, uint64_t id, uint64_t *seq);
must_check enum err object_find(struct object *object, uint64_t parent, enum kind kind,
                                struct str name, uint64_t *seq);

/* As store_page and store_due, but the ids of all that have not been removed, also of what has
 * expired: most heads are in memory, and the tables need not be read for them. */
must_check enum err object_page(struct object *object, const struct store_range *range,
                                uint64_t *ids, size_t ids_max, size_t *count);
must_check enum err object_due(struct object *object, int64_t now_ms, uint64_t *ids, size_t ids_max,
                               size_t *count);
must_check enum err object_next_due(struct object *object, int64_t after_ms, int64_t *next_ms);

/* Make the row say what `head` says; within a transaction. */
must_check enum err object_write(struct object *object, const struct change *head);

#endif
