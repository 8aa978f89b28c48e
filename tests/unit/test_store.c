/* What store.h promises, asked of every store there is. */
#include "fake/fake_store.h"
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

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { RANDOM_STEPS = 400, RANDOM_SEEDS = 6 };

/* --- small words --- */

static uint64_t id_named(struct store *store, const char *name)
{
    struct change *head;
    assert_int_equal(store_find(store, 7, KIND_DOCUMENT, str_from(name), &head), OK);
    uint64_t id = head ? head->id : 0;
    change_unref(head);
    return id;
}

static void assert_data(struct store *store, uint64_t id, const char *data)
{
    struct change *head = room_get(store, id);
    assert_non_null(head);
    assert_true(str_eq(head->data, str_from(data)));
    change_unref(head);
}

static void assert_gone(struct store *store, uint64_t id)
{
    assert_null(room_get(store, id));
}

static void assert_due(struct store *store, int64_t now_ms, const char *ids, int64_t next_ms)
{
    struct change *heads[8];
    char text[100] = "";
    size_t count, len = 0;
    int64_t next;
    assert_int_equal(store_due(store, now_ms, heads, 8, &count, &next), OK);
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", i ? " " : "",
                                (int)heads[i]->id);
        change_unref(heads[i]);
    }
    assert_string_equal(text, ids);
    assert_int_equal(next, next_ms);
}

/* --- the promises --- */

