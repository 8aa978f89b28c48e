#include "sync/batch.h"

#include "sim/fixture.h"
#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { PARENT = 7 };

/* A batch on a sim's store and feed, beside the core's own. */
struct desk {
    struct sim sim;
    struct random random;
    struct feed feed;
    struct batch batch;
    size_t heard; /* of sim.heard, looked at so far */
};

static void fill(void *context, void *bytes, size_t len)
{
    (void)context;
    memset(bytes, 0xab, len);
}

static int begin(void **state)
{
    static struct desk desk;
    sim_init(&desk.sim, SIM_FAKE, 1);
    desk.random = (struct random){.fill = fill};
    feed_init(&desk.feed, sim_hear, &desk.sim);
    feed_follow(&desk.feed, FEED_ALL, NULL);
    batch_init(&desk.batch, &desk.sim.store, &desk.random, &desk.feed);
    batch_start(&desk.batch, desk.sim.now_ms);
    desk.heard = desk.sim.heard_count;
    *state = &desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    batch_deinit(&desk->batch);
    feed_deinit(&desk->feed);
    sim_deinit(&desk->sim);
    return 0;
}

static struct change *create(struct desk *desk, struct str name, int64_t expires_ms)
{
    struct change draft = {.kind = KIND_DOCUMENT,
                           .parent = PARENT,
                           .name = name,
                           .expires_ms = expires_ms,
                           .data = STR("{}")};
    return batch_create(&desk->batch, &draft);
}

static struct change *alter(struct desk *desk, const struct change *head, enum event event)
{
    struct change draft = batch_draft(&desk->batch, head, event, STR("author"));
    draft.revision++;
    return batch_change(&desk->batch, &draft);
}

static void commit(struct desk *desk)
{
    assert_int_equal(batch_commit(&desk->batch), OK);
    batch_publish(&desk->batch);
    batch_start(&desk->batch, desk->sim.now_ms);
}

/* The revision found by name; -1: none. */
static int find(struct desk *desk, struct str name)
{
    struct change *head;
    assert_int_equal(batch_find(&desk->batch, PARENT, KIND_DOCUMENT, name, &head), OK);
    int revision = head ? (int)head->revision : -1;
    change_unref(head);
    return revision;
}

static int get(struct desk *desk, uint64_t id)
{
    struct change *head;
    assert_int_equal(batch_get(&desk->batch, id, &head), OK);
    int revision = head ? (int)head->revision : -1;
    change_unref(head);
    return revision;
}

static void a_creation_is_numbered_salted_and_dated(void **state)
{
    struct desk *desk = *state;
    uint64_t seq = store_seq(&desk->sim.store);
    struct change *one = create(desk, STR("x"), 0), *two = create(desk, STR("y"), 0);
    assert_int_equal(one->seq, seq + 1);
    assert_int_equal(one->id, seq + 1);
    assert_int_equal(two->seq, seq + 2);
    assert_int_equal(one->prev, 0);
    assert_int_equal(one->revision, 0);
    assert_int_equal(one->event, EVENT_CREATED);
    assert_int_equal(one->salt, 0xabababababababab);
    assert_int_equal(one->created_ms, desk->sim.now_ms);
    assert_int_equal(one->updated_ms, desk->sim.now_ms);
}

static void a_further_change_follows_the_pending_one(void **state)
{
    struct desk *desk = *state;
    struct change *created = create(desk, STR("x"), 0);
    desk->batch.now_ms += 5;
    struct change *updated = alter(desk, created, EVENT_UPDATED);
    assert_int_equal(updated->prev, created->seq);
    assert_int_equal(updated->seq, created->seq + 1);
    assert_int_equal(updated->id, created->id);
    assert_int_equal(updated->updated_ms, created->updated_ms + 5);
    assert_int_equal(updated->created_ms, created->created_ms);
    assert_true(str_eq(updated->author, STR("author")));
    assert_int_equal(find(desk, STR("x")), 1);
    assert_int_equal(get(desk, created->id), 1);
}

static void what_is_pending_stands_before_what_is_committed(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(create(desk, STR("x"), 0));
    commit(desk);
    alter(desk, kept, EVENT_UPDATED);
    assert_int_equal(find(desk, STR("x")), 1);
    assert_int_equal(get(desk, kept->id), 1);
    batch_start(&desk->batch, desk->sim.now_ms);
    assert_int_equal(find(desk, STR("x")), 0);
    assert_int_equal(get(desk, kept->id), 0);
    change_unref(kept);
}

