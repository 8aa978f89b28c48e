/* The object table: for every live object, which change is its head.
 *
 * A head's content stays in the journal, so a row here is some thirty bytes, and writing many
 * heads touches few pages. */
#ifndef STORE_OBJECT_H
#define STORE_OBJECT_H

#include "store/change.h"
#include "store/sql.h"
#include "store/store.h"

struct object {
    sqlite3 *db;
    sqlite3_stmt *get;
    sqlite3_stmt *find;
    sqlite3_stmt *page_up;
    sqlite3_stmt *page_down;
    sqlite3_stmt *due;
    sqlite3_stmt *next_due;
    sqlite3_stmt *update;
    sqlite3_stmt *insert;
    sqlite3_stmt *remove;
};

must_check enum err object_init(struct object *object, sqlite3 *db);
void object_deinit(struct object *object);

/* The head as the tables know it; NULL: none. */
must_check enum err object_get(struct object *object, uint64_t id, struct change **head);

/* The id of the object of that name; 0: none. */
must_check enum err object_find(struct object *object, uint64_t parent, enum kind kind,
                                struct str name, uint64_t *id);

/* As store_page, but `range->alive_ms` is not looked at. */
must_check enum err object_page(struct object *object, const struct store_range *range,
                                struct change **heads, size_t heads_max, size_t *count);

/* As store_due. */
must_check enum err object_due(struct object *object, int64_t now_ms, struct change **heads,
                               size_t heads_max, size_t *count);
must_check enum err object_next_due(struct object *object, int64_t after_ms, int64_t *next_ms);

/* Make the row say what `head` says; within a transaction. */
must_check enum err object_write(struct object *object, const struct change *head);

#endif
