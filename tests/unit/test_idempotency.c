#include "sync/idempotency.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

static struct command push(const char *key)
{
    return sim_keyed(sim_with_data(sim_list_item(VERB_CREATE, "l", NULL), "{}"), key);
}

static size_t pushed(struct sim *sim)
{
    return fixture_count_changes(sim, KIND_LIST_ITEM, EVENT_CREATED);
}

static void a_write_that_comes_again_is_answered_again_and_not_done(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    struct asked *first = sim_do(sim, push("a"));
    size_t heard = sim->heard_count;
    struct asked *again = sim_do(sim, push("a"));
    assert_refused(again, OK);
    assert_ptr_equal(again->command.head, first->command.head);
    assert_int_equal(sim->heard_count, heard);
    assert_int_equal(pushed(sim), 1);
    sim_do(sim, push("b"));
    assert_int_equal(pushed(sim), 2);
}

static void a_repeat_in_the_same_batch_waits_for_the_same_commit(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    uint64_t commits = sim->commits;
    struct asked *first = sim_ask(sim, push("a"));
    struct asked *again = sim_ask(sim, push("a"));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(again->commits, commits + 1);
    assert_ptr_equal(again->command.head, first->command.head);
    assert_int_equal(pushed(sim), 1);
}

static void a_commit_that_fails_leaves_no_key(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    struct asked *first = sim_ask(sim, push("a"));
    struct asked *again = sim_ask(sim, push("a"));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(first, ERR_STORE);
    assert_refused(again, ERR_STORE);
    assert_refused(sim_do(sim, push("a")), OK);
    assert_int_equal(pushed(sim), 1);
}

static void what_was_refused_is_tried_again(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{}"));
    struct command stale = sim_keyed(sim_guarded(sim_update("x", "{\"a\":1}"), 1), "a");
    assert_refused(sim_do(sim, stale), ERR_REVISION);
    sim_do(sim, sim_update("x", "{}"));
    assert_answer(sim, sim_do(sim, stale), "2 {\"a\":1}");
    sim_do(sim, sim_update("x", "{\"a\":2}"));
    assert_answer(sim, sim_do(sim, stale), "2 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_fetch("x")), "3 {\"a\":2}");
}

static void every_kind_of_write_may_come_again(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_MAP, sim_create("m", NULL)));
    sim_do(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    struct command writes[] = {
        sim_create("x", "{}"),
        sim_update("x", "{\"a\":1}"),
        sim_remove("x"),
        sim_with_data(sim_map_item(VERB_PUT, "m", "k"), "{}"),
        sim_map_item(VERB_REMOVE, "m", "k"),
        sim_message("s", "{}"),
        sim_of(KIND_MAP, sim_remove("m")),
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct command write = sim_keyed(writes[i], sim_name(sim, "k%zu", i));
        struct asked *first = sim_do(sim, write);
        assert_refused(first, OK);
        size_t heard = sim->heard_count;
        struct asked *again = sim_do(sim, write);
        if (i == sizeof writes / sizeof *writes - 1)
            break; /* nothing in the map any more: only itself is looked at */
        assert_refused(again, OK);
        assert_ptr_equal(again->command.head, first->command.head);
        assert_int_equal(sim->heard_count, heard);
    }
}

