#include "sync/batch.h"

#include "sim/desk.h"
#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_creation_is_numbered_salted_and_dated(void **state)
{
    struct desk *desk = *state;
    uint64_t seq = store_seq(&desk->sim.store);
    struct change *one = desk_create(desk, STR("x"), 0), *two = desk_create(desk, STR("y"), 0);
    assert_int_equal(one->seq, seq + 1);
    assert_int_equal(one->id, seq + 1);
    assert_int_equal(two->seq, seq + 2);
    assert_int_equal(one->prev, 0);
    assert_int_equal(one->revision, 0);
    assert_int_equal(one->type, CHANGE_CREATED);
    assert_int_equal(one->salt, 0xabababababababab);
    assert_int_equal(one->created_ms, desk->sim.now_ms);
    assert_int_equal(one->updated_ms, desk->sim.now_ms);
}

static void a_further_change_follows_the_pending_one(void **state)
{
    struct desk *desk = *state;
    struct change *created = desk_create(desk, STR("x"), 0);
    desk->batch.now_ms += 5;
    struct change *updated = desk_alter(desk, created, CHANGE_UPDATED);
    assert_int_equal(updated->prev, created->seq);
    assert_int_equal(updated->seq, created->seq + 1);
    assert_int_equal(updated->id, created->id);
    assert_int_equal(updated->updated_ms, created->updated_ms + 5);
    assert_int_equal(updated->created_ms, created->created_ms);
    assert_true(str_eq(updated->author, STR("author")));
    assert_int_equal(desk_find(desk, STR("x")), 1);
    assert_int_equal(desk_get(desk, created->id), 1);
}

static void what_is_pending_stands_before_what_is_committed(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(desk_create(desk, STR("x"), 0));
    desk_commit(desk);
    desk_alter(desk, kept, CHANGE_UPDATED);
    assert_int_equal(desk_find(desk, STR("x")), 1);
    assert_int_equal(desk_get(desk, kept->id), 1);
    batch_start(&desk->batch, desk->sim.now_ms);
    assert_int_equal(desk_find(desk, STR("x")), 0);
    assert_int_equal(desk_get(desk, kept->id), 0);
    change_unref(kept);
}

static void a_pending_removal_hides_what_is_committed(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(desk_create(desk, STR("x"), 0));
    desk_commit(desk);
    desk_alter(desk, kept, CHANGE_REMOVED);
    assert_int_equal(desk_find(desk, STR("x")), -1);
    assert_int_equal(desk_get(desk, kept->id), -1);
    struct change *next = desk_create(desk, STR("x"), 0);
    assert_int_equal(desk_find(desk, STR("x")), 0);
    assert_int_equal(desk_get(desk, next->id), 0);
    assert_int_equal(desk_get(desk, kept->id), -1);
    desk_alter(desk, next, CHANGE_REMOVED);
    assert_int_equal(desk_find(desk, STR("x")), -1);
    desk_commit(desk);
    assert_int_equal(desk_find(desk, STR("x")), -1);
    change_unref(kept);
}

static void names_are_told_apart_by_parent_and_kind(void **state)
{
    struct desk *desk = *state;
    struct change *head;
    desk_create(desk, STR("x"), 0);
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(batch_find(&desk->batch, DESK_PARENT + 1, KIND_DOCUMENT, STR("x"), &head),
                         OK);
        assert_null(head);
        assert_int_equal(batch_find(&desk->batch, DESK_PARENT, KIND_KEY, STR("x"), &head), OK);
        assert_null(head);
        assert_int_equal(desk_find(desk, STR("x")), 0);
        if (!committed)
            desk_commit(desk);
    }
}

static void touched_tells_whether_something_uncommitted_was_seen(void **state)
{
    struct desk *desk = *state;
    uint64_t id = desk_create(desk, STR("x"), 0)->id;
    desk_commit(desk);
    assert_false(desk->batch.pending.touched);
    assert_int_equal(desk_find(desk, STR("x")), 0);
    assert_int_equal(desk_get(desk, id), 0);
    assert_int_equal(desk_find(desk, STR("y")), -1);
    assert_false(desk->batch.pending.touched);
    desk_create(desk, STR("y"), 0);
    assert_true(desk->batch.pending.touched);
    desk->batch.pending.touched = false;
    assert_int_equal(desk_find(desk, STR("x")), 0);
    assert_false(desk->batch.pending.touched);
    assert_int_equal(desk_find(desk, STR("y")), 0);
    assert_true(desk->batch.pending.touched);
}

