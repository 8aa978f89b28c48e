/* The promise of store_commit, at every place where a disk can fail and at every moment when
 * everything can stop. One workload, its seed fixed, is run over and over. */
#include "base/mem.h"
#include "fake/fault_vfs.h"
#include "fake/room.h"
#include "fake/script.h"
#include "sim/scratch.h"
#include "store/sqlite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    FAULT_STEPS = 16,
    CRASH_STEPS = 40,
    CHANGES_MAX = 4,
    LOG_PAGES = 24,
    INDEX_REGION = 4096,
    COMMITS_MAX = 64
};

/* A commit, as the outside saw it. */
struct commit {
    size_t begun; /* moments of the VFS */
    size_t ended;
    uint64_t seq; /* of its last change */
};

struct world {
    struct scratch scratch;
    struct fault_vfs *vfs;
    struct store *store;
    struct script script;
    struct change *drafted[CHANGES_MAX];
    size_t drafted_count; /* of a commit whose outcome is not known */
    struct commit commits[COMMITS_MAX];
    size_t commits_count;
};

static enum err open_in(const char *folder, const char *vfs, struct store **store)
{
    struct why why = {0};
    struct sqlite_options options = {
        .folder = folder,
        .vfs = vfs,
        .cache_size_max = 16384,
        .wal_size_max = LOG_PAGES * 4096,
        .wal_size_reader_max = 4 * LOG_PAGES * 4096,
        .keep_changes = 20,
        .keep_ms = 500,
    };
    enum err e = sqlite_open(store, &options, &why);
    if (e) {
        *store = NULL;
        print_message("          %s\n", why.text);
    }
    return e;
}

static void world_init(struct world *world, uint64_t seed)
{
    *world = (struct world){0};
    scratch_init(&world->scratch);
    script_init(&world->script, seed);
    world->vfs = fault_vfs_new("fault");
}

static void world_deinit(struct world *world)
{
    if (world->store)
        store_close(world->store);
    for (size_t i = 0; i < world->drafted_count; i++)
        change_unref(world->drafted[i]);
    script_deinit(&world->script);
    fault_vfs_free(world->vfs);
    scratch_deinit(&world->scratch);
}

/* --- the workload --- */

/* One commit; its outcome is noted in the script. */
static enum err commit_some(struct world *world)
{
    struct script *script = &world->script;
    size_t count = script_draft(script, world->drafted, CHANGES_MAX);
    size_t begun = fault_vfs_now(world->vfs);
    enum err e = store_commit(world->store, world->drafted, count);
    if (e == OK) {
        script_accept(script, world->drafted, count);
        world->commits[world->commits_count++] =
            (struct commit){begun, fault_vfs_now(world->vfs), script->count};
    } else if (e == ERR_STORE) {
        script_refuse(script, world->drafted, count);
    } else {
        assert_int_equal(e, ERR_UNSURE);
        world->drafted_count = count;
    }
    return e;
}

static enum err list_some(struct world *world)
{
    struct change *heads[8];
    struct store_range range = {.kind = KIND_DOCUMENT};
    size_t count = 0;
    enum err e = store_page(world->store, &range, heads, 8, &count);
    while (count)
        change_unref(heads[--count]);
    return e;
}

/* As the core does: a commit, tidying, now and then a list. */
static enum err step(struct world *world)
{
    struct script *script = &world->script;
    bool more;
    script->now_ms += 300;
    enum err e = commit_some(world);
    if (e != ERR_UNSURE && script_random(script, 3))
        e = store_tidy(world->store, script->now_ms, script_random(script, 2), &more);
    if (e != ERR_UNSURE && script_random(script, 8) == 0)
        e = list_some(world);
    return e;
}

static enum err run_steps(struct world *world, size_t steps)
{
    enum err e = OK;
    for (size_t i = 0; e != ERR_UNSURE && i < steps; i++)
        e = step(world);
    return e;
}

/* --- what must hold --- */

/* After an unsure end the last commit may be there as a whole; then it counts as accepted. */
static void settle(struct world *world, const struct store *store)
{
    struct script *script = &world->script;
    if (!world->drafted_count)
        return;
    if (store_seq(store) == script->count)
        script_refuse(script, world->drafted, world->drafted_count);
    else
        script_accept(script, world->drafted, world->drafted_count);
    world->drafted_count = 0;
}

static void assert_holds_all(struct world *world, struct store *store)
{
    struct store *model = script_model_at(&world->script, world->script.count);
    script_compare(store, model, world->script.now_ms);
    store_close(model);
}