static void a_new_store_is_empty(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change *changes[4];
    size_t count;
    assert_int_equal(store_seq(store), 0);
    assert_gone(store, 1);
    assert_int_equal(id_named(store, "x"), 0);
    room_assert_page(store, (struct store_range){0}, 8, "");
    assert_due(store, INT64_MAX, "", INT64_MAX);
    assert_int_equal(store_tail(store, 0, changes, 4, &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_change(store, 1, changes), OK);
    assert_null(changes[0]);
}

static void a_change_comes_back_with_all_its_fields(void **state)
{
    struct room *room = *state;
    struct change draft = room_draft("x\0y");
    draft.name.len = 3;
    draft.revision = 5;
    draft.expires_ms = INT64_MAX;
    draft.creator = STR("");
    draft.author = (struct str){0};
    room_commit(room->store, &draft, 1);
    for (int i = 0; i < 2; i++, room_reopen(room)) {
        struct change *head = room_get(room->store, 1);
        assert_int_equal(head->salt, UINT64_MAX - 5);
        assert_int_equal(head->revision, 5);
        assert_int_equal(head->expires_ms, INT64_MAX);
        assert_true(str_eq(head->name, (struct str){"x\0y", 3}));
        assert_true(head->creator.ptr && !head->creator.len);
        assert_null(head->author.ptr);
        change_unref(head);
    }
}

static void the_last_change_is_the_head(void **state)
{
    struct room *room = *state;
    uint64_t id = room_create(room->store, NULL);
    room_follow(room->store, id, CHANGE_UPDATED, "{\"b\":2}");
    assert_data(room->store, id, "{\"b\":2}");
    room_reopen(room);
    assert_data(room->store, id, "{\"b\":2}");
}

static void changes_of_one_commit_build_on_each_other(void **state)
{
    struct room *room = *state;
    struct change drafts[3] = {room_draft("x")};
    drafts[0].seq = drafts[0].id = 1;
    drafts[1] = room_draft_after(&drafts[0], CHANGE_REMOVED);
    drafts[2] = room_draft("x");
    room_commit(room->store, drafts, 3);
    for (int i = 0; i < 2; i++, room_reopen(room)) {
        assert_gone(room->store, 1);
        assert_int_equal(id_named(room->store, "x"), 3);
    }
}

static void a_removed_object_is_gone_and_its_name_free(void **state)
{
    struct room *room = *state;
    for (uint64_t round = 0; round < 5; round++) {
        uint64_t id = room_create(room->store, "x");
        assert_int_equal(id_named(room->store, "x"), id);
        if (round & 1)
            room_tidy(room->store, 2000);
        room_follow(room->store, id, round & 2 ? CHANGE_EXPIRED : CHANGE_REMOVED, "{}");
        assert_gone(room->store, id);
        assert_int_equal(id_named(room->store, "x"), 0);
        room_assert_page(room->store, (struct store_range){0}, 8, "");
        if (round == 3)
            room_reopen(room);
    }
}

static void names_are_told_apart_by_parent_kind_and_case(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change drafts[4] = {room_draft("x"), room_draft("x"), room_draft("x"), room_draft("X")};
    drafts[1].parent = 8;
    drafts[2].kind = KIND_SERVICE;
    room_commit(store, drafts, 4);
    assert_int_equal(id_named(store, "x"), 1);
    assert_int_equal(id_named(store, "X"), 4);
    assert_int_equal(id_named(store, ""), 0);
    room_tidy(store, 2000);
    assert_int_equal(id_named(store, "x"), 1);
}

static void due_is_what_has_expired_soonest_first(void **state)
{
    struct room *room = *state;
    for (int i = 0; i < 4; i++)
        room_create(room->store, NULL);
    room_expire_at(room->store, 1, 5000);
    room_expire_at(room->store, 2, 3000);
    room_expire_at(room->store, 3, 9000);
    for (int i = 0; i < 2; i++, room_reopen(room)) {
        assert_due(room->store, 2999, "", 3000);
        assert_due(room->store, 3000, "2", 5000);
        assert_due(room->store, 6000, "2 1", 9000);
        assert_due(room->store, 9000, "2 1 3", INT64_MAX);
    }
    room_expire_at(room->store, 2, 7000);
    room_expire_at(room->store, 3, 0);
    room_follow(room->store, 1, CHANGE_EXPIRED, "{}");
    assert_due(room->store, 6000, "", 7000);
    assert_due(room->store, 9000, "2", INT64_MAX);
}

static void due_takes_no_more_than_asked_and_says_that_there_is_more(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change *heads[2];
    size_t count;
    int64_t next_ms;
    for (uint64_t id = 1; id <= 3; id++) {
        room_create(store, NULL);
        room_expire_at(store, store_seq(store), 1000 + (int64_t)id);
    }
    assert_int_equal(store_due(store, 5000, heads, 2, &count, &next_ms), OK);
    assert_int_equal(count, 2);
    assert_int_equal(heads[0]->id, 1);
    assert_int_equal(heads[1]->id, 3);
    assert_true(next_ms <= 5000);
    change_unref(heads[0]);
    change_unref(heads[1]);
}

static void an_object_can_be_followed_back_and_the_whole_forward(void **state)
{
    struct room *room = *state;
    struct change *changes[3], *before;
    size_t count;
    uint64_t id = room_create(room->store, NULL);
    room_create(room->store, NULL);
    room_follow(room->store, id, CHANGE_UPDATED, "{}");
    for (int i = 0; i < 2; i++, room_reopen(room)) {
        struct change *head = room_get(room->store, id);
        assert_int_equal(store_change(room->store, head->prev, &before), OK);
        assert_int_equal(before->seq, 1);
        change_unref(before);
        change_unref(head);
        assert_int_equal(store_tail(room->store, 1, changes, 3, &count), OK);
        assert_int_equal(count, 2);
        assert_int_equal(changes[0]->seq, 2);
        assert_int_equal(changes[1]->seq, 3);
        change_unref(changes[0]);
        change_unref(changes[1]);
        assert_int_equal(store_tail(room->store, 0, changes, 1, &count), OK);
        assert_int_equal(count, 1);
        change_unref(changes[0]);
    }
}

static void seqs_go_on_when_all_changes_are_gone(void **state)
{
    struct room *room = *state;
    uint64_t id = room_create(room->store, NULL);
    room_follow(room->store, id, CHANGE_REMOVED, "{}");
    for (int64_t i = 1; i < 4; i++)
        room_tidy(room->store, 1000000000 * i);
    room_reopen(room);
    assert_int_equal(store_seq(room->store), 2);
    assert_int_equal(room_create(room->store, NULL), 3);
}

static void a_store_closed_at_once_remembers(void **state)
{
    struct room *room = *state;
    for (int i = 0; i < 600; i++)
        room_create(room->store, NULL);
    room_reopen(room);
    assert_int_equal(store_seq(room->store), 600);
    for (uint64_t id = 1; id <= 600; id++)
        assert_data(room->store, id, "{\"a\":1}");
}

/* --- what only SQLite does --- */

static void what_is_dirty_stays_bounded_though_it_is_never_idle(void **state)
{
    struct room *room = *state;
    bool more = true;
    store_close(room->store);
    room->store = room_open_sqlite(room->scratch.path, NULL, 65536);
    for (int i = 0; i < 300; i++)
        room_create(room->store, NULL);
    assert_int_equal(store_tidy(room->store, 1000, false, &more), OK);
    assert_true(metric_get(&room->store->metrics.cache_bytes) <= 65536);
    for (int i = 0; more; i++) {
        assert_true(i < 100);
        assert_int_equal(store_tidy(room->store, 1000, false, &more), OK);
    }
}

static void assert_private(const struct scratch *scratch, const char *name)
{
    char path[2 * SCRATCH_PATH_MAX];
    struct stat file;
    scratch_file(scratch, name, path, sizeof path);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
}

static void its_files_are_for_their_owner_alone_whatever_the_umask(void **state)
{
    struct scratch scratch;
    (void)state;
    scratch_init(&scratch);
    mode_t before = umask(0);
    scratch_write(&scratch, "tutti.db", "");
    scratch_write(&scratch, "tutti.db-wal", "");
    struct store *store = room_open_sqlite(scratch.path, NULL, 65536);
    room_create(store, "x");
    assert_private(&scratch, "tutti.db");
    assert_private(&scratch, "tutti.db-wal");
    assert_private(&scratch, "tutti.db-shm");
    store_close(store);
    umask(before);
    scratch_deinit(&scratch);
}

/* --- histories --- */

static struct store *open_at(const struct scratch *scratch, int64_t now_us)
{
    struct why why = {0};
    struct store *store = NULL;
    struct sqlite_options options = {.folder = scratch->path,
                                     .cache_size_max = 1 << 20,
                                     .wal_size_max = 100 * 4096,
                                     .keep_changes = 4,
                                     .keep_ms = (int64_t)1 << 50,
                                     .now_us = now_us,
                                     .random = UINT64_MAX / 3};
    if (sqlite_open(&store, &options, &why) != OK)
        fail_msg("%s", why.text);
    return store;
}

static void copy_database(const struct scratch *from, const struct scratch *to)
{
    char command[5 * SCRATCH_PATH_MAX];
    snprintf(command, sizeof command, "cp %s/tutti.db %s/tutti.db", from->path, to->path);
    assert_int_equal(system(command), 0);
}

static void a_history_that_was_restored_does_not_know_what_came_after_the_backup(void **state)
{
    struct scratch folder, backup;
    (void)state;
    scratch_init(&folder);
    scratch_init(&backup);
    struct store *store = open_at(&folder, 1000);
    uint64_t kept = room_create(store, "a");
    store_close(store);
    copy_database(&folder, &backup);
    store = open_at(&folder, 50000);
    uint64_t lost = room_create(store, "b");
    assert_true(store_knows(store, kept) && store_knows(store, lost));
    store_close(store);
    store = open_at(&backup, 90000);
    assert_true(store_knows(store, kept) && !store_knows(store, lost));
    assert_int_equal(room_create(store, "c"), 90000);
    assert_true(store_knows(store, 90000) && !store_knows(store, lost));
    store_close(store);
    store = open_at(&backup, 200); /* the clock was set back */
    assert_true(room_create(store, "d") > 90000 + UINT32_MAX);
    store_close(store);
    scratch_deinit(&folder);
    scratch_deinit(&backup);
}

static void openings_cost_no_history_and_leave_no_trace(void **state)
{
    struct scratch folder;
    (void)state;
    scratch_init(&folder);
    struct store *store = open_at(&folder, 1000);
    uint64_t id = room_create(store, "a");
    for (int i = 0; i < 3; i++)
        room_follow(store, id, CHANGE_UPDATED, "1");
    for (int64_t i = 2; i < 6; i++) {
        store_close(store);
        store = open_at(&folder, i * 1000000);
        room_tidy(store, 1000000000 * i);
        assert_true(store_knows(store, 1003) && !store_knows(store, 1004));
        struct change *first;
        assert_int_equal(store_change(store, id, &first), OK);
        assert_non_null(first);
        change_unref(first);
    }
    room_follow(store, id, CHANGE_UPDATED, "2");
    struct change *head = room_get(store, id);
    assert_int_equal(head->seq, 5000000);
    assert_int_equal(head->prev, 1003);
    change_unref(head);
    store_close(store);
    store = open_at(&folder, 6000000);
    assert_data(store, id, "2");
    store_close(store);
    scratch_deinit(&folder);
}

/* Though it was read before. */
static void what_is_not_kept_any_more_is_not_found(void **state)
{
    enum { CHANGES = 200 };
    struct scratch folder;
    struct change *change;
    (void)state;
    scratch_init(&folder);
    struct store *store = open_at(&folder, 1000);
    uint64_t id = room_create(store, "a");
    for (int i = 0; i < CHANGES; i++)
        room_follow(store, id, CHANGE_UPDATED, "1");
    assert_int_equal(store_change(store, id, &change), OK);
    assert_non_null(change);
    change_unref(change);
    room_tidy(store, (int64_t)1 << 60);
    assert_int_equal(store_change(store, id, &change), OK);
    assert_null(change);
    store_close(store);
    scratch_deinit(&folder);
}

/* --- much that is behind --- */

enum { BEHIND = 20000, COMMIT = 32, LOG_PAGES = 256, BITE_PAGES = 512, TURN_HEADS = 1024 };

static struct store *open_with_short_log(const char *folder, const char *vfs)
{
    struct why why = {0};
    struct store *store = NULL;
    struct sqlite_options options = {.folder = folder,
                                     .vfs = vfs,
                                     .cache_size_max = 64 << 20,
                                     .wal_size_max = LOG_PAGES * 4096,
                                     .keep_changes = 1000000,
                                     .keep_ms = 1000000};
    if (sqlite_open(&store, &options, &why) != OK)
        fail_msg("%s", why.text);
    return store;
}

/* Objects whose names lie all over the index. */
static void create_many(struct store *store)
{
    static char names[COMMIT][16];
    struct change drafts[COMMIT];
    for (unsigned i = 0; i < BEHIND; i++) {
        snprintf(names[i % COMMIT], sizeof names[0], "%08x", (i + 1) * 2654435761u);
        drafts[i % COMMIT] = room_draft(names[i % COMMIT]);
        if ((i + 1) % COMMIT == 0)
            room_commit(store, drafts, COMMIT);
    }
}

static void assert_log_is_short(const struct scratch *scratch)
{
    char path[2 * SCRATCH_PATH_MAX];
    struct stat log = {0};
    scratch_file(scratch, "tutti.db-wal", path, sizeof path);
    assert_int_equal(stat(path, &log), 0);
    assert_in_range(log.st_size, 0, (LOG_PAGES + BITE_PAGES) * 4096);
}

/* Stopped when nothing was written behind. */
static void after_a_crash_the_log_keeps_its_limit_and_tidying_is_done_in_bites(void **state)
{
    struct scratch before, after;
    struct fault_vfs *vfs = fault_vfs_new("behind");
    bool more = true;
    (void)state;
    scratch_init(&before);
    scratch_init(&after);
    struct store *store = open_with_short_log(before.path, "behind");
    create_many(store);
    fault_vfs_crash(vfs, fault_vfs_now(vfs), KEEP_ALL, 0, after.path);
    store_close(store);
    store = open_with_short_log(after.path, NULL);
    assert_log_is_short(&after);
    while (more || store_is_pressed(store)) {
        uint64_t written = metric_get(&store->metrics.heads_written);
        store_await(store, more ? 0 : 1);
        assert_int_equal(store_tidy(store, 1000, true, &more), OK);
        assert_in_range(metric_get(&store->metrics.heads_written) - written, 0, TURN_HEADS);
        assert_log_is_short(&after);
    }
    assert_int_equal(metric_get(&store->metrics.heads_dirty), 0);
    assert_int_equal(metric_get(&store->metrics.heads_written), BEHIND);
    store_close(store);
    fault_vfs_free(vfs);
    scratch_deinit(&before);
    scratch_deinit(&after);
}

/* --- a random life --- */

struct life {
    struct scratch scratch;
    struct store *store;
    struct script script;
    const char *vfs;
    uint64_t dropped;
};

/* Eviction needs data that does not fit; the script's does not, into this. */
static void life_open(struct life *life)
{
    static const size_t sizes[] = {0, 20000, 1 << 20};
    life->store =
        room_open_sqlite(life->scratch.path, life->vfs, sizes[script_random(&life->script, 3)]);
}

static void life_close(struct life *life)
{
    life->dropped += metric_get(&life->store->metrics.changes_dropped);
    store_close(life->store);
}

static void commit_some(struct life *life)
{
    struct change *changes[40];
    struct script *script = &life->script;
    script->now_ms += (int64_t)script_random(script, 100);
    size_t count = script_draft(script, changes, 40);
    assert_int_equal(store_commit(life->store, changes, count), OK);
    script_accept(script, changes, count);
}

static void live_on(struct life *life)
{
    struct script *script = &life->script;
    bool more;
    commit_some(life);
    for (uint64_t i = script_random(script, 3); i; i--)
        assert_int_equal(store_tidy(life->store, script->now_ms, script_random(script, 3) == 0,
                                    &more),
                         OK);
    for (uint64_t i = script_random(script, 3); i; i--)
        script_compare_page(script, life->store);
    if (script_random(script, 30) == 0) {
        life_close(life);
        life_open(life);
    }
    if (script_random(script, 40) == 0)
        script_compare(life->store, script->model, script->now_ms);
}

static void live(uint64_t seed)
{
    struct life life = {.vfs = "quick"};
    struct fault_vfs *vfs = fault_vfs_new(life.vfs);
    print_message("           seed %d\n", (int)seed);
    scratch_init(&life.scratch);
    script_init(&life.script, seed);
    life_open(&life);
    for (int i = 0; i < RANDOM_STEPS; i++)
        live_on(&life);
    script_compare(life.store, life.script.model, life.script.now_ms);
    life_close(&life);
    assert_true(life.dropped > 1000);
    script_deinit(&life.script);
    scratch_deinit(&life.scratch);
    fault_vfs_free(vfs);
}

static void a_random_life_is_that_of_the_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RANDOM_SEEDS; seed++)
        live(seed);
}

