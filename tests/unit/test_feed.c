#include "sync/feed.h"

#include "sim/audit.h"
#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A listener that writes down a letter for each change. */
struct ear {
    struct feed_listener listener;
    char letter;
    struct buf *paper;
};

static void hear(void *context, struct change *change)
{
    struct ear *ear = context;
    buf_addf(ear->paper, "%c%llu ", ear->letter, (unsigned long long)change->seq);
}

static struct ear listen(char letter, struct buf *paper)
{
    return (struct ear){{.hear = hear}, letter, paper};
}

static void join(struct feed *feed, struct ear *ear)
{
    ear->listener.context = ear;
    feed_join(feed, &ear->listener);
}

static void publish(const struct feed *feed, uint64_t seq)
{
    struct change change = {.kind = KIND_DOCUMENT, .seq = seq};
    feed_publish(feed, &change);
}

static void listeners_hear_what_happens_while_they_are_there(void **state)
{
    (void)state;
    struct feed feed;
    struct buf paper;
    buf_init(&paper, 1000);
    struct ear a = listen('a', &paper), b = listen('b', &paper), c = listen('c', &paper);
    feed_init(&feed);
    publish(&feed, 1);
    join(&feed, &a);
    publish(&feed, 2);
    join(&feed, &b);
    join(&feed, &c);
    publish(&feed, 3);
    feed_leave(&b.listener);
    publish(&feed, 4);
    feed_leave(&a.listener);
    join(&feed, &a);
    publish(&feed, 5);
    feed_leave(&a.listener);
    feed_leave(&c.listener);
    publish(&feed, 6);
    assert_true(str_eq(buf_str(&paper), STR("a2 a3 b3 c3 a4 c4 c5 a5 ")));
    buf_deinit(&paper);
}

static void assert_told(struct sim *sim)
{
    struct audit audit;
    struct why why = {0};
    audit_init(&audit, &sim->store);
    bool told = audit_was_told(&audit, sim->heard, sim->heard_count, true, &why);
    audit_deinit(&audit);
    assert_string_equal(why.text, "");
    assert_true(told);
}

static struct command push(const char *list, int64_t ttl_s)
{
    struct command command = sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{}");
    return sim_with_ttl(command, ttl_s);
}

/* Whoever makes it: requests, expiry, purging, the first start. */
static void all_that_is_committed_is_told_in_its_order(void **state)
{
    struct sim *sim = *state;
    assert_told(sim);
    for (size_t i = 0; i < 100; i++) {
        sim_ask(sim, sim_of(KIND_LIST, sim_create(sim_name(sim, "l%zu", i), NULL)));
        sim_ask(sim, push(sim_name(sim, "l%zu", i), i % 3));
        sim_ask(sim, sim_of(KIND_LIST, sim_remove(sim_name(sim, "l%zu", i / 2))));
    }
    assert_int_equal(sim_run(sim), OK);
    assert_told(sim);
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_told(sim);
    assert_int_equal(sim_restart(sim), OK);
    sim_do(sim, sim_about(KIND_SERVICE, VERB_REMOVE, STR("default")));
    sim->now_ms += 1000;
    fixture_sweep(sim);
    assert_told(sim);
}

static void what_was_not_committed_is_not_told(void **state)
{
    struct sim *sim = *state;
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    sim_do(sim, sim_create("x", NULL));
    assert_told(sim);
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 1000;
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    assert_int_equal(sim_tidy(sim), ERR_STORE);
    assert_told(sim);
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_told(sim);
}

/* So whoever asks on hearing, finds; and whoever has the answer, has been heard. */
static void a_change_is_told_between_its_commit_and_its_answer(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_ask(sim, sim_create("x", NULL));
    size_t heard = sim->heard_count;
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(asked->heard, heard + 1);
    assert_int_equal(sim->heard[heard]->seq, store_seq(&sim->store));
}

/* Only a restart can tell what was kept; until then nobody is told of it. */
static void nothing_is_told_of_a_commit_that_is_unsure(void **state)
{
    struct sim *sim = *state;
    for (int kept = 0; kept < 2; kept++) {
        size_t heard = sim->heard_count;
        sim->unsure_keeps = kept;
        sim_fail(sim, SIM_COMMIT, 0, ERR_UNSURE);
        sim_ask(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
        sim_ask(sim, sim_message("s", "{}"));
        assert_int_equal(sim_run(sim), ERR_UNSURE);
        assert_int_equal(sim->heard_count, heard);
        assert_int_equal(sim_restart(sim), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_hear_what_happens_while_they_are_there),
        ON_EACH_STORE(all_that_is_committed_is_told_in_its_order),
        ON_EACH_STORE(what_was_not_committed_is_not_told),
        ON_EACH_STORE(a_change_is_told_between_its_commit_and_its_answer),
        ON_EACH_STORE(nothing_is_told_of_a_commit_that_is_unsure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