static void expired_objects_are_not_found_pending_or_committed(void **state)
{
    struct desk *desk = *state;
    uint64_t id = desk_create(desk, STR("x"), desk->sim.now_ms + 10)->id;
    for (int committed = 0; committed < 2; committed++) {
        desk->batch.now_ms = desk->sim.now_ms + 9;
        assert_int_equal(desk_find(desk, STR("x")), 0);
        assert_int_equal(desk_get(desk, id), 0);
        desk->batch.now_ms++;
        assert_int_equal(desk_find(desk, STR("x")), -1);
        assert_int_equal(desk_get(desk, id), -1);
        if (!committed)
            desk_commit(desk);
    }
}

/* The id of what has expired and holds the name; 0: nothing does. */
static uint64_t find_expired(struct desk *desk, struct str name)
{
    struct change *head;
    assert_int_equal(batch_find_expired(&desk->batch, DESK_PARENT, KIND_DOCUMENT, name, &head), OK);
    uint64_t id = head ? head->id : 0;
    change_unref(head);
    return id;
}

static void an_expired_holder_of_a_name_is_found_pending_or_committed(void **state)
{
    struct desk *desk = *state;
    uint64_t id = desk_create(desk, STR("x"), desk->sim.now_ms + 10)->id;
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(find_expired(desk, STR("x")), 0);
        desk->batch.now_ms = desk->sim.now_ms + 10;
        assert_int_equal(find_expired(desk, STR("x")), id);
        assert_int_equal(find_expired(desk, STR("y")), 0);
        desk->batch.now_ms = desk->sim.now_ms;
        if (!committed)
            desk_commit(desk);
    }
}

static void an_expired_holder_that_is_removed_holds_no_name(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(desk_create(desk, STR("x"), desk->sim.now_ms + 10));
    desk_commit(desk);
    desk->batch.now_ms += 10;
    desk_alter(desk, kept, CHANGE_EXPIRED);
    assert_int_equal(find_expired(desk, STR("x")), 0);
    desk_create(desk, STR("x"), 0);
    assert_int_equal(find_expired(desk, STR("x")), 0);
    change_unref(kept);
}

static bool has_child(struct desk *desk, uint64_t parent, enum kind kind)
{
    bool any;
    assert_int_equal(batch_has_child(&desk->batch, parent, kind, &any), OK);
    return any;
}

static void a_child_is_seen_pending_committed_and_expired(void **state)
{
    struct desk *desk = *state;
    assert_false(has_child(desk, DESK_PARENT, KIND_DOCUMENT));
    desk_create(desk, STR("x"), desk->sim.now_ms + 10);
    for (int committed = 0; committed < 2; committed++) {
        assert_true(has_child(desk, DESK_PARENT, KIND_DOCUMENT));
        assert_false(has_child(desk, DESK_PARENT, KIND_PERMISSION));
        assert_false(has_child(desk, DESK_PARENT + 1, KIND_DOCUMENT));
        desk->batch.now_ms += 10;
        if (!committed)
            desk_commit(desk);
    }
}

static void a_time_to_live_counts_from_now(void **state)
{
    struct desk *desk = *state;
    struct ttl absent = {0}, forever = {true, 0}, minute = {true, 60};
    assert_int_equal(batch_expiry(&desk->batch, &absent, 7), 7);
    assert_int_equal(batch_expiry(&desk->batch, &forever, 7), 0);
    assert_int_equal(batch_expiry(&desk->batch, &minute, 7), desk->sim.now_ms + 60000);
}

static enum err resolve(struct desk *desk, uint64_t parent, struct str sid_or_name)
{
    struct change *head;
    enum err e = batch_resolve(&desk->batch, parent, KIND_DOCUMENT, sid_or_name, &head);
    assert_int_equal(head == NULL, e != OK);
    change_unref(head);
    return e;
}

