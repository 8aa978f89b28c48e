/* Commands evaluated on the thread that asks, between those of the loop's own. */
#include "fake/fake_store.h"
#include "sim/house.h"
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <sched.h>

/* Evaluate one on this thread, as soon as that is possible; true: it is answered already. */
static bool evaluate(struct house *house, struct port *port, struct command *command)
{
    struct chain chain = {0}, letters;
    command->port = port;
    chain_add(&chain, &command->letter.node);
    while (!loop_evaluate(house->loop, port, &chain, &letters)) /* the core has its turn */
        sched_yield();
    assert_null(chain.first);
    if (!letters.first)
        return false;
    assert_ptr_equal(letters.first, &command->letter.node);
    assert_int_equal(letters.count, 1);
    return true;
}

static void a_read_is_answered_on_the_thread_that_asks(void **state)
{
    struct house *house = *state;
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", "{\"a\":1}")), OK);
    struct command fetch = sim_fetch("x"), missing = sim_fetch("y");
    uint64_t before = metric_get(&loop_metrics(house->loop)->commands);
    assert_true(evaluate(house, &house->port, &fetch));
    assert_true(evaluate(house, &house->port, &missing));
    assert_int_equal(fetch.err, OK);
    assert_true(str_eq(fetch.head->data, STR("{\"a\":1}")));
    assert_int_equal(missing.err, ERR_NAME_MISSING);
    assert_int_equal(metric_get(&loop_metrics(house->loop)->commands) - before, 2);
    assert_null(queue_take(house->port.queue).first);
    command_deinit(&fetch);
    command_deinit(&missing);
}

static void a_write_on_the_thread_that_asks_is_answered_when_the_disk_has_it(void **state)
{
    struct house *house = *state;
    struct command create = sim_create("x", "{\"a\":1}");
    house_start_well(house);
    assert_false(evaluate(house, &house->port, &create));
    struct chain letters = queue_wait(house->port.queue, -1);
    assert_ptr_equal(letters.first, &create.letter.node);
    assert_int_equal(create.err, OK);
    assert_int_equal(metric_get(&loop_store_metrics(house->loop)->commits), 2);
    command_deinit(&create);
}

static void several_items_are_read_on_the_thread_that_asks_and_pages_on_the_loops(void **state)
{
    struct house *house = *state;
    const struct str names[] = {STR("b"), STR("none"), STR("a")};
    struct command many = sim_map_item(VERB_FETCH_MANY, "m", NULL);
    struct command page = sim_map_item(VERB_LIST, "m", NULL);
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_of(KIND_MAP, sim_create("m", NULL))), OK);
    for (size_t i = 0; i < 3; i += 2) {
        struct command put = sim_on(sim_map_item(VERB_PUT, "m", NULL), names[i]);
        assert_int_equal(house_submit_and_forget(house, sim_with_data(put, "{}")), OK);
    }
    many.names = names;
    many.names_count = 3;
    assert_false(evaluate(house, &house->port, &page)); /* the loop's thread was told */
    assert_ptr_equal(queue_wait(house->port.queue, -1).first, &page.letter.node);
    assert_int_equal(page.err, OK);
    assert_int_equal(page.heads_count, 2);
    assert_true(evaluate(house, &house->port, &many));
    assert_int_equal(many.err, OK);
    assert_int_equal(many.heads_count, 2);
    assert_true(str_eq(many.heads[0]->name, names[0]));
    assert_true(str_eq(many.heads[1]->name, names[2]));
    command_deinit(&many);
    command_deinit(&page);
}

static void what_is_refused_for_want_of_room_is_answered(void **state)
{
    struct house *house = *state;
    fake_store_fail_after(house->store, 1, ERR_STORE); /* the default service */
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", NULL)), ERR_STORE);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", NULL)), OK);
}

/* A thread that was not nudged would find each of them only when its rest is over: this would not
 * end in the time that a test has. */
static void whoever_is_alone_does_not_wait_for_the_rest_to_end(void **state)
{
    enum { MANY = 10000 };
    struct house *house = *state;
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", NULL)), OK);
    for (int i = 0; i < MANY; i++) {
        struct command update = sim_update("x", "{}");
        assert_false(evaluate(house, &house->port, &update));
        assert_ptr_equal(queue_wait(house->port.queue, -1).first, &update.letter.node);
        assert_int_equal(update.err, OK);
        command_deinit(&update);
    }
}

/* --- while the disk is at it --- */

struct disk {
    atomic_int syncing; /* how many syncs have begun */
    atomic_int allowed; /* how many may end */
};

static void on_sync(void *context)
{
    struct disk *disk = context;
    int number = atomic_fetch_add(&disk->syncing, 1) + 1;
    while (atomic_load(&disk->allowed) < number)
        sched_yield();
}

static void wait_for_sync(struct disk *disk, int number)
{
    while (atomic_load(&disk->syncing) < number)
        sched_yield();
}

static void start_on(struct house *house, struct disk *disk)
{
    *disk = (struct disk){.allowed = 2}; /* the default service, x */
    fake_store_on_sync(house->store, on_sync, disk);
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", "{\"n\":0}")), OK);
}