/* --- what only the fake does --- */

static void the_fake_fails_when_told(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change draft = room_draft(NULL);
    struct change *change, *none;
    bool more;
    draft.seq = draft.id = 1;
    change = change_new(&draft);
    fake_store_fail_next(store, ERR_STORE);
    assert_int_equal(store_commit(store, &change, 1), ERR_STORE);
    assert_int_equal(store_seq(store), 0);
    fake_store_fail_after(store, 1, ERR_UNSURE);
    assert_int_equal(store_commit(store, &change, 1), OK);
    assert_int_equal(store_commit(store, &change, 1), ERR_UNSURE);
    assert_int_equal(store_seq(store), 1);
    assert_int_equal(store_commit(store, &change, 1), ERR_UNSURE);
    assert_int_equal(store_get(store, 1, &none), ERR_UNSURE);
    assert_int_equal(store_tidy(store, 0, true, &more), ERR_UNSURE);
    change_unref(change);
}

/* --- a database that is damaged, or was copied while it was written --- */

static void run_outside(const char *folder, const char *text)
{
    char path[1000], *message = NULL;
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/tutti.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
}

/* What a crash leaves: the files as they are. */
static void copy_files(const struct room *room, struct scratch *to)
{
    static const char *const names[] = {"tutti.db", "tutti.db-wal"};
    scratch_init(to);
    for (size_t i = 0; i < 2; i++) {
        char from[1000], copy[1000];
        static char bytes[1 << 16];
        snprintf(from, sizeof from, "%s/%s", room->scratch.path, names[i]);
        snprintf(copy, sizeof copy, "%s/%s", to->path, names[i]);
        FILE *in = fopen(from, "r"), *out = fopen(copy, "w");
        for (size_t got; (got = fread(bytes, 1, sizeof bytes, in));)
            assert_int_equal(fwrite(bytes, 1, got, out), got);
        fclose(in);
        fclose(out);
    }
}

