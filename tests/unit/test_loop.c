#include "sync/loop.h"

#include "fake/fake_store.h"
#include "sim/house.h"
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pthread.h>

enum { WRITES = 200, TURNS_MAX = 1000 };

/* Turn the loop until something has been counted. */
static void turn_until(struct house *house, const struct metric *metric, uint64_t value)
{
    for (int i = 0; metric_get(metric) != value; i++) {
        assert_in_range(i, 0, TURNS_MAX);
        assert_int_equal(house_submit_and_forget(house, (struct command){.verb = VERB_CHECK}), OK);
    }
}

/* How many lines of the log have that message. */
static int count_logged(struct house *house, const char *message)
{
    char path[512], line[2048];
    int count = 0;
    scratch_file(&house->folder, "log", path, sizeof path);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, message) != NULL;
    fclose(file);
    return count;
}

static void a_command_comes_back_through_its_port(void **state)
{
    struct house *house = *state;
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", "{\"a\":1}")), OK);
    struct command fetch = sim_fetch("x");
    house_submit(house, &house->port, &fetch);
    assert_int_equal(fetch.err, OK);
    assert_true(str_eq(fetch.head->data, STR("{\"a\":1}")));
    command_deinit(&fetch);
    assert_int_equal(house_submit_and_forget(house, sim_fetch("y")), ERR_NAME_MISSING);
}

static void answers_go_to_the_port_that_asked(void **state)
{
    struct house *house = *state;
    struct port *other = &house->ports[0];
    struct command mine = sim_create("x", NULL), theirs = sim_create("y", NULL);
    struct chain chain = {0};
    house_start_well(house);
    mine.port = &house->port;
    theirs.port = other;
    chain_add(&chain, &mine.letter.node);
    chain_add(&chain, &theirs.letter.node);
    loop_submit(house->loop, &chain);
    chain = queue_wait(house->port.queue, -1);
    assert_ptr_equal(chain.first, &mine.letter.node);
    assert_int_equal(chain.count, 1);
    chain = queue_wait(other->queue, -1);
    assert_ptr_equal(chain.first, &theirs.letter.node);
    assert_int_equal(chain.count, 1);
    command_deinit(&mine);
    command_deinit(&theirs);
}

static void a_store_that_is_pressed_holds_up_commits_and_nothing_else(void **state)
{
    struct house *house = *state;
    struct command create = sim_create("y", NULL);
    struct chain chain = {0};
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", NULL)), OK);
    fake_store_press(house->store, true);
    create.port = &house->ports[0];
    chain_add(&chain, &create.letter.node);
    loop_submit(house->loop, &chain);
    for (int i = 0; i < 20; i++) { /* each a turn of the loop, or more */
        struct command fetch = sim_fetch("x");
        house_submit(house, &house->port, &fetch);
        assert_int_equal(fetch.err, OK);
        command_deinit(&fetch);
    }
    assert_null(queue_take(house->ports[0].queue).first);
    fake_store_press(house->store, false);
    chain = queue_wait(house->ports[0].queue, -1);
    assert_ptr_equal(chain.first, &create.letter.node);
    assert_int_equal(create.err, OK);
    command_deinit(&create);
}

static void a_loop_that_ends_does_not_wait_for_a_store_that_is_pressed(void **state)
{
    struct house *house = *state;
    struct command create = sim_create("y", NULL);
    struct chain chain = {0};
    house_start_well(house);
    fake_store_press(house->store, true);
    create.port = &house->ports[0];
    chain_add(&chain, &create.letter.node);
    loop_submit(house->loop, &chain);
    loop_stop(house->loop);
    house->loop = NULL;
    house->store = fake_store_new(); /* for the end */
    chain = queue_take(house->ports[0].queue);
    assert_ptr_equal(chain.first, &create.letter.node);
    assert_int_equal(create.err, OK);
    command_deinit(&create);
}

/* On this thread when nobody else has the turn, and wait for the answer. */
static void do_here(struct house *house, struct port *port, struct command *command)
{
    struct chain chain = {0}, letters;
    command->port = port;
    chain_add(&chain, &command->letter.node);
    bool taken = loop_evaluate(house->loop, port, &chain, &letters);
    loop_submit(house->loop, &chain);
    if (!taken || !letters.first)
        letters = queue_wait(port->queue, -1);
    assert_ptr_equal(letters.first, &command->letter.node);
    assert_int_equal(letters.count, 1);
}

