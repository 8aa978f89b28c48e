#include "fake/fault_vfs.h"
#include "sim/scratch.h"
#include "store/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { PAGES_MAX = 40, STEPS_MAX = 1000000 };

struct log {
    struct scratch scratch;
    struct fault_vfs *vfs;
    sqlite3 *db;
    struct checkpoint *checkpoint;
};

static void run_sql(sqlite3 *db, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
}

static void log_init(struct log *log)
{
    char path[2 * SCRATCH_PATH_MAX];
    struct why why = {0};
    scratch_init(&log->scratch);
    log->vfs = fault_vfs_new("fault");
    scratch_file(&log->scratch, "tutti.db", path, sizeof path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    assert_int_equal(sqlite3_open_v2(path, &log->db, flags, "fault"), SQLITE_OK);
    run_sql(log->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                     "PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x);");
    assert_int_equal(checkpoint_new(&log->checkpoint, log->db, path, "fault", PAGES_MAX, &why), OK);
}

static void log_deinit(struct log *log)
{
    checkpoint_free(log->checkpoint);
    assert_int_equal(sqlite3_close(log->db), SQLITE_OK);
    fault_vfs_free(log->vfs);
    scratch_deinit(&log->scratch);
}

static void write_one(struct log *log)
{
    run_sql(log->db, "INSERT INTO t VALUES (1)");
}

static void fill(struct log *log, unsigned pages)
{
    while (checkpoint_pages(log->checkpoint) < pages)
        write_one(log);
}

/* Steps until one is done or fails. */
static enum err finish(struct log *log, struct why *why)
{
    bool done = false;
    enum err e = OK;
    for (int i = 0; !e && !done; i++) {
        assert_true(i < STEPS_MAX);
        e = checkpoint_step(log->checkpoint, &done, why);
    }
    return e;
}

static void a_short_log_is_left_alone(void **state)
{
    struct log log;
    struct why why;
    bool done;
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX / 2 - 1);
    assert_false(checkpoint_is_due(log.checkpoint));
    assert_int_equal(checkpoint_step(log.checkpoint, &done, &why), OK);
    assert_false(done);
    assert_false(checkpoint_is_due(log.checkpoint));
    log_deinit(&log);
}

static void a_log_that_was_copied_begins_anew(void **state)
{
    struct log log;
    struct why why;
    (void)state;
    log_init(&log);
    for (int round = 0; round < 5; round++) {
        fill(&log, PAGES_MAX / 2);
        assert_true(checkpoint_is_due(log.checkpoint));
        assert_int_equal(finish(&log, &why), OK);
        write_one(&log);
        assert_in_range(checkpoint_pages(log.checkpoint), 1, 3);
    }
    log_deinit(&log);
}

static void writing_goes_on_while_the_thread_copies(void **state)
{
    struct log log;
    struct why why;
    bool done;
    int rounds = 0;
    unsigned longest = 0;
    (void)state;
    log_init(&log);
    while (rounds < 50) {
        write_one(&log);
        if (checkpoint_pages(log.checkpoint) > longest)
            longest = checkpoint_pages(log.checkpoint);
        assert_int_equal(checkpoint_step(log.checkpoint, &done, &why), OK);
        rounds += done;
    }
    assert_in_range(longest, PAGES_MAX / 2, PAGES_MAX + 3);
    log_deinit(&log);
}

static void a_full_log_waits_for_the_thread(void **state)
{
    struct log log;
    struct why why;
    bool done;
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX);
    assert_int_equal(checkpoint_step(log.checkpoint, &done, &why), OK);
    assert_false(done);
    assert_int_equal(checkpoint_step(log.checkpoint, &done, &why), OK);
    assert_true(done);
    log_deinit(&log);
}

static void a_failing_sync_is_unsure_and_explained(void **state)
{
    struct log log;
    struct why why = {0};
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX / 2);
    fault_vfs_plan(log.vfs, &(struct fault_plan){.fault = FAULT_SYNC, .code = SQLITE_IOERR_FSYNC});
    assert_int_equal(finish(&log, &why), ERR_UNSURE);
    assert_non_null(strstr(why.text, "disk I/O error"));
    log_deinit(&log);
}

static void a_full_disk_is_tried_again(void **state)
{
    struct log log;
    struct why why = {0};
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX / 2);
    fault_vfs_plan(log.vfs, &(struct fault_plan){.fault = FAULT_WRITE,
                                                 .code = SQLITE_FULL,
                                                 .for_good = true});
    assert_int_equal(finish(&log, &why), ERR_STORE);
    assert_non_null(strstr(why.text, "full"));
    assert_true(checkpoint_is_due(log.checkpoint));
    fault_vfs_heal(log.vfs);
    assert_int_equal(finish(&log, &why), OK);
    write_one(&log);
    assert_in_range(checkpoint_pages(log.checkpoint), 1, 3);
    log_deinit(&log);
}

static void it_can_be_freed_while_the_thread_copies(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct log log;
        struct why why;
        bool done;
        log_init(&log);
        fill(&log, PAGES_MAX / 2);
        assert_int_equal(checkpoint_step(log.checkpoint, &done, &why), OK);
        log_deinit(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_log_is_left_alone),
        cmocka_unit_test(a_log_that_was_copied_begins_anew),
        cmocka_unit_test(writing_goes_on_while_the_thread_copies),
        cmocka_unit_test(a_full_log_waits_for_the_thread),
        cmocka_unit_test(a_failing_sync_is_unsure_and_explained),
        cmocka_unit_test(a_full_disk_is_tried_again),
        cmocka_unit_test(it_can_be_freed_while_the_thread_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