static void assert_does_not_open(const char *folder, const char *part)
{
    struct why why = {0};
    struct store *store = NULL;
    struct sqlite_options options = {.folder = folder,
                                     .cache_size_max = 1 << 20,
                                     .wal_size_max = 400 * 4096,
                                     .keep_changes = 50,
                                     .keep_ms = 1000};
    assert_int_equal(sqlite_open(&store, &options, &why), ERR_CONFIG);
    if (!strstr(why.text, part))
        fail_msg("expected %s in: %s", part, why.text);
}

static void what_is_not_settled_is_not_read(void **state)
{
    struct room *room = *state;
    room_create(room->store, "x");
    struct change draft = room_draft("y"), *got[8], *one;
    draft.seq = draft.id = store_seq(room->store) + 1;
    struct change *change = change_new(&draft);
    size_t count = 0;
    assert_int_equal(store_append(room->store, &change, 1), OK);
    assert_int_equal(store_tail(room->store, 0, got, 8, &count), OK);
    assert_int_equal(count, 1);
    change_unref(got[0]);
    assert_int_equal(store_change(room->store, draft.seq, &one), OK);
    assert_null(one);
    assert_int_equal(store_settle(room->store, store_sync(room->store), &change, 1), OK);
    change_unref(change);
}

static void a_broken_chunk_is_told_of_when_the_database_is_opened(void **state)
{
    struct room *room = *state;
    struct scratch copy;
    room_create(room->store, "x1");
    copy_files(room, &copy);
    run_outside(copy.path, "UPDATE chunk SET changes = '[' || changes");
    assert_does_not_open(copy.path, "damaged");
    scratch_deinit(&copy);
}