static void a_pending_removal_hides_what_is_committed(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(create(desk, STR("x"), 0));
    commit(desk);
    alter(desk, kept, EVENT_REMOVED);
    assert_int_equal(find(desk, STR("x")), -1);
    assert_int_equal(get(desk, kept->id), -1);
    struct change *next = create(desk, STR("x"), 0);
    assert_int_equal(find(desk, STR("x")), 0);
    assert_int_equal(get(desk, next->id), 0);
    assert_int_equal(get(desk, kept->id), -1);
    alter(desk, next, EVENT_REMOVED);
    assert_int_equal(find(desk, STR("x")), -1);
    commit(desk);
    assert_int_equal(find(desk, STR("x")), -1);
    change_unref(kept);
}

static void names_are_told_apart_by_parent_and_kind(void **state)
{
    struct desk *desk = *state;
    struct change *head;
    create(desk, STR("x"), 0);
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(batch_find(&desk->batch, PARENT + 1, KIND_DOCUMENT, STR("x"), &head), OK);
        assert_null(head);
        assert_int_equal(batch_find(&desk->batch, PARENT, KIND_KEY, STR("x"), &head), OK);
        assert_null(head);
        assert_int_equal(find(desk, STR("x")), 0);
        if (!committed)
            commit(desk);
    }
}

static void touched_tells_whether_something_uncommitted_was_seen(void **state)
{
    struct desk *desk = *state;
    uint64_t id = create(desk, STR("x"), 0)->id;
    commit(desk);
    assert_false(desk->batch.touched);
    assert_int_equal(find(desk, STR("x")), 0);
    assert_int_equal(get(desk, id), 0);
    assert_int_equal(find(desk, STR("y")), -1);
    assert_false(desk->batch.touched);
    create(desk, STR("y"), 0);
    assert_true(desk->batch.touched);
    desk->batch.touched = false;
    assert_int_equal(find(desk, STR("x")), 0);
    assert_false(desk->batch.touched);
    assert_int_equal(find(desk, STR("y")), 0);
    assert_true(desk->batch.touched);
}

static void expired_objects_are_not_found_pending_or_committed(void **state)
{
    struct desk *desk = *state;
    uint64_t id = create(desk, STR("x"), desk->sim.now_ms + 10)->id;
    for (int committed = 0; committed < 2; committed++) {
        desk->batch.now_ms = desk->sim.now_ms + 9;
        assert_int_equal(find(desk, STR("x")), 0);
        assert_int_equal(get(desk, id), 0);
        desk->batch.now_ms++;
        assert_int_equal(find(desk, STR("x")), -1);
        assert_int_equal(get(desk, id), -1);
        if (!committed)
            commit(desk);
    }
}

/* The id of what has expired and holds the name; 0: nothing does. */
static uint64_t find_expired(struct desk *desk, struct str name)
{
    struct change *head;
    assert_int_equal(batch_find_expired(&desk->batch, PARENT, KIND_DOCUMENT, name, &head), OK);
    uint64_t id = head ? head->id : 0;
    change_unref(head);
    return id;
}

static void an_expired_holder_of_a_name_is_found_pending_or_committed(void **state)
{
    struct desk *desk = *state;
    uint64_t id = create(desk, STR("x"), desk->sim.now_ms + 10)->id;
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(find_expired(desk, STR("x")), 0);
        desk->batch.now_ms = desk->sim.now_ms + 10;
        assert_int_equal(find_expired(desk, STR("x")), id);
        assert_int_equal(find_expired(desk, STR("y")), 0);
        desk->batch.now_ms = desk->sim.now_ms;
        if (!committed)
            commit(desk);
    }
}

