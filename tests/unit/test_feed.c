#include "sync/feed.h"

#include "sim/audit.h"
#include "sim/fixture.h"
#include "sync/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Whom a feed has told of what: each port is known by a letter in its context. */
static void write_down(void *context, struct port *port, const struct notice *notice)
{
    buf_addf(context, "%s%llu ", (const char *)port->context,
             (unsigned long long)notice->change->seq);
}

static struct port port_called(const char *letter)
{
    return (struct port){.context = (char *)(uintptr_t)letter};
}

static void publish(const struct feed *feed, enum kind kind, uint64_t id, uint64_t seq)
{
    struct change change = {.kind = kind, .id = id, .parent = 7, .seq = seq};
    feed_publish(feed, &(struct notice){.change = &change});
}

static void ports_are_told_of_what_they_follow_while_they_do(void **state)
{
    (void)state;
    struct feed feed;
    struct buf paper;
    buf_init(&paper, 1000);
    struct port a = port_called("a"), b = port_called("b");
    feed_init(&feed, write_down, &paper);
    publish(&feed, KIND_DOCUMENT, 5, 1);
    feed_follow(&feed, 5, &a);
    feed_follow(&feed, 5, &a);
    publish(&feed, KIND_DOCUMENT, 5, 2);
    publish(&feed, KIND_DOCUMENT, 6, 3);
    feed_follow(&feed, 6, &b);
    publish(&feed, KIND_DOCUMENT, 5, 4);
    publish(&feed, KIND_DOCUMENT, 6, 5);
    feed_leave(&feed, 5, &a);
    feed_leave(&feed, 5, &a);
    publish(&feed, KIND_DOCUMENT, 5, 6);
    publish(&feed, KIND_DOCUMENT, 6, 7);
    assert_true(str_eq(buf_str(&paper), STR("a2 a4 b5 b7 ")));
    buf_deinit(&paper);
    feed_deinit(&feed);
}

static void messages_and_permissions_are_told_to_whoever_follows_their_object(void **state)
{
    (void)state;
    struct feed feed;
    struct buf paper;
    buf_init(&paper, 1000);
    struct port a = port_called("a"), b = port_called("b"), c = port_called("c");
    feed_init(&feed, write_down, &paper);
    feed_follow(&feed, 7, &a);
    feed_follow(&feed, FEED_ACCOUNT, &b);
    feed_follow(&feed, FEED_ALL, &c);
    publish(&feed, KIND_MESSAGE, 1, 1);
    publish(&feed, KIND_PERMISSION, 2, 2);
    publish(&feed, KIND_SERVICE, 3, 3);
    publish(&feed, KIND_KEY, 4, 4);
    publish(&feed, KIND_DOCUMENT, 5, 5);
    assert_true(str_eq(buf_str(&paper), STR("a1 c1 a2 c2 b3 c3 b4 c4 c5 ")));
    buf_deinit(&paper);
    feed_deinit(&feed);
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

/* Behind what it knows of, before what it did, also within one commit. */
static void an_answer_has_its_place_among_what_is_told(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    sim_do(sim, sim_create("y", NULL));
    sim_do(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    size_t before = sim->heard_count;
    struct asked *first = sim_ask(sim, sim_update("x", "{\"a\":1}"));
    struct asked *other = sim_ask(sim, sim_update("y", "{\"a\":2}"));
    struct asked *read = sim_ask(sim, sim_fetch("x"));
    struct asked *loser = sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":3}"), 0));
    struct asked *last = sim_ask(sim, sim_remove("x"));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(first->heard - before, 0);
    assert_int_equal(other->heard - before, 1);
    assert_int_equal(read->heard - before, 2);
    assert_int_equal(loser->heard - before, 2);
    assert_int_equal(last->heard - before, 2);
    assert_int_equal(sim->heard_count - before, 3);
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

/* So whoever made it knows that it did before it hears of it. */
static void a_change_is_told_after_its_commit_and_its_answer(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_ask(sim, sim_create("x", NULL));
    size_t heard = sim->heard_count;
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(asked->heard, heard);
    assert_int_equal(sim->heard_count, heard + 1);
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
        cmocka_unit_test(ports_are_told_of_what_they_follow_while_they_do),
        cmocka_unit_test(messages_and_permissions_are_told_to_whoever_follows_their_object),
        ON_EACH_STORE(all_that_is_committed_is_told_in_its_order),
        ON_EACH_STORE(what_was_not_committed_is_not_told),
        ON_EACH_STORE(a_change_is_told_after_its_commit_and_its_answer),
        ON_EACH_STORE(an_answer_has_its_place_among_what_is_told),
        ON_EACH_STORE(nothing_is_told_of_a_commit_that_is_unsure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
