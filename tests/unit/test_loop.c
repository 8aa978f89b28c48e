#include "sync/loop.h"

#include "fake/fake_store.h"
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, WRITES = 200, TURNS_MAX = 1000 };

/* A loop on a fake store, with a clock that any thread may read. */
struct house {
    struct loop *loop;
    struct store *store;
    struct port port; /* of the thread that runs the test */
    struct port ports[THREADS];
    struct log *log;
    struct scratch folder;
    _Atomic int64_t now_ms;
    atomic_int fatal;
};

static int64_t now_ms(void *context)
{
    return atomic_load(&((struct house *)context)->now_ms);
}

static void on_fatal(void *context)
{
    atomic_fetch_add(&((struct house *)context)->fatal, 1);
}

static int begin(void **state)
{
    static struct house house;
    struct why why;
    house = (struct house){.store = fake_store_new(), .now_ms = 1000000};
    house.port.queue = queue_new(NULL, NULL);
    for (size_t i = 0; i < THREADS; i++)
        house.ports[i].queue = queue_new(NULL, NULL);
    scratch_init(&house.folder);
    char path[512];
    scratch_file(&house.folder, "log", path, sizeof path);
    *state = &house;
    return log_open(&house.log, path, LOG_LOGFMT, LOG_INFO, clock_system(), &why) != OK;
}

static int end(void **state)
{
    struct house *house = *state;
    if (house->loop)
        loop_stop(house->loop); /* closes the store */
    else
        store_close(house->store);
    queue_free(
        house->port.queue); /* only now: the loop may have been about to return from a push */
    for (size_t i = 0; i < THREADS; i++)
        queue_free(house->ports[i].queue);
    log_close(house->log);
    scratch_deinit(&house->folder);
    return 0;
}

static enum err start(struct house *house, struct why *why)
{
    struct loop_options options = {
        .store = house->store,
        .clock = {now_ms, house},
        .random = random_system(),
        .log = house->log,
        .fatal = on_fatal,
        .context = house,
    };
    return loop_start(&house->loop, &options, why);
}

static void start_well(struct house *house)
{
    struct why why;
    assert_int_equal(start(house, &why), OK);
}

/* Submit one and wait for it. */
static void submit(struct house *house, struct port *port, struct command *command)
{
    struct chain chain = {0};
    command->port = port;
    chain_add(&chain, &command->letter.node);
    loop_submit(house->loop, &chain);
    chain = queue_wait(port->queue, -1);
    assert_ptr_equal(chain.first, &command->letter.node);
    assert_int_equal(chain.count, 1);
}

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

static enum err submit_and_forget(struct house *house, struct command command)
{
    submit(house, &house->port, &command);
    command_deinit(&command);
    return command.err;
}

/* Turn the loop until something has been counted. */
static void turn_until(struct house *house, const struct metric *metric, uint64_t value)
{
    for (int i = 0; metric_get(metric) != value; i++) {
        assert_in_range(i, 0, TURNS_MAX);
        assert_int_equal(submit_and_forget(house, (struct command){.verb = VERB_CHECK}), OK);
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
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_create("x", "{\"a\":1}")), OK);
    struct command fetch = sim_fetch("x");
    submit(house, &house->port, &fetch);
    assert_int_equal(fetch.err, OK);
    assert_true(str_eq(fetch.head->data, STR("{\"a\":1}")));
    command_deinit(&fetch);
    assert_int_equal(submit_and_forget(house, sim_fetch("y")), ERR_NAME_MISSING);
}

static void answers_go_to_the_port_that_asked(void **state)
{
    struct house *house = *state;
    struct port *other = &house->ports[0];
    struct command mine = sim_create("x", NULL), theirs = sim_create("y", NULL);
    struct chain chain = {0};
    start_well(house);
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

static void a_read_is_answered_on_the_thread_that_asks(void **state)
{
    struct house *house = *state;
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_create("x", "{\"a\":1}")), OK);
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
    start_well(house);
    assert_false(evaluate(house, &house->port, &create));
    struct chain letters = queue_wait(house->port.queue, -1);
    assert_ptr_equal(letters.first, &create.letter.node);
    assert_int_equal(create.err, OK);
    assert_int_equal(metric_get(&loop_store_metrics(house->loop)->commits), 2);
    command_deinit(&create);
}

static void several_items_are_read_on_the_thread_that_asks_but_no_pages(void **state)
{
    struct house *house = *state;
    const struct str names[] = {STR("b"), STR("none"), STR("a")};
    struct command many = sim_map_item(VERB_FETCH_MANY, "m", NULL);
    struct command page = sim_map_item(VERB_LIST, "m", NULL);
    struct chain pages = {0}, letters;
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_of(KIND_MAP, sim_create("m", NULL))), OK);
    for (size_t i = 0; i < 3; i += 2) {
        struct command put = sim_on(sim_map_item(VERB_PUT, "m", NULL), names[i]);
        assert_int_equal(submit_and_forget(house, sim_with_data(put, "{}")), OK);
    }
    many.names = names;
    many.names_count = 3;
    chain_add(&pages, &page.letter.node);
    assert_false(loop_evaluate(house->loop, &house->port, &pages, &letters));
    assert_ptr_equal(pages.first, &page.letter.node);
    assert_true(evaluate(house, &house->port, &many));
    assert_int_equal(many.err, OK);
    assert_int_equal(many.heads_count, 2);
    assert_true(str_eq(many.heads[0]->name, names[0]));
    assert_true(str_eq(many.heads[1]->name, names[2]));
    command_deinit(&many);
}

