/* What store.h promises, asked of every store there is. */
#include "base/mem.h"
#include "fake/fake_store.h"
#include "fake/fault_vfs.h"
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
#include <stdlib.h>

enum { RANDOM_STEPS = 400, RANDOM_SEEDS = 6 };

/* One of the stores; `open` again after a close finds what was committed, if it `lasts`. */
struct maker {
    struct store *(*open)(const char *folder);
    bool lasts;
};

struct room {
    const struct maker *maker;
    struct scratch scratch;
    struct store *store;
};

static struct store *open_sqlite_with(const char *folder, const char *vfs, size_t cache_size_max)
{
    struct why why = {0};
    struct store *store = NULL;
    struct sqlite_options options = {
        .folder = folder,
        .vfs = vfs,
        .cache_size_max = cache_size_max,
        .wal_size_max = 100 * 4096,
        .keep_changes = 50,
        .keep_ms = 20000,
    };
    enum err e = sqlite_open(&store, &options, &why);
    if (e)
        print_message("%s\n", why.text);
    assert_int_equal(e, OK);
    return store;
}

static struct store *open_sqlite(const char *folder)
{
    return open_sqlite_with(folder, NULL, 1 << 20);
}

static struct store *open_fake(const char *folder)
{
    (void)folder;
    return fake_store_new();
}

static struct maker sqlite = {open_sqlite, true};
static struct maker fake = {open_fake, false};

static int set_up(void **state)
{
    struct room *room = mem_zalloc(1, sizeof *room);
    room->maker = *state;
    scratch_init(&room->scratch);
    room->store = room->maker->open(room->scratch.path);
    *state = room;
    return 0;
}

static int tear_down(void **state)
{
    struct room *room = *state;
    store_close(room->store);
    scratch_deinit(&room->scratch);
    free(room);
    return 0;
}

static void reopen(struct room *room)
{
    if (!room->maker->lasts)
        return;
    store_close(room->store);
    room->store = room->maker->open(room->scratch.path);
}

/* --- small words --- */

static void commit(struct store *store, struct change *drafts, size_t count)
{
    struct change *changes[8];
    uint64_t before = store_seq(store);
    for (size_t i = 0; i < count; i++) {
        drafts[i].seq = before + 1 + i;
        if (drafts[i].event == EVENT_CREATED)
            drafts[i].id = drafts[i].seq;
        changes[i] = change_new(&drafts[i]);
    }
    assert_int_equal(store_commit(store, changes, count), OK);
    assert_int_equal(store_seq(store), before + count);
    for (size_t i = 0; i < count; i++)
        change_unref(changes[i]);
}

static struct change draft_new(const char *name)
{
    return (struct change){
        .event = EVENT_CREATED,
        .kind = KIND_DOCUMENT,
        .parent = 7,
        .salt = UINT64_MAX - 5,
        .created_ms = 1000,
        .updated_ms = 1000,
        .name = str_from(name),
        .creator = STR("ann"),
        .author = STR("ann"),
        .data = STR("{\"a\":1}"),
    };
}

/* A live document; its id. */
static uint64_t create(struct store *store, const char *name)
{
    struct change draft = draft_new(name);
    commit(store, &draft, 1);
    return draft.id;
}

static struct change draft_after(const struct change *head, enum event event)
{
    struct change draft = *head;
    draft.event = event;
    draft.prev = head->seq;
    return draft;
}

static struct change *get(struct store *store, uint64_t id)
{
    struct change *head;
    assert_int_equal(store_get(store, id, &head), OK);
    return head;
}

static void follow(struct store *store, uint64_t id, enum event event, const char *data)
{
    struct change *head = get(store, id);
    struct change draft = draft_after(head, event);
    draft.revision++;
    draft.data = str_from(data);
    commit(store, &draft, 1);
    change_unref(head);
}

static void expire_at(struct store *store, uint64_t id, int64_t expires_ms)
{
    struct change *head = get(store, id);
    struct change draft = draft_after(head, EVENT_UPDATED);
    draft.expires_ms = expires_ms;
    commit(store, &draft, 1);
    change_unref(head);
}

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
    struct change *head = get(store, id);
    assert_non_null(head);
    assert_true(str_eq(head->data, str_from(data)));
    change_unref(head);
}

static void assert_gone(struct store *store, uint64_t id)
{
    assert_null(get(store, id));
}