struct writer {
    pthread_t thread;
    struct house *house;
    struct port *port;
    unsigned conflicts;
    bool failed;
};

/* One guarded write that wins; false: something else than a lost race went wrong. */
static bool write_once(struct writer *writer)
{
    for (;;) {
        struct command fetch = sim_fetch("x");
        do_here(writer->house, writer->port, &fetch);
        if (fetch.err)
            return false;
        struct command update = sim_guarded(sim_update("x", "{}"), fetch.head->revision);
        do_here(writer->house, writer->port, &update);
        enum err e = update.err;
        command_deinit(&fetch);
        command_deinit(&update);
        if (e != ERR_REVISION)
            return e == OK;
        writer->conflicts++;
    }
}

/* Owns its writer. */
static void *write_many(void *context)
{
    struct writer *writer = context;
    for (int i = 0; !writer->failed && i < WRITES; i++)
        writer->failed = !write_once(writer);
    return NULL;
}

static void guarded_writes_of_many_threads_all_count(void **state)
{
    struct house *house = *state;
    struct writer writers[HOUSE_PORTS];
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", NULL)), OK);
    for (size_t i = 0; i < HOUSE_PORTS; i++) {
        writers[i] = (struct writer){.house = house, .port = &house->ports[i]};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    uint64_t conflicts = 0;
    for (size_t i = 0; i < HOUSE_PORTS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_false(writers[i].failed);
        conflicts += writers[i].conflicts;
    }
    struct command fetch = sim_fetch("x");
    house_submit(house, &house->port, &fetch);
    assert_int_equal(fetch.head->revision, HOUSE_PORTS * WRITES);
    command_deinit(&fetch);
    assert_int_equal(metric_get(&loop_metrics(house->loop)->conflicts), conflicts);
}

static void hear(struct letter *letter)
{
    (void)letter;
}

static void a_message_was_heard_when_its_answer_comes(void **state)
{
    struct house *house = *state;
    house_start_well(house);
    struct port *port = &house->ports[0];
    assert_int_equal(house_submit_and_forget(house, sim_of(KIND_STREAM, sim_create("s", NULL))),
                     OK);
    port->hear = hear;
    loop_follow(house->loop, FEED_ALL, port);
    assert_int_equal(house_submit_and_forget(house, sim_message("s", "{}")), OK);
    struct chain letters = queue_wait(port->queue, -1);
    assert_int_equal(letters.count, 1);
    struct delivery *delivery = (struct delivery *)letters.first;
    assert_ptr_equal(delivery->letter.arrive, hear);
    assert_int_equal(delivery->notice.change->kind, KIND_MESSAGE);
    delivery_free(delivery);
}

static void stopping_answers_what_was_submitted(void **state)
{
    enum { MANY = 2000 };
    static struct command commands[MANY];
    struct house *house = *state;
    struct chain chain = {0};
    house_start_well(house);
    for (size_t i = 0; i < MANY; i++) {
        commands[i] = sim_create(NULL, NULL);
        commands[i].port = &house->port;
        chain_add(&chain, &commands[i].letter.node);
    }
    loop_submit(house->loop, &chain);
    loop_stop(house->loop);
    house->loop = NULL;
    house->store = fake_store_new(); /* for the end */
    assert_int_equal(queue_take(house->port.queue).count, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(commands[i].err, OK);
        command_deinit(&commands[i]);
    }
}

static void housekeeping_goes_on_beside_the_commands(void **state)
{
    struct house *house = *state;
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_with_ttl(sim_create("x", NULL), 1)), OK);
    atomic_fetch_add(&house->now_ms, 1000);
    turn_until(house, &loop_metrics(house->loop)->expired, 1);
    assert_int_equal(metric_get(&loop_store_metrics(house->loop)->commits), 3);
}

