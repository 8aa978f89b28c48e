#include "sync/message.h"

#include "sim/fixture.h"
#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_refused(answer, error) assert_int_equal((answer)->command.err, error)

static void make_stream(struct sim *sim)
{
    assert_refused(sim_do(sim, sim_of(KIND_STREAM, sim_create("s", NULL))), OK);
}

/* Messages heard so far. */
static size_t messages(const struct sim *sim)
{
    size_t count = 0;
    for (size_t i = 0; i < sim->heard_count; i++)
        count += sim->heard[i]->kind == KIND_MESSAGE;
    return count;
}

static void a_message_is_heard_at_once_and_kept_nowhere(void **state)
{
    struct sim *sim = *state;
    make_stream(sim);
    uint64_t seq = store_seq(&sim->store), commits = sim->commits;
    struct asked *asked = sim_do(sim, sim_message("s", "{\"a\":1}"));
    assert_refused(asked, OK);
    assert_int_equal(messages(sim), 1);
    const struct change *heard = sim->heard[sim->heard_count - 1];
    assert_ptr_equal(heard, asked->command.head);
    assert_true(str_eq(heard->data, STR("{\"a\":1}")));
    assert_true(str_eq(heard->author, STR("tester")));
    assert_int_equal(heard->parent, asked->command.container_head->id);
    assert_int_equal(heard->seq, 0);
    assert_int_equal(heard->created_ms, sim->now_ms);
    assert_int_equal(store_seq(&sim->store), seq);
    assert_int_equal(sim->commits, commits);
    assert_int_equal(metric_get(&core_metrics(sim->core)->messages), 1);
}

static void each_message_has_a_sid_of_its_own(void **state)
{
    struct sim *sim = *state;
    make_stream(sim);
    struct str one = sim_sid(sim, sim_do(sim, sim_message("s", "{}")));
    struct str two = sim_sid(sim, sim_do(sim, sim_message("s", "{}")));
    assert_true(sid_is_shaped(one));
    assert_true(str_starts(one, STR("TZ")));
    assert_false(str_eq(one, two));
}

static void a_message_without_data_is_refused(void **state)
{
    struct sim *sim = *state;
    make_stream(sim);
    assert_refused(sim_do(sim, sim_message("s", NULL)), ERR_DATA);
    assert_int_equal(messages(sim), 0);
    assert_int_equal(metric_get(&core_metrics(sim->core)->messages), 0);
}

static void a_message_needs_its_stream(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_do(sim, sim_message("s", "{}"));
    assert_refused(asked, ERR_NAME_MISSING);
    assert_int_equal(asked->command.subject, KIND_STREAM);
    make_stream(sim);
    sim_do(sim, sim_with_ttl(sim_of(KIND_STREAM, sim_update("s", NULL)), 1));
    assert_refused(sim_do(sim, sim_message("s", "{}")), OK);
    sim->now_ms += 1000;
    assert_refused(sim_do(sim, sim_message("s", "{}")), ERR_NAME_MISSING);
    assert_int_equal(messages(sim), 1);
}

static void a_message_changes_nothing_of_its_stream(void **state)
{
    struct sim *sim = *state;
    make_stream(sim);
    uint64_t seq = sim_do(sim, sim_of(KIND_STREAM, sim_fetch("s")))->command.head->seq;
    sim_do(sim, sim_message("s", "{}"));
    assert_int_equal(sim_do(sim, sim_of(KIND_STREAM, sim_fetch("s")))->command.head->seq, seq);
}

static void a_message_waits_for_the_commit_of_its_stream(void **state)
{
    struct sim *sim = *state;
    uint64_t commits = sim->commits;
    sim_ask(sim, sim_create("before", NULL));
    struct asked *created = sim_ask(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    struct asked *sent = sim_ask(sim, sim_message("s", "{}"));
    sim_ask(sim, sim_create("after", NULL));
    size_t heard = sim->heard_count;
    assert_int_equal(sim_run(sim), OK);
    assert_refused(sent, OK);
    assert_int_equal(sent->commits, commits + 1);
    assert_int_equal(sim->heard_count, heard + 4);
    assert_ptr_equal(sim->heard[heard + 1], created->command.head);
    assert_ptr_equal(sim->heard[heard + 2], sent->command.head);
    assert_int_equal(metric_get(&core_metrics(sim->core)->messages), 1);
}

static void answers_come_behind_the_messages_before_them_also_across_commits(void **state)
{
    struct sim *sim = *state;
    size_t heard = sim->heard_count;
    sim_ask(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    struct asked *first = sim_ask(sim, sim_message("s", "{}"));
    struct asked *second = sim_ask_meanwhile(sim, sim_message("s", "{}"));
    struct asked *written = sim_ask_meanwhile(sim, sim_create("x", NULL));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(sim->heard_count, heard + 4);
    assert_ptr_equal(sim->heard[heard + 1], first->command.head);
    assert_ptr_equal(sim->heard[heard + 2], second->command.head);
    assert_ptr_equal(sim->heard[heard + 3], written->command.head);
    assert_int_equal(first->heard, heard + 1);
    assert_int_equal(second->heard, heard + 2);
    assert_int_equal(written->heard, heard + 3);
}

static void a_message_to_a_stream_whose_commit_failed_is_not_heard(void **state)
{
    struct sim *sim = *state;
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    sim_ask(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    struct asked *sent = sim_ask(sim, sim_message("s", "{}"));
    size_t heard = sim->heard_count;
    assert_int_equal(sim_run(sim), OK);
    assert_refused(sent, ERR_STORE);
    assert_int_equal(sim->heard_count, heard);
    assert_int_equal(metric_get(&core_metrics(sim->core)->messages), 0);
    make_stream(sim); /* and not later either */
    assert_int_equal(messages(sim), 0);
}

/* The stream was there all the time, and the batch's failure is no matter of this message. */
static void a_message_beside_a_commit_that_fails_is_heard_all_the_same(void **state)
{
    struct sim *sim = *state;
    make_stream(sim);
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    struct asked *write = sim_ask(sim, sim_create("x", NULL));
    struct asked *sent = sim_ask(sim, sim_message("s", "{}"));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(write, ERR_STORE);
    assert_refused(sent, OK);
    assert_int_equal(messages(sim), 1);
}

static void messages_of_one_batch_are_heard_in_their_order(void **state)
{
    enum { MANY = BATCH_MAX + 10 };
    struct sim *sim = *state;
    struct asked *asked[MANY];
    sim_ask(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    for (size_t i = 0; i < MANY; i++)
        asked[i] = sim_ask(sim, sim_message("s", "{}"));
    size_t heard = sim->heard_count + 1;
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(messages(sim), MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(sim->heard[heard + i], asked[i]->command.head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_message_is_heard_at_once_and_kept_nowhere),
        ON_EACH_STORE(each_message_has_a_sid_of_its_own),
        ON_EACH_STORE(a_message_without_data_is_refused),
        ON_EACH_STORE(a_message_needs_its_stream),
        ON_EACH_STORE(a_message_changes_nothing_of_its_stream),
        ON_EACH_STORE(a_message_waits_for_the_commit_of_its_stream),
        ON_EACH_STORE(answers_come_behind_the_messages_before_them_also_across_commits),
        ON_EACH_STORE(a_message_to_a_stream_whose_commit_failed_is_not_heard),
        ON_EACH_STORE(a_message_beside_a_commit_that_fails_is_heard_all_the_same),
        ON_EACH_STORE(messages_of_one_batch_are_heard_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