static void reopen(struct world *world)
{
    store_close(world->store);
    world->store = NULL;
    assert_int_equal(open_in(world->scratch.path, "fault", &world->store), OK);
    settle(world, world->store);
    assert_holds_all(world, world->store);
}

/* What a machine finds that stopped at `moment`. */
static struct store *open_after_crash(struct world *world, size_t moment, enum fault_keep keep,
                                      uint64_t seed, struct scratch *scratch)
{
    struct store *store;
    scratch_init(scratch);
    fault_vfs_crash(world->vfs, moment, keep, seed, scratch->path);
    assert_int_equal(open_in(scratch->path, "fault-free", &store), OK);
    return store;
}

static void close_after_crash(struct store *store, struct scratch *scratch)
{
    store_close(store);
    scratch_deinit(scratch);
}

/* Everything stops now: the accepted changes are there, and no others. */
static void crash_now(struct world *world, enum fault_keep keep, uint64_t seed)
{
    struct scratch scratch;
    struct store *store = open_after_crash(world, fault_vfs_now(world->vfs), keep, seed, &scratch);
    assert_holds_all(world, store);
    close_after_crash(store, &scratch);
}

/* --- faults --- */

static void assert_dead(struct world *world)
{
    struct change *change = change_new(world->drafted[0]);
    bool more;
    fault_vfs_heal(world->vfs);
    assert_int_equal(store_commit(world->store, &change, 1), ERR_UNSURE);
    assert_int_equal(store_tidy(world->store, world->script.now_ms, true, &more), ERR_UNSURE);
    change_unref(change);
}

/* Nobody knows whether the last commit is there; all before it are, whatever the disk kept. */
static void crash_unsure_at(struct world *world, size_t moment, enum fault_keep keep, uint64_t seed)
{
    struct scratch scratch;
    uint64_t before = world->script.count;
    struct store *store = open_after_crash(world, moment, keep, seed, &scratch);
    bool kept = world->drafted_count && store_seq(store) != before;
    if (kept)
        assert_int_equal(store_seq(store), before + world->drafted_count);
    struct store *model = script_model_at(&world->script, before);
    if (kept)
        assert_int_equal(store_commit(model, world->drafted, world->drafted_count), OK);
    script_compare(store, model, world->script.now_ms);
    store_close(model);
    close_after_crash(store, &scratch);
}

static void crash_unsure(struct world *world, enum fault_keep keep, uint64_t seed)
{
    crash_unsure_at(world, fault_vfs_now(world->vfs), keep, seed);
}

/* Opening reads what the disk may not have; it must lose nothing at any moment of making sure. */
static void reopen_unsure(struct world *world)
{
    size_t begun = fault_vfs_now(world->vfs);
    assert_int_equal(open_in(world->scratch.path, "fault", &world->store), OK);
    for (size_t moment = begun; moment < fault_vfs_now(world->vfs); moment++) {
        crash_unsure_at(world, moment, KEEP_SYNCED, 0);
        crash_unsure_at(world, moment, KEEP_SOME, moment);
    }
    settle(world, world->store);
    assert_holds_all(world, world->store);
}

/* Dead for good, and after a restart everything that was OK is there and stays, as does what is
 * committed then. */
static void end_unsure(struct world *world)
{
    if (world->drafted_count)
        assert_dead(world);
    fault_vfs_heal(world->vfs);
    crash_unsure(world, KEEP_SOME, fault_vfs_now(world->vfs));
    store_close(world->store);
    world->store = NULL;
    crash_unsure(world, KEEP_SYNCED, 0);
    crash_unsure(world, KEEP_SOME, fault_vfs_now(world->vfs));
    reopen_unsure(world);
    crash_now(world, KEEP_SYNCED, 0);
    assert_int_equal(run_steps(world, 3), OK);
    crash_now(world, KEEP_SYNCED, 0);
    crash_now(world, KEEP_SOME, fault_vfs_now(world->vfs));
}

/* What the checkpoint's thread began before may still fail once. */
static enum err run_steps_when_well(struct world *world)
{
    enum err e = run_steps(world, 3);
    for (int i = 0; e == ERR_STORE && i < 100; i++) {
        store_await(world->store, 1);
        e = step(world);
    }
    return e;
}

/* Refused, and working again as soon as the disk does. Unless the fault was more than a full disk
 * and met the checkpoint's thread: then its report, and with it the end, comes with a later step,
 * whichever that is. */