static void failing_housekeeping_is_logged_when_it_begins_and_when_it_ends(void **state)
{
    struct house *house = *state;
    fake_store_fail_after(house->store, 2, ERR_STORE); /* the default service, x */
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_with_ttl(sim_create("x", NULL), 1)), OK);
    atomic_fetch_add(&house->now_ms, 1000);
    turn_until(house, &loop_store_metrics(house->loop)->commit_failures, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(house_submit_and_forget(house, sim_fetch("x")), ERR_NAME_MISSING);
    assert_int_equal(count_logged(house, "housekeeping failed"), 1);
    assert_int_equal(count_logged(house, "housekeeping works again"), 0);
    atomic_fetch_add(&house->now_ms, 1000);
    turn_until(house, &loop_metrics(house->loop)->expired, 1);
    assert_int_equal(house_submit_and_forget(house, sim_fetch("x")), ERR_NAME_MISSING);
    assert_int_equal(count_logged(house, "housekeeping failed"), 1);
    assert_int_equal(count_logged(house, "housekeeping works again"), 1);
}

/* Two commands: the one that waits for the commit never comes back. */
static void an_unsure_store_ends_the_program_without_another_answer(void **state)
{
    struct house *house = *state;
    struct command write = sim_create("x", NULL);
    struct chain chain = {0};
    fake_store_fail_after(house->store, 1, ERR_UNSURE);
    house_start_well(house);
    write.port = &house->port;
    chain_add(&chain, &write.letter.node);
    loop_submit(house->loop, &chain);
    while (!atomic_load(&house->fatal))
        sched_yield();
    struct chain letters;
    assert_false(loop_evaluate(house->loop, &house->port, &(struct chain){0}, &letters));
    loop_stop(house->loop);
    house->loop = NULL;
    house->store = fake_store_new();
    assert_int_equal(house->fatal, 1);
    assert_null(queue_take(house->port.queue).first);
    assert_int_equal(count_logged(house, "level=error"), 1);
    command_deinit(&write);
}

static void a_loop_does_not_start_on_a_store_that_fails(void **state)
{
    struct house *house = *state;
    struct why why;
    fake_store_fail_next(house->store, ERR_STORE);
    assert_int_equal(house_start(house, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "the store cannot be written: "));
    house_start_well(house);
}

static void reads_go_on_while_a_full_batch_waits_for_the_log(void **state)
{
    struct house *house = *state;
    static struct command creates[BATCH_MAX];
    struct chain chain = {0};
    house_start_well(house);
    assert_int_equal(house_submit_and_forget(house, sim_create("x", NULL)), OK);
    fake_store_press(house->store, true);
    for (size_t i = 0; i < BATCH_MAX; i++) {
        creates[i] = sim_create(NULL, NULL);
        creates[i].port = &house->ports[0];
        chain_add(&chain, &creates[i].letter.node);
    }
    loop_submit(house->loop, &chain);
    struct command fetch = sim_fetch("x");
    fetch.port = &house->port;
    chain_add(&chain, &fetch.letter.node);
    loop_submit(house->loop, &chain);
    assert_ptr_equal(queue_wait(house->port.queue, -1).first, &fetch.letter.node);
    fake_store_press(house->store, false);
    size_t left = BATCH_MAX;
    while (left)
        left -= queue_wait(house->ports[0].queue, -1).count;
    command_deinit(&fetch);
    for (size_t i = 0; i < BATCH_MAX; i++)
        command_deinit(&creates[i]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, house_begin, house_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_go_on_while_a_full_batch_waits_for_the_log),
        TEST(a_command_comes_back_through_its_port),
        TEST(answers_go_to_the_port_that_asked),
        TEST(guarded_writes_of_many_threads_all_count),
        TEST(a_message_was_heard_when_its_answer_comes),
        TEST(stopping_answers_what_was_submitted),
        TEST(a_store_that_is_pressed_holds_up_commits_and_nothing_else),
        TEST(a_loop_that_ends_does_not_wait_for_a_store_that_is_pressed),
        TEST(housekeeping_goes_on_beside_the_commands),
        TEST(failing_housekeeping_is_logged_when_it_begins_and_when_it_ends),
        TEST(an_unsure_store_ends_the_program_without_another_answer),
        TEST(a_loop_does_not_start_on_a_store_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