static void others_are_read_while_the_disk_is_at_it(void **state)
{
    struct house *house = *state;
    struct disk disk;
    struct command write = sim_create("y", NULL), other = sim_fetch("x"), same = sim_fetch("y");
    start_on(house, &disk);
    assert_false(evaluate(house, &house->port, &write));
    wait_for_sync(&disk, 3);
    assert_true(evaluate(house, &house->port, &other));
    assert_int_equal(other.err, OK);
    assert_false(evaluate(house, &house->port, &same)); /* it has seen what may yet be lost */
    assert_null(queue_take(house->port.queue).first);
    atomic_store(&disk.allowed, 3);
    struct chain letters = queue_wait(house->port.queue, -1);
    assert_ptr_equal(chain_shift(&letters), &write.letter.node);
    if (!letters.first)
        letters = queue_wait(house->port.queue, -1);
    assert_ptr_equal(letters.first, &same.letter.node);
    assert_int_equal(same.err, OK);
    command_deinit(&write);
    command_deinit(&other);
    command_deinit(&same);
}

static void writes_that_come_meanwhile_share_the_next_commit(void **state)
{
    enum { MANY = 40 };
    struct house *house = *state;
    struct disk disk;
    struct command first = sim_update("x", "{\"n\":1}"), more[MANY];
    start_on(house, &disk);
    assert_false(evaluate(house, &house->port, &first));
    wait_for_sync(&disk, 3);
    for (unsigned i = 0; i < MANY; i++) {
        more[i] = sim_guarded(sim_update("x", "{}"), i + 1);
        assert_false(evaluate(house, &house->ports[0], &more[i]));
    }
    atomic_store(&disk.allowed, 4);
    struct chain letters = {0};
    while (letters.count < MANY) {
        struct chain some = queue_wait(house->ports[0].queue, -1);
        chain_join(&letters, &some);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_ptr_equal(chain_shift(&letters), &more[i].letter.node);
        assert_int_equal(more[i].err, OK);
        assert_int_equal(more[i].head->revision, i + 2);
        command_deinit(&more[i]);
    }
    assert_int_equal(atomic_load(&disk.syncing), 4);
    letters = queue_wait(house->port.queue, -1);
    assert_ptr_equal(letters.first, &first.letter.node);
    command_deinit(&first);
}

static void what_was_left_in_the_queue_comes_first(void **state)
{
    struct house *house = *state;
    struct disk disk;
    struct chain chain = {0};
    struct command write = sim_create("y", NULL), queued = sim_guarded(sim_update("x", "{}"), 0);
    struct command lost = sim_guarded(sim_update("x", "{}"), 0);
    start_on(house, &disk);
    assert_false(evaluate(house, &house->port, &write));
    wait_for_sync(&disk, 3);
    queued.port = &house->ports[0];
    chain_add(&chain, &queued.letter.node);
    loop_submit(house->loop, &chain);
    assert_false(evaluate(house, &house->ports[1], &lost)); /* it saw what was queued */
    atomic_store(&disk.allowed, 5);
    assert_ptr_equal(queue_wait(house->ports[0].queue, -1).first, &queued.letter.node);
    assert_ptr_equal(queue_wait(house->ports[1].queue, -1).first, &lost.letter.node);
    assert_ptr_equal(queue_wait(house->port.queue, -1).first, &write.letter.node);
    assert_int_equal(queued.err, OK);
    assert_int_equal(lost.err, ERR_REVISION);
    command_deinit(&write);
    command_deinit(&queued);
    command_deinit(&lost);
}

/* And who comes behind them need not wait for them. */
static void pages_in_the_queue_are_left_to_the_loop(void **state)
{
    struct house *house = *state;
    struct disk disk;
    struct chain chain = {0};
    struct command write = sim_create("y", NULL), page = sim_list(10), fetch = sim_fetch("x");
    start_on(house, &disk);
    assert_false(evaluate(house, &house->port, &write));
    wait_for_sync(&disk, 3);
    page.port = fetch.port = &house->ports[0];
    chain_add(&chain, &page.letter.node);
    loop_submit(house->loop, &chain);
    assert_true(evaluate(house, &house->ports[0], &fetch));
    atomic_store(&disk.allowed, 3);
    assert_ptr_equal(queue_wait(house->ports[0].queue, -1).first, &page.letter.node);
    assert_int_equal(page.heads_count, 2);
    assert_ptr_equal(queue_wait(house->port.queue, -1).first, &write.letter.node);
    command_deinit(&write);
    command_deinit(&page);
    command_deinit(&fetch);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_is_answered_on_the_thread_that_asks),
        TEST(a_write_on_the_thread_that_asks_is_answered_when_the_disk_has_it),
        TEST(several_items_are_read_on_the_thread_that_asks_and_pages_on_the_loops),
        TEST(what_is_refused_for_want_of_room_is_answered),
        TEST(whoever_is_alone_does_not_wait_for_the_rest_to_end),
        TEST(others_are_read_while_the_disk_is_at_it),
        TEST(writes_that_come_meanwhile_share_the_next_commit),
        TEST(what_was_left_in_the_queue_comes_first),
        TEST(pages_in_the_queue_are_left_to_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
