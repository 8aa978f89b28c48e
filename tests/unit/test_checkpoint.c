#include "fake/fault_vfs.h"
#include "sim/scratch.h"
#include "store/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { PAGES_MAX = 40, READER_PAGES_MAX = 160, COMMIT_PAGES_MAX = 3, STEPS_MAX = 1000000 };

struct log {
    struct scratch scratch;
    struct fault_vfs *vfs;
    char path[2 * SCRATCH_PATH_MAX];
    sqlite3 *db;
    sqlite3 *reader; /* another program's */
    struct checkpoint *checkpoint;
};

static void run_sql(sqlite3 *db, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
}

static void log_init_on(struct log *log, const char *vfs)
{
    struct checkpoint_limits limits = {PAGES_MAX, READER_PAGES_MAX};
    struct why why = {0};
    *log = (struct log){0};
    scratch_init(&log->scratch);
    log->vfs = fault_vfs_new("fault");
    scratch_file(&log->scratch, "tutti.db", log->path, sizeof log->path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    assert_int_equal(sqlite3_open_v2(log->path, &log->db, flags, vfs), SQLITE_OK);
    run_sql(log->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                     "PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x);");
    assert_int_equal(checkpoint_new(&log->checkpoint, log->db, log->path, vfs, &limits, &why), OK);
}

static void log_init(struct log *log)
{
    log_init_on(log, "fault");
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
        e = checkpoint_step(log->checkpoint, false, &done, why);
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
    assert_false(checkpoint_is_due(log.checkpoint, false));
    assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
    assert_false(done);
    assert_false(checkpoint_is_due(log.checkpoint, false));
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
        assert_true(checkpoint_is_due(log.checkpoint, false));
        assert_int_equal(finish(&log, &why), OK);
        write_one(&log);
        assert_in_range(checkpoint_pages(log.checkpoint), 1, 3);
    }
    log_deinit(&log);
}

/* As the store does. */
static enum err write_admitted(struct log *log)
{
    struct why why;
    enum err e = checkpoint_admit(log->checkpoint, &why);
    if (!e)
        write_one(log);
    return e;
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
        assert_int_equal(write_admitted(&log), OK);
        if (checkpoint_pages(log.checkpoint) > longest)
            longest = checkpoint_pages(log.checkpoint);
        assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
        rounds += done;
    }
    assert_in_range(longest, PAGES_MAX / 2, PAGES_MAX + COMMIT_PAGES_MAX);
    log_deinit(&log);
}

static void a_full_log_admits_nothing_until_it_begins_anew(void **state)
{
    struct log log;
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX);
    assert_true(checkpoint_is_full(log.checkpoint));
    assert_int_equal(write_admitted(&log), OK);
    assert_false(checkpoint_is_full(log.checkpoint));
    assert_in_range(checkpoint_pages(log.checkpoint), 1, COMMIT_PAGES_MAX);
    log_deinit(&log);
}

static void a_step_never_waits_for_the_thread(void **state)
{
    struct log log;
    struct why why;
    bool done = false;
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX);
    while (!done) {
        assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
        if (!done)
            checkpoint_await(log.checkpoint, 1);
    }
    log_deinit(&log);
}

/* --- another program reads --- */

static void start_reader(struct log *log)
{
    assert_int_equal(sqlite3_open_v2(log->path, &log->reader, SQLITE_OPEN_READWRITE, "fault"),
                     SQLITE_OK);
    run_sql(log->reader, "BEGIN; SELECT count(*) FROM t;");
}

static void end_reader(struct log *log)
{
    assert_int_equal(sqlite3_close(log->reader), SQLITE_OK);
}

/* As the owner does: a step a commit. */
static enum err write_and_step(struct log *log)
{
    struct why why;
    bool done;
    enum err e = write_admitted(log);
    enum err stepped = checkpoint_step(log->checkpoint, false, &done, &why);
    return e ? e : stepped;
}

static void while_another_reads_writing_goes_on_up_to_a_second_limit(void **state)
{
    struct log log;
    (void)state;
    log_init(&log);
    write_one(&log);
    start_reader(&log);
    enum err e = OK;
    while (!(e = write_and_step(&log)))
        assert_true(checkpoint_pages(log.checkpoint) <= READER_PAGES_MAX + COMMIT_PAGES_MAX);
    assert_int_equal(e, ERR_STORE);
    assert_true(checkpoint_pages(log.checkpoint) >= READER_PAGES_MAX);
    end_reader(&log);
    for (int i = 0; write_and_step(&log) != OK; i++)
        assert_true(i < STEPS_MAX);
    assert_in_range(checkpoint_pages(log.checkpoint), 1, COMMIT_PAGES_MAX);
    log_deinit(&log);
}