/* The ids of a range's first page, as text. */
static void assert_page(struct store *store, struct store_range range, size_t max, const char *ids)
{
    struct change *heads[8];
    char text[100] = "";
    size_t count, len = 0;
    range.parent = 7;
    range.kind = KIND_DOCUMENT;
    assert_int_equal(store_page(store, &range, heads, max, &count), OK);
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", i ? " " : "",
                                (int)heads[i]->id);
        change_unref(heads[i]);
    }
    assert_string_equal(text, ids);
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

static void tidy_all(struct store *store, int64_t now_ms)
{
    bool more = true;
    for (size_t i = 0; more; i++) {
        assert_true(i < 10000);
        assert_int_equal(store_tidy(store, now_ms, true, &more), OK);
    }
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
    assert_page(store, (struct store_range){0}, 8, "");
    assert_due(store, INT64_MAX, "", INT64_MAX);
    assert_int_equal(store_tail(store, 0, changes, 4, &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_change(store, 1, changes), OK);
    assert_null(changes[0]);
}

static void a_change_comes_back_with_all_its_fields(void **state)
{
    struct room *room = *state;
    struct change draft = draft_new("x\0y");
    draft.name.len = 3;
    draft.revision = 5;
    draft.expires_ms = INT64_MAX;
    draft.creator = STR("");
    draft.author = (struct str){0};
    commit(room->store, &draft, 1);
    for (int i = 0; i < 2; i++, reopen(room)) {
        struct change *head = get(room->store, 1);
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
    uint64_t id = create(room->store, NULL);
    follow(room->store, id, EVENT_UPDATED, "{\"b\":2}");
    assert_data(room->store, id, "{\"b\":2}");
    reopen(room);
    assert_data(room->store, id, "{\"b\":2}");
}

static void changes_of_one_commit_build_on_each_other(void **state)
{
    struct room *room = *state;
    struct change drafts[3] = {draft_new("x")};
    drafts[0].seq = drafts[0].id = 1;
    drafts[1] = draft_after(&drafts[0], EVENT_REMOVED);
    drafts[2] = draft_new("x");
    commit(room->store, drafts, 3);
    for (int i = 0; i < 2; i++, reopen(room)) {
        assert_gone(room->store, 1);
        assert_int_equal(id_named(room->store, "x"), 3);
    }
}

static void a_removed_object_is_gone_and_its_name_free(void **state)
{
    struct room *room = *state;
    for (uint64_t round = 0; round < 5; round++) {
        uint64_t id = create(room->store, "x");
        assert_int_equal(id_named(room->store, "x"), id);
        if (round & 1)
            tidy_all(room->store, 2000);
        follow(room->store, id, round & 2 ? EVENT_EXPIRED : EVENT_REMOVED, "{}");
        assert_gone(room->store, id);
        assert_int_equal(id_named(room->store, "x"), 0);
        assert_page(room->store, (struct store_range){0}, 8, "");
        if (round == 3)
            reopen(room);
    }
}

static void names_are_told_apart_by_parent_kind_and_case(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change drafts[4] = {draft_new("x"), draft_new("x"), draft_new("x"), draft_new("X")};
    drafts[1].parent = 8;
    drafts[2].kind = KIND_SERVICE;
    commit(store, drafts, 4);
    assert_int_equal(id_named(store, "x"), 1);
    assert_int_equal(id_named(store, "X"), 4);
    assert_int_equal(id_named(store, ""), 0);
    tidy_all(store, 2000);
    assert_int_equal(id_named(store, "x"), 1);
}

static void a_page_goes_up_and_down_from_any_place(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    for (int i = 0; i < 6; i++)
        create(store, NULL);
    follow(store, 3, EVENT_REMOVED, "{}");
    assert_page(store, (struct store_range){0}, 3, "1 2 4");
    assert_page(store, (struct store_range){.beyond = 2}, 8, "4 5 6");
    assert_page(store, (struct store_range){.beyond = 3}, 1, "4");
    assert_page(store, (struct store_range){.beyond = 6}, 8, "");
    assert_page(store, (struct store_range){.descending = true}, 3, "6 5 4");
    assert_page(store, (struct store_range){.descending = true, .beyond = 4}, 8, "2 1");
    assert_page(store, (struct store_range){.descending = true, .beyond = 1}, 8, "");
    assert_page(store, (struct store_range){.beyond = UINT64_MAX >> 1}, 8, "");
}

static void a_page_leaves_out_what_has_expired(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    for (int i = 0; i < 5; i++)
        create(store, NULL);
    expire_at(store, 1, 5000);
    expire_at(store, 2, 5001);
    expire_at(store, 4, 4000);
    assert_page(store, (struct store_range){0}, 8, "1 2 3 4 5");
    assert_page(store, (struct store_range){.alive_ms = 5000}, 2, "2 3");
    assert_page(store, (struct store_range){.alive_ms = 5001}, 8, "3 5");
    assert_page(store, (struct store_range){.alive_ms = 5001, .descending = true}, 1, "5");
}

static void due_is_what_has_expired_soonest_first(void **state)
{
    struct room *room = *state;
    for (int i = 0; i < 4; i++)
        create(room->store, NULL);
    expire_at(room->store, 1, 5000);
    expire_at(room->store, 2, 3000);
    expire_at(room->store, 3, 9000);
    for (int i = 0; i < 2; i++, reopen(room)) {
        assert_due(room->store, 2999, "", 3000);
        assert_due(room->store, 3000, "2", 5000);
        assert_due(room->store, 6000, "2 1", 9000);
        assert_due(room->store, 9000, "2 1 3", INT64_MAX);
    }
    expire_at(room->store, 2, 7000);
    expire_at(room->store, 3, 0);
    follow(room->store, 1, EVENT_EXPIRED, "{}");
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
        create(store, NULL);
        expire_at(store, store_seq(store), 1000 + (int64_t)id);
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
    uint64_t id = create(room->store, NULL);
    create(room->store, NULL);
    follow(room->store, id, EVENT_UPDATED, "{}");
    for (int i = 0; i < 2; i++, reopen(room)) {
        struct change *head = get(room->store, id);
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
    uint64_t id = create(room->store, NULL);
    follow(room->store, id, EVENT_REMOVED, "{}");
    for (int64_t i = 1; i < 4; i++)
        tidy_all(room->store, 1000000000 * i);
    reopen(room);
    assert_int_equal(store_seq(room->store), 2);
    assert_int_equal(create(room->store, NULL), 3);
}

static void a_store_closed_at_once_remembers(void **state)
{
    struct room *room = *state;
    for (int i = 0; i < 600; i++)
        create(room->store, NULL);
    reopen(room);
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
    room->store = open_sqlite_with(room->scratch.path, NULL, 65536);
    for (int i = 0; i < 300; i++)
        create(room->store, NULL);
    assert_int_equal(store_tidy(room->store, 1000, false, &more), OK);
    assert_true(metric_get(&room->store->metrics.cache_bytes) <= 65536);
    for (int i = 0; more; i++) {
        assert_true(i < 100);
        assert_int_equal(store_tidy(room->store, 1000, false, &more), OK);
    }
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
        open_sqlite_with(life->scratch.path, life->vfs, sizes[script_random(&life->script, 3)]);
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
    struct change draft = draft_new(NULL);
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

#define ON(maker, test)                                                                            \
    {                                                                                              \
#test " (" #maker ")", test, set_up, tear_down, &(maker)                                   \
    }
#define BOTH(test) ON(sqlite, test), ON(fake, test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_new_store_is_empty),
        BOTH(a_change_comes_back_with_all_its_fields),
        BOTH(the_last_change_is_the_head),
        BOTH(changes_of_one_commit_build_on_each_other),
        BOTH(a_removed_object_is_gone_and_its_name_free),
        BOTH(names_are_told_apart_by_parent_kind_and_case),
        BOTH(a_page_goes_up_and_down_from_any_place),
        BOTH(a_page_leaves_out_what_has_expired),
        BOTH(due_is_what_has_expired_soonest_first),
        BOTH(due_takes_no_more_than_asked_and_says_that_there_is_more),
        BOTH(an_object_can_be_followed_back_and_the_whole_forward),
        BOTH(seqs_go_on_when_all_changes_are_gone),
        BOTH(a_store_closed_at_once_remembers),
        ON(sqlite, what_is_dirty_stays_bounded_though_it_is_never_idle),
        cmocka_unit_test(a_random_life_is_that_of_the_model),
        ON(fake, the_fake_fails_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