static void a_key_belongs_to_one_write_of_one_identity(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{}"));
    struct command write = sim_keyed(sim_update("x", "{\"a\":1}"), "a");
    assert_refused(sim_do(sim, write), OK);
    assert_refused(sim_do(sim, sim_keyed(sim_update("x", "{\"a\":2}"), "a")), ERR_KEY_REUSED);
    assert_refused(sim_do(sim, sim_keyed(sim_remove("x"), "a")), ERR_KEY_REUSED);
    assert_refused(sim_do(sim, sim_guarded(write, 0)), ERR_KEY_REUSED);
    assert_refused(sim_do(sim, sim_with_ttl(write, 5)), ERR_KEY_REUSED);
    write.identity = STR("bob");
    assert_answer(sim, sim_do(sim, write), "2 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_fetch("x")), "2 {\"a\":1}");
}

static struct asked *repeat(struct sim *sim, const char *key, int64_t first_sent_ms)
{
    struct command command = push(key);
    command.first_sent_ms = first_sent_ms;
    return sim_do(sim, command);
}

static void keys_are_forgotten_when_they_are_old_and_whoever_asks_is_told(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    int64_t early_ms = sim->now_ms += 1;
    sim_do(sim, push("a"));
    sim->now_ms += SIM_IDEMPOTENCY_KEEP_MS;
    assert_refused(repeat(sim, "a", early_ms), OK);
    assert_int_equal(pushed(sim), 1);
    sim->now_ms += 1;
    assert_refused(repeat(sim, "a", early_ms), ERR_KEY_FORGOTTEN);
    assert_refused(repeat(sim, "new", early_ms + 1), OK);
    assert_refused(repeat(sim, "a", 0), OK);
    assert_int_equal(pushed(sim), 3);
}

static void keys_are_forgotten_when_there_is_no_room_the_oldest_first(void **state)
{
    struct sim *sim = *state;
    char data[2000];
    sim_do(sim, sim_create("x", "{}"));
    memset(data, 'a', sizeof data);
    memcpy(data, "{\"a\":\"", 6);
    memcpy(data + sizeof data - 3, "\"}", 3);
    int64_t early_ms = sim->now_ms += 1;
    for (size_t i = 0; i < 100; i++) {
        sim_do(sim, sim_keyed(sim_update("x", data), sim_name(sim, "k%zu", i)));
        sim->now_ms += 1;
    }
    struct command old = sim_keyed(sim_update("x", data), "k0");
    struct command young = sim_keyed(sim_update("x", data), "k99");
    old.first_sent_ms = young.first_sent_ms = early_ms;
    assert_refused(sim_do(sim, old), ERR_KEY_FORGOTTEN);
    assert_refused(sim_do(sim, young), OK);
    assert_int_equal(sim_do(sim, sim_fetch("x"))->command.head->revision, 100);
}

static void a_new_start_knows_no_keys_and_says_so(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    int64_t before_ms = sim->now_ms += 1;
    sim_do(sim, push("a"));
    sim->now_ms += 1;
    assert_int_equal(sim_restart(sim), OK);
    sim->now_ms += 1;
    assert_refused(repeat(sim, "a", before_ms), ERR_KEY_FORGOTTEN);
    assert_refused(repeat(sim, "b", sim->now_ms), OK);
}

/* Writes are sent again at random, some commits fail: in the end each was done once. */
static void whatever_comes_again_is_done_once(void **state)
{
    struct sim *sim = *state;
    enum { WRITES = 100 };
    bool done[WRITES] = {false};
    size_t count = 0;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    while (count < WRITES) {
        struct asked *asked[20];
        size_t which[20], some = 1 + sim_random(sim) % 20;
        for (size_t i = 0; i < some; i++) {
            which[i] = sim_random(sim) % WRITES;
            asked[i] = sim_ask(sim, push(sim_name(sim, "k%zu", which[i])));
        }
        if (sim_random(sim) % 4 == 0)
            sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
        assert_int_equal(sim_run(sim), OK);
        sim_fail(sim, SIM_COMMIT, 0, OK);
        for (size_t i = 0; i < some; i++) {
            count += !asked[i]->command.err && !done[which[i]];
            done[which[i]] = done[which[i]] || !asked[i]->command.err;
        }
        assert_int_equal(pushed(sim), count);
    }
}

static void a_key_is_visible_ascii(void **state)
{
    char longest[IDEMPOTENCY_KEY_MAX + 2];
    struct why why;
    (void)state;
    memset(longest, 'k', sizeof longest);
    struct str text = {longest, IDEMPOTENCY_KEY_MAX};
    assert_int_equal(idempotency_check(text, &why), OK);
    text.len++;
    assert_int_equal(idempotency_check(text, &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("!~"), &why), OK);
    assert_int_equal(idempotency_check(STR(""), &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("a b"), &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("\x7f"), &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("\xc3\xa4"), &why), ERR_PARAMETER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_write_that_comes_again_is_answered_again_and_not_done),
        ON_EACH_STORE(a_repeat_in_the_same_batch_waits_for_the_same_commit),
        ON_EACH_STORE(a_commit_that_fails_leaves_no_key),
        ON_EACH_STORE(what_was_refused_is_tried_again),
        ON_EACH_STORE(every_kind_of_write_may_come_again),
        ON_EACH_STORE(a_key_belongs_to_one_write_of_one_identity),
        ON_EACH_STORE(keys_are_forgotten_when_they_are_old_and_whoever_asks_is_told),
        ON_EACH_STORE(keys_are_forgotten_when_there_is_no_room_the_oldest_first),
        ON_EACH_STORE(a_new_start_knows_no_keys_and_says_so),
        ON_EACH_STORE(whatever_comes_again_is_done_once),
        cmocka_unit_test(a_key_is_visible_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