static void what_is_refused_for_want_of_room_is_answered(void **state)
{
    struct house *house = *state;
    fake_store_fail_after(house->store, 1, ERR_STORE); /* the default service */
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_create("x", NULL)), ERR_STORE);
    assert_int_equal(submit_and_forget(house, sim_create("x", NULL)), OK);
}

/* A thread that was not nudged would find each of them only when its rest is over: this would not
 * end in the time that a test has. */
static void whoever_is_alone_does_not_wait_for_the_rest_to_end(void **state)
{
    enum { MANY = 10000 };
    struct house *house = *state;
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_create("x", NULL)), OK);
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
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_create("x", "{\"n\":0}")), OK);
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

static void pages_in_the_queue_are_left_to_the_loop(void **state)
{
    struct house *house = *state;
    struct disk disk;
    struct chain chain = {0}, letters;
    struct command write = sim_create("y", NULL), page = sim_list(10), fetch = sim_fetch("x");
    start_on(house, &disk);
    assert_false(evaluate(house, &house->port, &write));
    wait_for_sync(&disk, 3);
    page.port = fetch.port = &house->ports[0];
    chain_add(&chain, &page.letter.node);
    loop_submit(house->loop, &chain);
    chain_add(&chain, &fetch.letter.node);
    assert_false(loop_evaluate(house->loop, &house->ports[0], &chain, &letters));
    assert_null(letters.first);
    loop_submit(house->loop, &chain);
    atomic_store(&disk.allowed, 3);
    letters = queue_wait(house->ports[0].queue, -1);
    if (letters.count < 2) {
        struct chain rest = queue_wait(house->ports[0].queue, -1);
        chain_join(&letters, &rest);
    }
    assert_ptr_equal(chain_shift(&letters), &page.letter.node);
    assert_ptr_equal(chain_shift(&letters), &fetch.letter.node);
    assert_int_equal(page.heads_count, 2);
    assert_ptr_equal(queue_wait(house->port.queue, -1).first, &write.letter.node);
    command_deinit(&write);
    command_deinit(&page);
    command_deinit(&fetch);
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
    struct writer writers[THREADS];
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_create("x", NULL)), OK);
    for (size_t i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.house = house, .port = &house->ports[i]};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    uint64_t conflicts = 0;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_false(writers[i].failed);
        conflicts += writers[i].conflicts;
    }
    struct command fetch = sim_fetch("x");
    submit(house, &house->port, &fetch);
    assert_int_equal(fetch.head->revision, THREADS * WRITES);
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
    start_well(house);
    struct port *port = &house->ports[0];
    assert_int_equal(submit_and_forget(house, sim_of(KIND_STREAM, sim_create("s", NULL))), OK);
    port->hear = hear;
    loop_follow(house->loop, FEED_ALL, port);
    assert_int_equal(submit_and_forget(house, sim_message("s", "{}")), OK);
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
    start_well(house);
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
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_with_ttl(sim_create("x", NULL), 1)), OK);
    atomic_fetch_add(&house->now_ms, 1000);
    turn_until(house, &loop_metrics(house->loop)->expired, 1);
    assert_int_equal(metric_get(&loop_store_metrics(house->loop)->commits), 3);
}

static void failing_housekeeping_is_logged_when_it_begins_and_when_it_ends(void **state)
{
    struct house *house = *state;
    fake_store_fail_after(house->store, 2, ERR_STORE); /* the default service, x */
    start_well(house);
    assert_int_equal(submit_and_forget(house, sim_with_ttl(sim_create("x", NULL), 1)), OK);
    atomic_fetch_add(&house->now_ms, 1000);
    turn_until(house, &loop_store_metrics(house->loop)->commit_failures, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(submit_and_forget(house, sim_fetch("x")), ERR_NAME_MISSING);
    assert_int_equal(count_logged(house, "housekeeping failed"), 1);
    assert_int_equal(count_logged(house, "housekeeping works again"), 0);
    atomic_fetch_add(&house->now_ms, 1000);
    turn_until(house, &loop_metrics(house->loop)->expired, 1);
    assert_int_equal(submit_and_forget(house, sim_fetch("x")), ERR_NAME_MISSING);
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
    start_well(house);
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
    assert_int_equal(start(house, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "the store cannot be written: "));
    start_well(house);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_command_comes_back_through_its_port),
        TEST(answers_go_to_the_port_that_asked),
        TEST(a_read_is_answered_on_the_thread_that_asks),
        TEST(a_write_on_the_thread_that_asks_is_answered_when_the_disk_has_it),
        TEST(several_items_are_read_on_the_thread_that_asks_but_no_pages),
        TEST(what_is_refused_for_want_of_room_is_answered),
        TEST(whoever_is_alone_does_not_wait_for_the_rest_to_end),
        TEST(others_are_read_while_the_disk_is_at_it),
        TEST(writes_that_come_meanwhile_share_the_next_commit),
        TEST(what_was_left_in_the_queue_comes_first),
        TEST(pages_in_the_queue_are_left_to_the_loop),
        TEST(guarded_writes_of_many_threads_all_count),
        TEST(a_message_was_heard_when_its_answer_comes),
        TEST(stopping_answers_what_was_submitted),
        TEST(housekeeping_goes_on_beside_the_commands),
        TEST(failing_housekeeping_is_logged_when_it_begins_and_when_it_ends),
        TEST(an_unsure_store_ends_the_program_without_another_answer),
        TEST(a_loop_does_not_start_on_a_store_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
