/* Batches that overlap, and the order in which the feed is told of them. */
#include "sim/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void what_is_sealed_is_pending_and_a_later_change_goes_on_from_it(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(desk_create(desk, STR("x"), 0));
    struct change *other = change_ref(desk_create(desk, STR("y"), 0));
    desk_seal(desk);
    assert_int_equal(desk_find(desk, STR("y")), 0);
    assert_true(desk->batch.pending.touched);
    assert_false(batch_is_open(&desk->batch));
    struct change *later = desk_alter(desk, kept, CHANGE_UPDATED);
    assert_int_equal(later->seq, other->seq + 1);
    assert_int_equal(later->prev, kept->seq);
    assert_true(batch_is_open(&desk->batch));
    desk_settle(desk);
    desk->batch.pending.touched = false;
    assert_int_equal(desk_find(desk, STR("y")), 0);
    assert_false(desk->batch.pending.touched); /* it is in the store */
    assert_int_equal(desk_find(desk, STR("x")), 1);
    assert_true(desk->batch.pending.touched);
    desk_commit(desk);
    assert_int_equal(desk_get(desk, kept->id), 1);
    change_unref(kept);
    change_unref(other);
}

static void a_name_that_is_given_up_by_what_is_sealed_can_be_taken(void **state)
{
    struct desk *desk = *state;
    struct change *first = change_ref(desk_create(desk, STR("x"), 0));
    desk_commit(desk);
    desk_alter(desk, first, CHANGE_REMOVED);
    desk_seal(desk);
    assert_int_equal(desk_find(desk, STR("x")), -1);
    struct change *second = change_ref(desk_create(desk, STR("x"), 0));
    desk_settle(desk);
    assert_int_equal(desk_get(desk, first->id), -1);
    assert_int_equal(desk_get(desk, second->id), 0);
    assert_int_equal(desk_find(desk, STR("x")), 0);
    desk_commit(desk);
    assert_int_equal(desk_get(desk, second->id), 0);
    change_unref(first);
    change_unref(second);
}

static void what_is_taken_back_leaves_what_was_before(void **state)
{
    struct desk *desk = *state;
    struct change *kept = change_ref(desk_create(desk, STR("k"), 0));
    desk_commit(desk);
    struct change *draft = desk_create(desk, STR("x"), 0);
    struct batch_mark mark = batch_mark(&desk->batch);
    desk_alter(desk, desk_alter(desk, draft, CHANGE_UPDATED), CHANGE_REMOVED);
    desk_alter(desk, kept, CHANGE_REMOVED);
    desk_create(desk, STR("x"), 0);
    desk_create(desk, STR("z"), 0);
    batch_take_back(&desk->batch, mark);
    assert_int_equal(desk_find(desk, STR("x")), 0);
    assert_int_equal(desk_get(desk, draft->id), 0);
    assert_int_equal(desk_find(desk, STR("k")), 0);
    assert_int_equal(desk_find(desk, STR("z")), -1);
    desk_alter(desk, draft, CHANGE_UPDATED);
    desk_commit(desk);
    assert_int_equal(desk_find(desk, STR("x")), 1);
    change_unref(kept);
}

/* --- what the feed is told --- */

static struct change *message(uint64_t id)
{
    return change_new(&(struct change){.kind = KIND_MESSAGE, .id = id, .parent = DESK_PARENT});
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
    desk_create(desk, STR("a"), 0);
    publish(desk, 1);
    publish(desk, 2);
    desk_create(desk, STR("b"), 0);
    publish(desk, 3);
    assert_heard(desk, "");
    desk_commit(desk);
    assert_heard(desk, "ammbm");
}

static void a_message_that_depends_on_nothing_pending_is_told_at_once(void **state)
{
    struct desk *desk = *state;
    desk_create(desk, STR("a"), 0);
    desk->batch.pending.touched = false; /* as with each command */
    publish(desk, 1);
    assert_heard(desk, "m");
    desk_commit(desk);
    assert_heard(desk, "a");
}

/* Though nothing that the second one saw is pending any more. */
static void a_message_is_not_told_before_one_that_waits(void **state)
{
    struct desk *desk = *state;
    desk_create(desk, STR("a"), 0);
    desk_seal(desk);
    desk->batch.pending.touched = true;
    publish(desk, 1);
    desk_settle(desk);
    assert_heard(desk, "a");
    batch_go_on(&desk->batch, desk->sim.now_ms);
    publish(desk, 2);
    assert_true(desk->batch.pending.touched);
    assert_heard(desk, "");
    assert_int_equal(batch_seal(&desk->batch), OK);
    batch_publish(&desk->batch);
    assert_heard(desk, "mm");
}

static void what_is_sealed_is_told_before_what_came_meanwhile(void **state)
{
    struct desk *desk = *state;
    desk_create(desk, STR("a"), 0);
    publish(desk, 1);
    desk_seal(desk);
    desk->batch.pending.touched = true;
    publish(desk, 2);
    desk_create(desk, STR("b"), 0);
    publish(desk, 3);
    desk_create(desk, STR("c"), 0);
    assert_heard(desk, "");
    desk_settle(desk);
    assert_heard(desk, "am");
    desk_commit(desk);
    assert_heard(desk, "mbmc");
}

static void nothing_of_a_failed_or_forgotten_batch_is_told(void **state)
{
    struct desk *desk = *state;
    desk_create(desk, STR("a"), 0);
    publish(desk, 1);
    sim_fail(&desk->sim, SIM_COMMIT, 0, ERR_STORE);
    assert_int_equal(batch_commit(&desk->batch), ERR_STORE);
    desk_create(desk, STR("b"), 0);
    publish(desk, 2);
    batch_start(&desk->batch, desk->sim.now_ms);
    desk_create(desk, STR("c"), 0);
    desk_commit(desk);
    assert_heard(desk, "c");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, desk_begin, desk_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_is_pending_and_a_later_change_goes_on_from_it),
        TEST(a_name_that_is_given_up_by_what_is_sealed_can_be_taken),
        TEST(what_is_taken_back_leaves_what_was_before),
        TEST(changes_and_messages_are_told_after_the_commit_in_their_order),
        TEST(a_message_that_depends_on_nothing_pending_is_told_at_once),
        TEST(a_message_is_not_told_before_one_that_waits),
        TEST(what_is_sealed_is_told_before_what_came_meanwhile),
        TEST(nothing_of_a_failed_or_forgotten_batch_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