static void end_refused(struct world *world, bool was_full)
{
    script_compare_heads(world->store, world->script.model);
    crash_now(world, KEEP_ALL, 0);
    crash_now(world, KEEP_SOME, fault_vfs_now(world->vfs));
    fault_vfs_heal(world->vfs);
    enum err e = run_steps_when_well(world);
    if (e == ERR_UNSURE && !was_full) {
        end_unsure(world);
        return;
    }
    assert_int_equal(e, OK);
    assert_holds_all(world, world->store);
    reopen(world);
    crash_now(world, KEEP_SYNCED, 0);
}

static void run_with(const struct fault_plan *plan, uint64_t seed, bool *struck)
{
    struct world world;
    enum err e = OK;
    world_init(&world, seed);
    assert_int_equal(open_in(world.scratch.path, "fault", &world.store), OK);
    fault_vfs_plan(world.vfs, plan);
    for (size_t i = 0; i < FAULT_STEPS && e != ERR_UNSURE && !fault_vfs_struck(world.vfs); i++)
        e = step(&world);
    *struck = fault_vfs_struck(world.vfs);
    if (*struck && e != ERR_UNSURE) /* the disk stays as it is for a while */
        e = run_steps(&world, 3);
    assert_false(e == ERR_UNSURE && plan->number == EDQUOT);
    if (e == ERR_UNSURE)
        end_unsure(&world);
    else
        end_refused(&world, plan->code == SQLITE_FULL || plan->number == EDQUOT);
    world_deinit(&world);
}

/* Each place in turn, until the workload ends before it. */
static void run_at_every(struct fault_plan plan)
{
    bool struck = true;
    for (plan.nth = 0; struck; plan.nth++)
        run_with(&plan, 7, &struck);
    print_message("          %zu places\n", plan.nth - 1);
    assert_true(plan.nth > 4);
}

static void a_full_disk_at_any_write_refuses_and_keeps_nothing(void **state)
{
    (void)state;
    run_at_every((struct fault_plan){FAULT_WRITE, 0, SQLITE_FULL, true, false, 0});
}

static void a_write_that_is_cut_short_by_a_full_disk_keeps_nothing(void **state)
{
    (void)state;
    run_at_every((struct fault_plan){FAULT_WRITE, 0, SQLITE_FULL, false, true, 0});
}

static void a_quota_refuses_as_a_full_disk_does(void **state)
{
    (void)state;
    run_at_every((struct fault_plan){FAULT_WRITE, 0, SQLITE_IOERR_WRITE, true, true, EDQUOT});
}

static void a_failing_write_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    run_at_every((struct fault_plan){FAULT_WRITE, 0, SQLITE_IOERR_WRITE, false, true, 0});
}

static void a_failing_sync_is_the_end_and_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    run_at_every((struct fault_plan){FAULT_SYNC, 0, SQLITE_IOERR_FSYNC, false, false, 0});
}

static void after_an_unsure_end_nothing_is_written_not_even_by_closing(void **state)
{
    struct world world;
    (void)state;
    world_init(&world, 3);
    assert_int_equal(open_in(world.scratch.path, "fault", &world.store), OK);
    assert_int_equal(commit_some(&world), OK);
    fault_vfs_plan(world.vfs,
                   &(struct fault_plan){FAULT_SYNC, 0, SQLITE_IOERR_FSYNC, false, false, 0});
    assert_int_equal(commit_some(&world), ERR_UNSURE);
    size_t moment = fault_vfs_now(world.vfs);
    assert_dead(&world);
    assert_int_equal(list_some(&world), ERR_UNSURE);
    store_close(world.store);
    world.store = NULL;
    assert_int_equal(fault_vfs_now(world.vfs), moment);
    world_deinit(&world);
}

/* The log's index, in shared memory, grows after a commit's pages are in the log, too late to
 * refuse it. So it is grown in advance, for all that the log's limits let in. */