static void an_object_whose_name_changes_is_a_damage(void **state)
{
    struct room *room = *state;
    struct scratch copy;
    uint64_t id = room_create(room->store, "x1");
    room_follow(room->store, id, CHANGE_UPDATED, "{\"b\":2}");
    copy_files(room, &copy);
    run_outside(copy.path, "UPDATE chunk SET changes = replace(changes, '\"x1\"', '\"y1\"') "
                           "WHERE last = (SELECT max(last) FROM chunk)");
    assert_does_not_open(copy.path, "damaged");
    scratch_deinit(&copy);
}

static void without_its_progress_a_database_is_damaged(void **state)
{
    struct room *room = *state;
    struct scratch copy;
    room_create(room->store, "x1");
    copy_files(room, &copy);
    run_outside(copy.path, "DELETE FROM progress");
    assert_does_not_open(copy.path, "damaged");
    scratch_deinit(&copy);
}

static uint64_t count_chunks(const struct room *room)
{
    char path[1000];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    snprintf(path, sizeof path, "%s/tutti.db", room->scratch.path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT count(*) FROM chunk", -1, &stmt, NULL);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    uint64_t count = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return count;
}

static void a_broken_chunk_does_not_keep_the_younger_ones(void **state)
{
    enum { MANY = 3000 };
    struct room *room = *state;
    uint64_t id = room_create(room->store, "x1");
    room_follow(room->store, id, CHANGE_UPDATED, "{}");
    room_tidy(room->store, 2000);
    store_close(room->store);
    run_outside(room->scratch.path, "UPDATE chunk SET changes = '[' || changes WHERE last = 1");
    room->store = room_open_sqlite(room->scratch.path, NULL, 1 << 20);
    for (int i = 0; i < MANY; i++) {
        bool more;
        room_follow(room->store, id, CHANGE_UPDATED, "{\"c\":1}");
        assert_int_equal(store_tidy(room->store, 1000000 + i * 100, true, &more), OK);
    }
    assert_in_range(count_chunks(room), 1, MANY / 2);
}

/* The index of names cannot be written any more. */
static void commits_are_refused_while_heads_cannot_be_written(void **state)
{
    enum { MANY = 400, BATCH = 32 };
    struct room *room = *state;
    room_create(room->store, "first");
    run_outside(room->scratch.path,
                "CREATE TRIGGER t BEFORE INSERT ON object BEGIN SELECT raise(FAIL, 'no'); END");
    size_t refused = 0;
    for (int i = 0; i < MANY; i++) {
        char names[BATCH][32];
        struct change drafts[BATCH], *changes[BATCH];
        bool more;
        for (unsigned k = 0; k < BATCH; k++) {
            snprintf(names[k], sizeof names[k], "n%d-%u", i, k);
            drafts[k] = room_draft(names[k]);
            drafts[k].seq = drafts[k].id = store_seq(room->store) + 1 + k;
            changes[k] = change_new(&drafts[k]);
        }
        enum err e = store_append(room->store, changes, BATCH);
        assert_true(e == OK || e == ERR_STORE);
        refused += e != OK;
        if (!e)
            assert_int_equal(store_settle(room->store, OK, changes, BATCH), OK);
        for (unsigned k = 0; k < BATCH; k++)
            change_unref(changes[k]);
        assert_true(store_tidy(room->store, 1000 + i, true, &more) != ERR_UNSURE);
    }
    assert_true(refused > MANY / 2);
    run_outside(room->scratch.path, "DROP TRIGGER t");
    room_tidy(room->store, 5000);
    room_create(room->store, "last");
}

/* A name that one object had and another one has since: the second is in the table before the
 * crash, the first one's end is not. */
static void a_name_that_changed_hands_before_a_crash_holds_up_nothing(void **state)
{
    enum { MANY = 640, BATCH = 32 };
    struct room *room = *state;
    struct scratch copy;
    struct change *heads[8];
    size_t count;
    uint64_t other = room_create(room->store, NULL), first = room_create(room->store, "x");
    room_tidy(room->store, 2000);
    room_follow(room->store, other, CHANGE_UPDATED, "{\"c\":1}");
    room_follow(room->store, first, CHANGE_UPDATED, "{\"a\":2}");
    for (int i = 0; i < MANY; i++) {
        struct change drafts[BATCH];
        for (int k = 0; k < BATCH; k++) {
            drafts[k] = room_draft(NULL);
            drafts[k].kind = KIND_SERVICE;
        }
        room_commit(room->store, drafts, BATCH);
    }
    room_follow(room->store, first, CHANGE_REMOVED, "{}");
    uint64_t second = room_create(room->store, "x");
    struct store_range range = {.parent = 7, .kind = KIND_DOCUMENT};
    assert_int_equal(store_page(room->store, &range, heads, 8, &count), OK);
    while (count)
        change_unref(heads[--count]);
    copy_files(room, &copy);
    struct store *store = room_open_sqlite(copy.path, NULL, 1 << 20);
    struct change draft = room_draft(NULL);
    room_commit(store, &draft, 1);
    assert_in_range(metric_get(&store->metrics.heads_dirty), 0, 8192);
    assert_int_equal(id_named(store, "x"), second);
    assert_gone(store, first);
    store_close(store);
    scratch_deinit(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_BOTH(a_new_store_is_empty),
        ROOM_BOTH(a_change_comes_back_with_all_its_fields),
        ROOM_BOTH(the_last_change_is_the_head),
        ROOM_BOTH(changes_of_one_commit_build_on_each_other),
        ROOM_BOTH(a_removed_object_is_gone_and_its_name_free),
        ROOM_BOTH(names_are_told_apart_by_parent_kind_and_case),
        ROOM_BOTH(due_is_what_has_expired_soonest_first),
        ROOM_BOTH(due_takes_no_more_than_asked_and_says_that_there_is_more),
        ROOM_BOTH(an_object_can_be_followed_back_and_the_whole_forward),
        ROOM_BOTH(seqs_go_on_when_all_changes_are_gone),
        ROOM_BOTH(a_store_closed_at_once_remembers),
        ROOM_ON(sqlite, what_is_not_settled_is_not_read),
        ROOM_ON(sqlite, a_broken_chunk_is_told_of_when_the_database_is_opened),
        ROOM_ON(sqlite, an_object_whose_name_changes_is_a_damage),
        ROOM_ON(sqlite, without_its_progress_a_database_is_damaged),
        ROOM_ON(sqlite, a_broken_chunk_does_not_keep_the_younger_ones),
        ROOM_ON(sqlite, commits_are_refused_while_heads_cannot_be_written),
        ROOM_ON(sqlite, a_name_that_changed_hands_before_a_crash_holds_up_nothing),
        ROOM_ON(sqlite, what_is_dirty_stays_bounded_though_it_is_never_idle),
        cmocka_unit_test(its_files_are_for_their_owner_alone_whatever_the_umask),
        cmocka_unit_test(a_history_that_was_restored_does_not_know_what_came_after_the_backup),
        cmocka_unit_test(openings_cost_no_history_and_leave_no_trace),
        cmocka_unit_test(what_is_not_kept_any_more_is_not_found),
        cmocka_unit_test(after_a_crash_the_log_keeps_its_limit_and_tidying_is_done_in_bites),
        cmocka_unit_test(a_random_life_is_that_of_the_model),
        ROOM_ON(fake, the_fake_fails_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