static void an_object_is_resolved_by_sid_or_name(void **state)
{
    struct desk *desk = *state;
    struct sid sid = sid_of(desk_create(desk, STR("x"), 0));
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(resolve(desk, DESK_PARENT, sid_str(&sid)), OK);
        assert_int_equal(resolve(desk, DESK_PARENT, STR("x")), OK);
        assert_int_equal(resolve(desk, DESK_PARENT + 1, sid_str(&sid)), ERR_MISSING);
        assert_int_equal(resolve(desk, DESK_PARENT + 1, STR("x")), ERR_NAME_MISSING);
        assert_int_equal(resolve(desk, DESK_PARENT, STR("")), ERR_NAME_MISSING);
        assert_int_equal(resolve(desk, DESK_PARENT, STR("ET")), ERR_NAME_MISSING);
        assert_int_equal(resolve(desk, DESK_PARENT, STR("ET00000000000000000000000000000000")),
                         ERR_MISSING);
        if (!committed)
            desk_commit(desk);
    }
}

static void a_failed_read_is_told(void **state)
{
    struct desk *desk = *state;
    struct change *head;
    sim_fail(&desk->sim, SIM_GET, 0, ERR_STORE);
    assert_int_equal(batch_get(&desk->batch, 1, &head), ERR_STORE);
    assert_null(head);
    sim_fail(&desk->sim, SIM_FIND, 0, ERR_STORE);
    assert_int_equal(batch_find(&desk->batch, DESK_PARENT, KIND_DOCUMENT, STR("x"), &head),
                     ERR_STORE);
    assert_null(head);
    sim_fail(&desk->sim, SIM_FIND, 0, ERR_STORE);
    assert_int_equal(batch_find_expired(&desk->batch, DESK_PARENT, KIND_DOCUMENT, STR("x"), &head),
                     ERR_STORE);
    assert_null(head);
    bool any;
    sim_fail(&desk->sim, SIM_PAGE, 0, ERR_STORE);
    assert_int_equal(batch_has_child(&desk->batch, DESK_PARENT, KIND_DOCUMENT, &any), ERR_STORE);
    assert_false(any);
    sim_fail(&desk->sim, SIM_FIND, 0, ERR_STORE);
    assert_int_equal(resolve(desk, DESK_PARENT, STR("x")), ERR_STORE);
}

static void whatever_comes_of_a_commit_nothing_is_pending_after_it(void **state)
{
    struct desk *desk = *state;
    const enum err results[] = {ERR_STORE, OK};
    for (size_t i = 0; i < 2; i++) {
        desk_create(desk, STR("x"), 0);
        sim_fail(&desk->sim, SIM_COMMIT, 0, results[i]);
        assert_int_equal(batch_commit(&desk->batch), results[i]);
        batch_publish(&desk->batch);
        assert_int_equal(desk->batch.count, 0);
        assert_int_equal(desk_find(desk, STR("x")), results[i] ? -1 : 0);
    }
    uint64_t commits = desk->sim.commits;
    assert_int_equal(batch_commit(&desk->batch), OK);
    assert_int_equal(desk->sim.commits, commits); /* nothing to commit */
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, desk_begin, desk_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_creation_is_numbered_salted_and_dated),
        TEST(a_further_change_follows_the_pending_one),
        TEST(what_is_pending_stands_before_what_is_committed),
        TEST(a_pending_removal_hides_what_is_committed),
        TEST(names_are_told_apart_by_parent_and_kind),
        TEST(touched_tells_whether_something_uncommitted_was_seen),
        TEST(expired_objects_are_not_found_pending_or_committed),
        TEST(an_expired_holder_of_a_name_is_found_pending_or_committed),
        TEST(an_expired_holder_that_is_removed_holds_no_name),
        TEST(a_child_is_seen_pending_committed_and_expired),
        TEST(a_time_to_live_counts_from_now),
        TEST(an_object_is_resolved_by_sid_or_name),
        TEST(a_failed_read_is_told),
        TEST(whatever_comes_of_a_commit_nothing_is_pending_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
