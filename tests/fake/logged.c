#include "fake/logged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

int logged_begin(void **state)
{
    static struct logged logged;
    logged = (struct logged){0};
    scratch_init(&logged.scratch);
    scratch_file(&logged.scratch, "db", logged.path, sizeof logged.path);
    scratch_file(&logged.scratch, "db-wal", logged.log_path, sizeof logged.log_path);
    assert_int_equal(sqlite3_open(logged.path, &logged.db), SQLITE_OK);
    assert_int_equal(sqlite3_open(logged.path, &logged.other), SQLITE_OK);
    logged_run(logged.db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                          "CREATE TABLE t (x)");
    logged_run(logged.other, "PRAGMA wal_autocheckpoint = 0");
    *state = &logged;
    return 0;
}

int logged_end(void **state)
{
    struct logged *logged = *state;
    assert_int_equal(sqlite3_close(logged->other), SQLITE_OK);
    assert_int_equal(sqlite3_close(logged->db), SQLITE_OK);
    scratch_deinit(&logged->scratch);
    return 0;
}

void logged_run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

void logged_fill(struct logged *logged, int rows)
{
    for (int i = 0; i < rows; i++)
        logged_run(logged->db, "INSERT INTO t VALUES (randomblob(2000))");
}

int logged_count(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int count = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return count;
}

size_t logged_read(const struct logged *logged, char *bytes)
{
    FILE *file = fopen(logged->log_path, "re");
    assert_non_null(file);
    size_t size = fread(bytes, 1, LOGGED_SIZE_MAX, file);
    fclose(file);
    assert_true(size < LOGGED_SIZE_MAX);
    return size;
}