static void the_logs_index_never_has_to_grow_whatever_is_committed(void **state)
{
    static char data[8 * 4096];
    struct world world;
    struct change draft = {.type = CHANGE_CREATED,
                           .kind = KIND_DOCUMENT,
                           .data = {data, sizeof data}};
    (void)state;
    memset(data, 'x', sizeof data);
    world_init(&world, 1);
    assert_int_equal(open_in(world.scratch.path, "fault", &world.store), OK);
    fault_vfs_plan(world.vfs, &(struct fault_plan){.fault = FAULT_INDEX,
                                                   .code = SQLITE_IOERR_SHMSIZE,
                                                   .for_good = true});
    for (int i = 0; i < 2 * INDEX_REGION / 8; i++) { /* nobody tidies */
        draft.id = draft.seq = store_seq(world.store) + 1;
        struct change *change = change_new(&draft);
        assert_int_equal(store_commit(world.store, &change, 1), OK);
        change_unref(change);
        assert_true(metric_get(&world.store->metrics.wal_bytes) <= (LOG_PAGES + 16) * 4096);
    }
    assert_false(fault_vfs_struck(world.vfs));
    assert_true(metric_get(&world.store->metrics.checkpoints) > 2);
    fault_vfs_heal(world.vfs);
    store_close(world.store);
    world.store = NULL;
    world_deinit(&world);
}

/* --- crashes --- */

/* How many changes must be there at `moment`, and how many may. */
static void find_bounds(const struct world *world, size_t moment, uint64_t *least, uint64_t *most)
{
    *least = *most = 0;
    for (size_t i = 0; i < world->commits_count; i++) {
        if (world->commits[i].ended <= moment)
            *least = world->commits[i].seq;
        if (world->commits[i].begun < moment)
            *most = world->commits[i].seq;
    }
}

static void crash_at(struct world *world, size_t moment, enum fault_keep keep, uint64_t seed)
{
    struct scratch scratch;
    uint64_t least, most;
    find_bounds(world, moment, &least, &most);
    struct store *store = open_after_crash(world, moment, keep, seed, &scratch);
    uint64_t seq = store_seq(store);
    assert_true(seq == least || seq == most);
    struct store *model = script_model_at(&world->script, seq);
    script_compare(store, model, world->script.now_ms);
    store_close(model);
    close_after_crash(store, &scratch);
}

static void a_crash_at_any_moment_keeps_exactly_what_was_acknowledged(void **state)
{
    struct world world;
    (void)state;
    world_init(&world, 11);
    assert_int_equal(open_in(world.scratch.path, "fault", &world.store), OK);
    assert_int_equal(run_steps(&world, CRASH_STEPS), OK);
    assert_true(metric_get(&world.store->metrics.checkpoints) > 2);
    assert_true(metric_get(&world.store->metrics.changes_dropped) > 10);
    store_close(world.store);
    world.store = NULL;
    size_t moments = fault_vfs_now(world.vfs);
    print_message("          %zu moments\n", moments);
    for (size_t moment = 0; moment <= moments; moment++) {
        crash_at(&world, moment, KEEP_SYNCED, 0);
        crash_at(&world, moment, KEEP_ALL, 0);
        crash_at(&world, moment, KEEP_SOME, moment);
    }
    world_deinit(&world);
}

/* Somebody reads while the disk syncs, and for that writes what is behind. */
static void what_fails_between_append_and_settle_is_the_end_too(void **state)
{
    struct world world;
    struct change draft = room_draft(NULL);
    (void)state;
    world_init(&world, 3);
    assert_int_equal(open_in(world.scratch.path, "fault", &world.store), OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(commit_some(&world), OK);
    draft.seq = draft.id = store_seq(world.store) + 1;
    struct change *change = change_new(&draft);
    assert_int_equal(store_append(world.store, &change, 1), OK);
    fault_vfs_plan(world.vfs,
                   &(struct fault_plan){FAULT_WRITE, 0, SQLITE_IOERR_WRITE, false, false, 0});
    assert_int_equal(list_some(&world), ERR_UNSURE);
    fault_vfs_heal(world.vfs);
    enum err synced = store_sync(world.store);
    assert_int_equal(store_settle(world.store, synced, &change, 1), ERR_UNSURE);
    change_unref(change);
    store_close(world.store);
    world.store = NULL;
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_at_any_write_refuses_and_keeps_nothing),
        cmocka_unit_test(a_write_that_is_cut_short_by_a_full_disk_keeps_nothing),
        cmocka_unit_test(a_quota_refuses_as_a_full_disk_does),
        cmocka_unit_test(a_failing_write_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_failing_sync_is_the_end_and_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(what_fails_between_append_and_settle_is_the_end_too),
        cmocka_unit_test(after_an_unsure_end_nothing_is_written_not_even_by_closing),
        cmocka_unit_test(the_logs_index_never_has_to_grow_whatever_is_committed),
        cmocka_unit_test(a_crash_at_any_moment_keeps_exactly_what_was_acknowledged),
    };
    struct fault_vfs *free_of_faults = fault_vfs_new("fault-free");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fault_vfs_free(free_of_faults);
    return failed;
}