static void an_expired_holder_that_is_removed_holds_no_name(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(create(desk, STR("x"), desk->sim.now_ms + 10));
    commit(desk);
    desk->batch.now_ms += 10;
    alter(desk, kept, EVENT_EXPIRED);
    assert_int_equal(find_expired(desk, STR("x")), 0);
    create(desk, STR("x"), 0);
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
    assert_false(has_child(desk, PARENT, KIND_DOCUMENT));
    create(desk, STR("x"), desk->sim.now_ms + 10);
    for (int committed = 0; committed < 2; committed++) {
        assert_true(has_child(desk, PARENT, KIND_DOCUMENT));
        assert_false(has_child(desk, PARENT, KIND_PERMISSION));
        assert_false(has_child(desk, PARENT + 1, KIND_DOCUMENT));
        desk->batch.now_ms += 10;
        if (!committed)
            commit(desk);
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
    struct sid sid = sid_of(create(desk, STR("x"), 0));
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(resolve(desk, PARENT, sid_str(&sid)), OK);
        assert_int_equal(resolve(desk, PARENT, STR("x")), OK);
        assert_int_equal(resolve(desk, PARENT + 1, sid_str(&sid)), ERR_MISSING);
        assert_int_equal(resolve(desk, PARENT + 1, STR("x")), ERR_NAME_MISSING);
        assert_int_equal(resolve(desk, PARENT, STR("")), ERR_NAME_MISSING);
        assert_int_equal(resolve(desk, PARENT, STR("ET")), ERR_NAME_MISSING);
        assert_int_equal(resolve(desk, PARENT, STR("ET00000000000000000000000000000000")),
                         ERR_MISSING);
        if (!committed)
            commit(desk);
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
    assert_int_equal(batch_find(&desk->batch, PARENT, KIND_DOCUMENT, STR("x"), &head), ERR_STORE);
    assert_null(head);
    sim_fail(&desk->sim, SIM_FIND, 0, ERR_STORE);
    assert_int_equal(batch_find_expired(&desk->batch, PARENT, KIND_DOCUMENT, STR("x"), &head),
                     ERR_STORE);
    assert_null(head);
    bool any;
    sim_fail(&desk->sim, SIM_PAGE, 0, ERR_STORE);
    assert_int_equal(batch_has_child(&desk->batch, PARENT, KIND_DOCUMENT, &any), ERR_STORE);
    assert_false(any);
    sim_fail(&desk->sim, SIM_FIND, 0, ERR_STORE);
    assert_int_equal(resolve(desk, PARENT, STR("x")), ERR_STORE);
}

static void whatever_comes_of_a_commit_nothing_is_pending_after_it(void **state)
{
    struct desk *desk = *state;
    const enum err results[] = {ERR_STORE, OK};
    for (size_t i = 0; i < 2; i++) {
        create(desk, STR("x"), 0);
        sim_fail(&desk->sim, SIM_COMMIT, 0, results[i]);
        assert_int_equal(batch_commit(&desk->batch), results[i]);
        batch_publish(&desk->batch);
        assert_int_equal(desk->batch.count, 0);
        assert_int_equal(find(desk, STR("x")), results[i] ? -1 : 0);
    }
    uint64_t commits = desk->sim.commits;
    assert_int_equal(batch_commit(&desk->batch), OK);
    assert_int_equal(desk->sim.commits, commits); /* nothing to commit */
}

/* --- while the disk is at it --- */

static void seal(struct desk *desk)
{
    assert_int_equal(batch_seal(&desk->batch), OK);
    batch_go_on(&desk->batch, desk->sim.now_ms);
}

static void settle(struct desk *desk)
{
    assert_int_equal(batch_settle(&desk->batch, store_sync(&desk->sim.store)), OK);
    batch_publish(&desk->batch);
}

static void what_is_sealed_is_pending_and_a_later_change_goes_on_from_it(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(create(desk, STR("x"), 0));
    struct change *other = change_ref(create(desk, STR("y"), 0));
    seal(desk);
    assert_int_equal(find(desk, STR("y")), 0);
    assert_true(desk->batch.touched);
    assert_false(batch_is_open(&desk->batch));
    struct change *later = alter(desk, kept, EVENT_UPDATED);
    assert_int_equal(later->seq, other->seq + 1);
    assert_int_equal(later->prev, kept->seq);
    assert_true(batch_is_open(&desk->batch));
    settle(desk);
    desk->batch.touched = false;
    assert_int_equal(find(desk, STR("y")), 0);
    assert_false(desk->batch.touched); /* it is in the store */
    assert_int_equal(find(desk, STR("x")), 1);
    assert_true(desk->batch.touched);
    commit(desk);
    assert_int_equal(get(desk, kept->id), 1);
    change_unref(kept);
    change_unref(other);
}

static void a_name_that_is_given_up_by_what_is_sealed_can_be_taken(void **state)
{
    struct desk *desk = *state;
    struct change *first = change_ref(create(desk, STR("x"), 0));
    commit(desk);
    alter(desk, first, EVENT_REMOVED);
    seal(desk);
    assert_int_equal(find(desk, STR("x")), -1);
    struct change *second = change_ref(create(desk, STR("x"), 0));
    settle(desk);
    assert_int_equal(get(desk, first->id), -1);
    assert_int_equal(get(desk, second->id), 0);
    assert_int_equal(find(desk, STR("x")), 0);
    commit(desk);
    assert_int_equal(get(desk, second->id), 0);
    change_unref(first);
    change_unref(second);
}

static void what_is_taken_back_leaves_what_was_before(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(create(desk, STR("k"), 0));
    commit(desk);
    struct change *draft = create(desk, STR("x"), 0);
    struct batch_mark mark = batch_mark(&desk->batch);
    alter(desk, alter(desk, draft, EVENT_UPDATED), EVENT_REMOVED);
    alter(desk, kept, EVENT_REMOVED);
    create(desk, STR("x"), 0);
    create(desk, STR("z"), 0);
    batch_take_back(&desk->batch, mark);
    assert_int_equal(find(desk, STR("x")), 0);
    assert_int_equal(get(desk, draft->id), 0);
    assert_int_equal(find(desk, STR("k")), 0);
    assert_int_equal(find(desk, STR("z")), -1);
    alter(desk, draft, EVENT_UPDATED);
    commit(desk);
    assert_int_equal(find(desk, STR("x")), 1);
    change_unref(kept);
}

/* --- what the feed is told --- */

static struct change *message(uint64_t id)
{
    return change_new(&(struct change){.kind = KIND_MESSAGE, .id = id, .parent = PARENT});
}

static void publish(struct desk *desk, uint64_t id)
{
    struct change *change = message(id);
    batch_send(&desk->batch, change);
    change_unref(change);
}

/* What was heard since the last time: a letter each, of a document's name or m for a message. */
static void assert_heard(struct desk *desk, const char *expected)
{
    char text[32];
    size_t len = 0;
    while (desk->heard < desk->sim.heard_count) {
        const struct change *change = desk->sim.heard[desk->heard++];
        text[len++] = change->kind == KIND_MESSAGE ? 'm' : *change->name.ptr;
    }
    text[len] = 0;
    assert_string_equal(text, expected);
}

static void changes_and_messages_are_told_after_the_commit_in_their_order(void **state)
{
    struct desk *desk = *state;
    create(desk, STR("a"), 0);
    publish(desk, 1);
    publish(desk, 2);
    create(desk, STR("b"), 0);
    publish(desk, 3);
    assert_heard(desk, "");
    commit(desk);
    assert_heard(desk, "ammbm");
}

static void a_message_that_depends_on_nothing_pending_is_told_at_once(void **state)
{
    struct desk *desk = *state;
    create(desk, STR("a"), 0);
    desk->batch.touched = false; /* as with each command */
    publish(desk, 1);
    assert_heard(desk, "m");
    commit(desk);
    assert_heard(desk, "a");
}

/* Though nothing that the second one saw is pending any more. */
static void a_message_is_not_told_before_one_that_waits(void **state)
{
    struct desk *desk = *state;
    create(desk, STR("a"), 0);
    seal(desk);
    desk->batch.touched = true;
    publish(desk, 1);
    settle(desk);
    assert_heard(desk, "a");
    batch_go_on(&desk->batch, desk->sim.now_ms);
    publish(desk, 2);
    assert_true(desk->batch.touched);
    assert_heard(desk, "");
    assert_int_equal(batch_seal(&desk->batch), OK);
    batch_publish(&desk->batch);
    assert_heard(desk, "mm");
}

static void what_is_sealed_is_told_before_what_came_meanwhile(void **state)
{
    struct desk *desk = *state;
    create(desk, STR("a"), 0);
    publish(desk, 1);
    seal(desk);
    desk->batch.touched = true;
    publish(desk, 2);
    create(desk, STR("b"), 0);
    publish(desk, 3);
    create(desk, STR("c"), 0);
    assert_heard(desk, "");
    settle(desk);
    assert_heard(desk, "am");
    commit(desk);
    assert_heard(desk, "mbmc");
}

static void nothing_of_a_failed_or_forgotten_batch_is_told(void **state)
{
    struct desk *desk = *state;
    create(desk, STR("a"), 0);
    publish(desk, 1);
    sim_fail(&desk->sim, SIM_COMMIT, 0, ERR_STORE);
    assert_int_equal(batch_commit(&desk->batch), ERR_STORE);
    create(desk, STR("b"), 0);
    publish(desk, 2);
    batch_start(&desk->batch, desk->sim.now_ms);
    create(desk, STR("c"), 0);
    commit(desk);
    assert_heard(desk, "c");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

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
        TEST(changes_and_messages_are_told_after_the_commit_in_their_order),
        TEST(a_message_that_depends_on_nothing_pending_is_told_at_once),
        TEST(what_is_sealed_is_pending_and_a_later_change_goes_on_from_it),
        TEST(a_name_that_is_given_up_by_what_is_sealed_can_be_taken),
        TEST(what_is_taken_back_leaves_what_was_before),
        TEST(a_message_is_not_told_before_one_that_waits),
        TEST(what_is_sealed_is_told_before_what_came_meanwhile),
        TEST(nothing_of_a_failed_or_forgotten_batch_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
