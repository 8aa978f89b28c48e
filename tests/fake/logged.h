/* A database with a write-ahead log that nobody shortens, and another program's connection to it.
 */
#ifndef LOGGED_H
#define LOGGED_H

#include "sim/scratch.h"

#include <sqlite3.h>
#include <stddef.h>

enum { LOGGED_PATH_MAX = SCRATCH_PATH_MAX + 16, LOGGED_SIZE_MAX = 1 << 20 };

struct logged {
    struct scratch scratch;
    char path[LOGGED_PATH_MAX];
    char log_path[LOGGED_PATH_MAX];
    sqlite3 *db;
    sqlite3 *other;
};

/* Set-up and tear-down of a test whose state it is. The database has an empty table, t (x). */
int logged_begin(void **state);
int logged_end(void **state);

/* Fails the test if it cannot. */
void logged_run(sqlite3 *db, const char *sql);

/* Commit `rows` rows of 2000 random bytes, one by one. */
void logged_fill(struct logged *logged, int rows);

/* How many rows `db` sees. */
int logged_count(sqlite3 *db);

/* The log's bytes; `bytes` has LOGGED_SIZE_MAX, which the log must not reach. */
size_t logged_read(const struct logged *logged, char *bytes);

#endif