static void a_log_that_was_held_begins_anew_when_there_is_time(void **state)
{
    struct log log;
    struct why why;
    bool done = false;
    (void)state;
    log_init(&log);
    write_one(&log);
    start_reader(&log);
    while (checkpoint_pages(log.checkpoint) < 2 * PAGES_MAX)
        assert_int_equal(write_and_step(&log), OK);
    end_reader(&log);
    for (int i = 0; !done; i++) {
        assert_true(i < STEPS_MAX);
        assert_int_equal(checkpoint_step(log.checkpoint, true, &done, &why), OK);
    }
    write_one(&log);
    assert_in_range(checkpoint_pages(log.checkpoint), 1, COMMIT_PAGES_MAX);
    log_deinit(&log);
}

/* The one who kept it from beginning anew goes while another one reads, who has seen all there is:
 * so everything is copied, and the commit after that one's end resets the log. */
static void a_log_that_begins_anew_by_itself_is_held_no_more(void **state)
{
    struct log log;
    struct why why = {0};
    bool done;
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX / 2 - COMMIT_PAGES_MAX);
    start_reader(&log);
    while (checkpoint_pages(log.checkpoint) < READER_PAGES_MAX - 4 * COMMIT_PAGES_MAX)
        assert_int_equal(write_and_step(&log), OK);
    run_sql(log.reader, "COMMIT; BEGIN; SELECT count(*) FROM t;");
    for (int i = 0; i < 100; i++) {
        checkpoint_await(log.checkpoint, 1);
        assert_int_equal(checkpoint_step(log.checkpoint, true, &done, &why), OK);
        assert_false(done);
    }
    end_reader(&log);
    uint64_t rounds = checkpoint_rounds(log.checkpoint);
    write_one(&log);
    assert_in_range(checkpoint_pages(log.checkpoint), 1, COMMIT_PAGES_MAX);
    assert_int_equal(checkpoint_rounds(log.checkpoint), rounds + 1);
    for (int i = 0; i < 10 * PAGES_MAX; i++) {
        assert_int_equal(write_and_step(&log), OK);
        assert_in_range(checkpoint_pages(log.checkpoint), 0, PAGES_MAX + COMMIT_PAGES_MAX);
    }
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
    assert_true(checkpoint_is_due(log.checkpoint, false));
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
        assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
        log_deinit(&log);
    }
}

/* --- SQLite's WAL-reset bug --- */

/* Where a thread's pass can be made to wait. */
enum gate {
    BEFORE,   /* it asks for the checkpoints' lock */
    BEGINNING /* it has read how long the log is, and not yet how much of it was copied */
};

