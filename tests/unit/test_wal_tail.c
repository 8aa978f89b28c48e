/* That no crash brings back a refused commit is shown by test_store_faults.c. */
#include "fake/logged.h"
#include "store/wal_tail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, logged_begin, logged_end)

enum { ROWS = 20 };

static char before[LOGGED_SIZE_MAX];
static char after[LOGGED_SIZE_MAX];

/* What a commit that was cut short may leave. */
static void append(const struct logged *logged, size_t size)
{
    FILE *file = fopen(logged->log_path, "ae");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(fputc('x', file), 'x');
    fclose(file);
}

/* What a program finds that has only the files, as after a crash. */
static int count_after_crash(const struct logged *logged)
{
    char path[LOGGED_PATH_MAX];
    char command[5 * LOGGED_PATH_MAX];
    sqlite3 *db;
    scratch_file(&logged->scratch, "copy", path, sizeof path);
    snprintf(command, sizeof command, "cp %s %s && cp %s %s-wal", logged->path, path,
             logged->log_path, path);
    assert_int_equal(system(command), 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int count = logged_count(db);
    sqlite3_close(db);
    return count;
}

static void what_is_committed_stays_byte_for_byte(void **state)
{
    struct logged *logged = *state;
    logged_fill(logged, ROWS);
    size_t size = logged_read(logged, before);
    assert_int_equal(wal_tail_cut(logged->db), OK);
    assert_int_equal(logged_read(logged, after), size);
    append(logged, 5000);
    assert_int_equal(wal_tail_cut(logged->db), OK);
    assert_int_equal(logged_read(logged, after), size);
    assert_memory_equal(before, after, size);
    logged_run(logged->other, "INSERT INTO t VALUES (1)"); /* nothing is locked any more */
    assert_int_equal(count_after_crash(logged), ROWS + 1);
}

/* The log began anew: its file is as long as it was, and there is less in it. */
static void an_earlier_round_of_the_log_is_cut_off(void **state)
{
    struct logged *logged = *state;
    logged_fill(logged, ROWS);
    size_t size = logged_read(logged, before);
    logged_run(logged->db, "PRAGMA wal_checkpoint(RESTART)");
    logged_fill(logged, 1);
    assert_int_equal(logged_read(logged, before), size);
    assert_int_equal(wal_tail_cut(logged->db), OK);
    assert_in_range(logged_read(logged, after), 1, size / 2);
    assert_int_equal(count_after_crash(logged), ROWS + 1);
    logged_fill(logged, ROWS);
    assert_int_equal(count_after_crash(logged), 2 * ROWS + 1);
}

static void pages_of_any_size_are_counted(void **state)
{
    struct logged *logged = *state;
    const char *const sizes[] = {"PRAGMA page_size = 512", "PRAGMA page_size = 65536"};
    sqlite3_close(logged->other); /* it would not let the mode change */
    logged->other = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        logged_run(logged->db, "PRAGMA journal_mode = DELETE");
        logged_run(logged->db, sizes[i]);
        logged_run(logged->db, "DELETE FROM t; VACUUM; PRAGMA journal_mode = WAL");
        logged_fill(logged, 2);
        size_t size = logged_read(logged, before);
        append(logged, 100);
        assert_int_equal(wal_tail_cut(logged->db), OK);
        assert_int_equal(logged_read(logged, after), size);
        assert_int_equal(count_after_crash(logged), 2);
    }
}

static void a_log_without_a_commit_is_cut_to_nothing(void **state)
{
    struct logged *logged = *state;
    logged_run(logged->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    append(logged, 5000);
    assert_int_equal(wal_tail_cut(logged->db), OK);
    assert_int_equal(logged_read(logged, after), 0);
    logged_fill(logged, ROWS);
    assert_int_equal(count_after_crash(logged), ROWS);
}

static void nothing_is_cut_while_another_program_writes(void **state)
{
    struct logged *logged = *state;
    logged_fill(logged, ROWS);
    append(logged, 5000);
    size_t size = logged_read(logged, before);
    logged_run(logged->other, "BEGIN IMMEDIATE");
    assert_int_equal(wal_tail_cut(logged->db), ERR_UNSURE);
    assert_int_equal(logged_read(logged, after), size);
    logged_run(logged->other, "INSERT INTO t VALUES (1); COMMIT");
    assert_int_equal(wal_tail_cut(logged->db), OK);
    assert_int_equal(count_after_crash(logged), ROWS + 1);
}

static void one_that_reads_goes_on_reading(void **state)
{
    struct logged *logged = *state;
    logged_fill(logged, ROWS);
    logged_run(logged->other, "BEGIN");
    assert_int_equal(logged_count(logged->other), ROWS);
    logged_fill(logged, 1);
    append(logged, 5000);
    assert_int_equal(wal_tail_cut(logged->db), OK);
    assert_int_equal(logged_count(logged->other), ROWS);
    logged_run(logged->other, "COMMIT");
    assert_int_equal(logged_count(logged->other), ROWS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_committed_stays_byte_for_byte),
        TEST(an_earlier_round_of_the_log_is_cut_off),
        TEST(pages_of_any_size_are_counted),
        TEST(a_log_without_a_commit_is_cut_to_nothing),
        TEST(nothing_is_cut_while_another_program_writes),
        TEST(one_that_reads_goes_on_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