/* A VFS with gates for all threads but the one that made it. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *platform;
    pthread_t owner;
    atomic_bool closed[2];
    atomic_bool reached[2];
} gated;

static void pass_gate(enum gate gate)
{
    if (pthread_equal(pthread_self(), gated.owner) || !gated.closed[gate])
        return;
    gated.reached[gate] = true;
    while (gated.closed[gate])
        sched_yield();
}

static void await_gate(enum gate gate)
{
    while (!gated.reached[gate])
        sched_yield();
}

static int gated_lock(sqlite3_file *file, int offset, int count, int flags)
{
    enum { CHECKPOINT_LOCK = 1 };
    if (offset == CHECKPOINT_LOCK && flags & SQLITE_SHM_LOCK)
        pass_gate(BEFORE);
    return gated.platform->xShmLock(file, offset, count, flags);
}

static int gated_unfetch(sqlite3_file *file, sqlite3_int64 at, void *page)
{
    if (!page)
        pass_gate(BEGINNING);
    return gated.platform->xUnfetch(file, at, page);
}

static int gated_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    sqlite3_vfs *platform = sqlite3_vfs_find(NULL);
    int code = platform->xOpen(platform, name, file, flags, out);
    (void)vfs;
    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB))
        return code;
    gated.platform = file->pMethods;
    gated.methods = *file->pMethods;
    gated.methods.xShmLock = gated_lock;
    gated.methods.xUnfetch = gated_unfetch;
    file->pMethods = &gated.methods;
    return SQLITE_OK;
}

static void register_gated(void)
{
    gated.owner = pthread_self();
    gated.vfs = *sqlite3_vfs_find(NULL);
    gated.vfs.zName = "gated";
    gated.vfs.xOpen = gated_open;
    assert_int_equal(sqlite3_vfs_register(&gated.vfs, 0), SQLITE_OK);
}

static int64_t ask(sqlite3 *db, const char *text)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

/* As another program sees it. */
static void assert_rows(const struct log *log, int64_t rows)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(log->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(ask(db, "SELECT count(*) FROM t"), rows);
    assert_int_equal(ask(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    sqlite3_close(db);
}

/* The thread has copied all and not said so when a commit resets the log. */
static void a_log_that_begins_anew_while_the_thread_copies_is_a_new_one(void **state)
{
    struct log log;
    struct why why = {0};
    bool done;
    (void)state;
    log_init(&log);
    fill(&log, PAGES_MAX / 2);
    uint64_t rounds = checkpoint_rounds(log.checkpoint);
    assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
    checkpoint_await(log.checkpoint, -1); /* its report is there, and is not taken */
    write_one(&log);
    assert_in_range(checkpoint_pages(log.checkpoint), 1, COMMIT_PAGES_MAX);
    assert_int_equal(checkpoint_rounds(log.checkpoint), rounds + 1);
    assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
    assert_true(done);
    assert_false(checkpoint_is_due(log.checkpoint, true));
    log_deinit(&log);
}

/* A row whose page is not that of the one before. */
static void write_large(struct log *log, int64_t *rows)
{
    run_sql(log->db, "INSERT INTO t VALUES (hex(randomblob(700)))");
    ++*rows;
}

/* The thread copies late, so that its one pass finds all there is, and the owner learns that much
 * was committed since it gave the order. */
static void a_log_that_may_be_copied_is_not_copied_again_beside_commits(void **state)
{
    struct log log;
    struct why why = {0};
    int64_t rows = 0;
    bool done;
    (void)state;
    register_gated();
    log_init_on(&log, "gated");
    while (checkpoint_pages(log.checkpoint) < PAGES_MAX / 2)
        write_large(&log, &rows);
    gated.closed[BEFORE] = true;
    assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
    await_gate(BEFORE);
    while (checkpoint_pages(log.checkpoint) < PAGES_MAX - COMMIT_PAGES_MAX)
        write_large(&log, &rows);
    gated.closed[BEFORE] = false;
    checkpoint_await(log.checkpoint, -1);
    gated.closed[BEGINNING] = true;
    assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
    if (!done)
        await_gate(BEGINNING);
    write_large(&log, &rows); /* SQLite resets the log */
    gated.closed[BEGINNING] = false;
    if (!done)
        checkpoint_await(log.checkpoint, -1);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(checkpoint_admit(log.checkpoint, &why), OK);
        write_large(&log, &rows);
        assert_int_equal(checkpoint_step(log.checkpoint, false, &done, &why), OK);
    }
    assert_rows(&log, rows);
    log_deinit(&log);
    sqlite3_vfs_unregister(&gated.vfs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_log_is_left_alone),
        cmocka_unit_test(a_log_that_was_copied_begins_anew),
        cmocka_unit_test(writing_goes_on_while_the_thread_copies),
        cmocka_unit_test(a_full_log_admits_nothing_until_it_begins_anew),
        cmocka_unit_test(a_step_never_waits_for_the_thread),
        cmocka_unit_test(while_another_reads_writing_goes_on_up_to_a_second_limit),
        cmocka_unit_test(a_log_that_was_held_begins_anew_when_there_is_time),
        cmocka_unit_test(a_log_that_begins_anew_by_itself_is_held_no_more),
        cmocka_unit_test(a_log_that_begins_anew_while_the_thread_copies_is_a_new_one),
        cmocka_unit_test(a_failing_sync_is_unsure_and_explained),
        cmocka_unit_test(a_full_disk_is_tried_again),
        cmocka_unit_test(it_can_be_freed_while_the_thread_copies),
        cmocka_unit_test(a_log_that_may_be_copied_is_not_copied_again_beside_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
