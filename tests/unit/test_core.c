#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

static const char *shown(struct sim *sim, const char *name)
{
    return sim_shows(sim, sim_do(sim, sim_fetch(name)));
}

/* --- batches --- */

static void writes_of_one_batch_are_decided_in_their_order(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    struct asked *winner = sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":1}"), 0));
    struct asked *loser = sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":2}"), 0));
    struct asked *unguarded = sim_ask(sim, sim_update("x", "{\"a\":3}"));
    struct asked *stale = sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":4}"), 1));
    struct asked *next = sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":5}"), 2));
    uint64_t commits = sim->commits;
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(sim->commits, commits + 1);
    assert_answer(sim, winner, "1 {\"a\":1}");
    assert_refused(loser, ERR_REVISION);
    assert_answer(sim, unguarded, "2 {\"a\":3}");
    assert_refused(stale, ERR_REVISION);
    assert_answer(sim, next, "3 {\"a\":5}");
    assert_string_equal(shown(sim, "x"), "3 {\"a\":5}");
}

static void a_whole_life_fits_into_one_batch(void **state)
{
    struct sim *sim = *state;
    struct asked *created = sim_ask(sim, sim_create("x", "{\"a\":1}"));
    struct asked *taken = sim_ask(sim, sim_create("x", "{\"a\":2}"));
    struct asked *updated = sim_ask(sim, sim_update("x", "{\"a\":3}"));
    struct asked *removed = sim_ask(sim, sim_remove("x"));
    struct asked *missed = sim_ask(sim, sim_fetch("x"));
    struct asked *again = sim_ask(sim, sim_create("x", "{\"a\":4}"));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, created, "0 {\"a\":1}");
    assert_refused(taken, ERR_NAME_TAKEN);
    assert_answer(sim, updated, "1 {\"a\":3}");
    assert_refused(removed, OK);
    assert_refused(missed, ERR_NAME_MISSING);
    assert_answer(sim, again, "0 {\"a\":4}");
    assert_string_equal(shown(sim, "x"), "0 {\"a\":4}");
}

static void a_read_that_depends_on_nothing_uncommitted_does_not_wait(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    sim_do(sim, sim_create("y", NULL));
    uint64_t commits = sim->commits;
    struct asked *write = sim_ask(sim, sim_update("y", "{\"b\":1}"));
    struct asked *read = sim_ask(sim, sim_fetch("x"));
    struct asked *missed = sim_ask(sim, sim_fetch("z"));
    struct asked *listed = sim_ask(sim, sim_list(10));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(read->commits, commits);
    assert_int_equal(missed->commits, commits);
    assert_int_equal(listed->commits, commits);
    assert_int_equal(write->commits, commits + 1);
    assert_answer(sim, read, "0 {\"a\":1}");
}

static size_t count_answered(struct asked *const *asked, size_t count)
{
    size_t answered = 0;
    for (size_t i = 0; i < count; i++)
        answered += asked[i]->answered;
    return answered;
}

/* One at least, so that they come to an end. */
static void pages_are_read_one_at_a_time_while_somebody_calls(void **state)
{
    enum { PAGES = 3 };
    struct sim *sim = *state;
    struct asked *pages[PAGES];
    for (size_t i = 0; i < PAGES; i++)
        pages[i] = sim_ask(sim, sim_list(10));
    core_evaluate(sim->core, &sim->batch);
    assert_true(core_has_reads(sim->core));
    atomic_store(&sim->called, true);
    for (size_t i = 1; i <= PAGES; i++) {
        assert_int_equal(core_read(sim->core, &sim->called), i < PAGES);
        assert_int_equal(count_answered(pages, PAGES), i);
    }
    assert_false(core_has_reads(sim->core));
}

static void an_answer_that_depends_on_something_uncommitted_waits(void **state)
{
    struct sim *sim = *state;
    struct str sid = sim_sid(sim, sim_do(sim, sim_create("x", NULL)));
    uint64_t commits = sim->commits;
    struct asked *asked[] = {
        sim_ask(sim, sim_update("x", "{\"a\":1}")),
        sim_ask(sim, sim_fetch("x")),
        sim_ask(sim, sim_on(sim_fetch(NULL), sid)),
        sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":2}"), 0)),
        sim_ask(sim, sim_create("y", NULL)),
        sim_ask(sim, sim_create("y", NULL)),
        sim_ask(sim, sim_remove("x")),
        sim_ask(sim, sim_fetch("x")),
    };
    assert_int_equal(sim_run(sim), OK);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        assert_int_equal(asked[i]->commits, commits + 1);
    assert_answer(sim, asked[1], "1 {\"a\":1}");
    assert_answer(sim, asked[2], "1 {\"a\":1}");
    assert_refused(asked[3], ERR_REVISION);
    assert_refused(asked[5], ERR_NAME_TAKEN);
    assert_refused(asked[7], ERR_NAME_MISSING);
}

static void reads_alone_commit_nothing(void **state)
{
    struct sim *sim = *state;
    uint64_t commits = sim->commits;
    sim_ask(sim, sim_fetch("x"));
    sim_ask(sim, sim_update("x", "{}"));
    sim_ask(sim, sim_list(10));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(sim->commits, commits);
}

static void more_commands_than_a_batch_holds_are_all_answered_in_order(void **state)
{
    enum { MANY = 2 * BATCH_MAX + 10 };
    struct sim *sim = *state;
    struct asked *asked[MANY];
    sim_do(sim, sim_create("x", NULL));
    uint64_t commits = sim->commits;
    for (size_t i = 0; i < MANY; i++)
        asked[i] = sim_ask(sim, sim_update("x", "{}"));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(sim->commits, commits + 3);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(asked[i]->command.head->revision, i + 1);
    assert_int_equal(metric_get(&core_metrics(sim->core)->queue_depth_max), MANY);
}

static void names_that_expired_can_all_be_taken_in_one_batch(void **state)
{
    struct sim *sim = *state;
    static char names[BATCH_MAX][8];
    for (size_t i = 0; i < BATCH_MAX; i++) {
        snprintf(names[i], sizeof names[i], "n%zu", i);
        sim_ask(sim, sim_with_ttl(sim_create(names[i], NULL), 1));
    }
    assert_int_equal(sim_run(sim), OK);
    sim->now_ms += 1000;
    struct asked *last = NULL;
    for (size_t i = 0; i < BATCH_MAX; i++)
        last = sim_ask(sim, sim_create(names[i], "{\"a\":1}"));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, last, "0 {\"a\":1}");
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), BATCH_MAX);
}

/* --- failures --- */

static void a_failed_commit_refuses_the_writes_and_shows_reads_nothing_of_them(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    struct asked *update = sim_ask(sim, sim_update("x", "{\"a\":2}"));
    struct asked *loser = sim_ask(sim, sim_guarded(sim_update("x", "{\"a\":3}"), 0));
    struct asked *fetch = sim_ask(sim, sim_fetch("x"));
    struct asked *create = sim_ask(sim, sim_create("y", NULL));
    struct asked *created = sim_ask(sim, sim_fetch("y"));
    struct asked *remove = sim_ask(sim, sim_remove("x"));
    struct asked *removed = sim_ask(sim, sim_fetch("x"));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(update, ERR_STORE);
    assert_refused(loser, ERR_STORE);
    assert_refused(create, ERR_STORE);
    assert_refused(remove, ERR_STORE);
    assert_null(update->command.head);
    assert_answer(sim, fetch, "0 {\"a\":1}");
    assert_refused(created, ERR_NAME_MISSING);
    assert_answer(sim, removed, "0 {\"a\":1}");
}

static void after_a_failed_commit_the_next_goes_on_from_what_is_kept(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    sim_ask(sim, sim_update("x", "{\"a\":2}"));
    sim_ask(sim, sim_create("y", NULL));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, sim_do(sim, sim_create("y", NULL)), "0 {}");
    assert_answer(sim, sim_do(sim, sim_guarded(sim_update("x", "{\"a\":3}"), 0)), "1 {\"a\":3}");
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_UPDATED), 1);
}

static void a_failed_batch_does_not_touch_the_batches_after_it(void **state)
{
    struct sim *sim = *state;
    struct asked *asked[BATCH_MAX + 1];
    sim_do(sim, sim_create("x", NULL));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    for (size_t i = 0; i <= BATCH_MAX; i++)
        asked[i] = sim_ask(sim, sim_update("x", "{}"));
    assert_int_equal(sim_run(sim), OK);
    for (size_t i = 0; i < BATCH_MAX; i++)
        assert_refused(asked[i], ERR_STORE);
    assert_answer(sim, asked[BATCH_MAX], "1 {}");
}

static void a_failed_read_refuses_only_the_command_that_asked(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    const enum sim_call calls[] = {SIM_FIND, SIM_PAGE};
    const struct command commands[] = {sim_fetch("x"), sim_list(10)};
    for (size_t i = 0; i < 2; i++) {
        sim_fail(sim, calls[i], 0, ERR_STORE);
        struct asked *refused = sim_ask(sim, commands[i]);
        struct asked *answered = sim_ask(sim, sim_fetch("x"));
        assert_int_equal(sim_run(sim), OK);
        assert_refused(refused, ERR_STORE);
        assert_answer(sim, answered, "0 {}");
    }
}

static void every_read_of_a_creation_may_fail_and_nothing_is_kept(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", "{\"a\":1}"), 1));
    sim->now_ms += 1000;
    for (unsigned behind = 0; behind < 3; behind++) {
        sim_fail(sim, SIM_FIND, behind, ERR_STORE);
        assert_refused(sim_do(sim, sim_create("x", "{\"a\":2}")), ERR_STORE);
        assert_refused(sim_do(sim, sim_fetch("x")), ERR_NAME_MISSING);
    }
    assert_answer(sim, sim_do(sim, sim_create("x", "{\"a\":3}")), "0 {\"a\":3}");
}

static void nothing_is_answered_when_the_store_is_unsure(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    sim_fail(sim, SIM_COMMIT, 0, ERR_UNSURE);
    struct asked *write = sim_ask(sim, sim_update("x", "{\"a\":1}"));
    struct asked *read = sim_ask(sim, sim_fetch("x"));
    struct asked *behind[BATCH_MAX];
    for (size_t i = 0; i < BATCH_MAX; i++)
        behind[i] = sim_ask(sim, sim_fetch("y"));
    assert_int_equal(sim_run(sim), ERR_UNSURE);
    assert_false(write->answered);
    assert_false(read->answered);
    assert_true(behind[0]->answered); /* it depended on nothing */
    assert_true(behind[BATCH_MAX - 1]->answered);
}

static void after_an_unsure_store_a_restart_tells_what_was_kept(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    for (int kept = 0; kept < 2; kept++) {
        sim->unsure_keeps = kept;
        sim_fail(sim, SIM_COMMIT, 0, ERR_UNSURE);
        sim_ask(sim, sim_update("x", "{\"a\":1}"));
        assert_int_equal(sim_run(sim), ERR_UNSURE);
        assert_int_equal(sim_restart(sim), OK);
        assert_string_equal(shown(sim, "x"), kept ? "1 {\"a\":1}" : "0 {}");
    }
}

static void the_core_does_not_start_on_a_store_that_fails(void **state)
{
    struct sim *sim = *state;
    sim_fail(sim, SIM_FIND, 0, ERR_STORE);
    assert_int_equal(sim_restart(sim), ERR_STORE);
    assert_int_equal(sim_restart(sim), OK);
}

/* --- housekeeping --- */

static void housekeeping_that_failed_rests_for_a_second(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 1000;
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    assert_int_equal(sim_tidy(sim), ERR_STORE);
    assert_int_equal(core_sleep_ms(sim->core), 1000);
    sim->now_ms += 999;
    uint64_t commits = sim->commits;
    assert_int_equal(sim_tidy(sim), ERR_STORE); /* it is still not done: not "works again" */
    assert_int_equal(sim->commits, commits);
    sim->now_ms += 1;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(sim->commits, commits + 1);
    assert_int_equal(metric_get(&core_metrics(sim->core)->expired), 1);
}

/* --- somebody sets the calendar --- */

enum { DAY_MS = 86400000 };

static void what_failed_is_tried_again_after_the_calendar_is_set_back(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 1000;
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    assert_int_equal(sim_tidy(sim), ERR_STORE);
    sim->calendar_off_ms = -DAY_MS;
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
    sim_fail(sim, SIM_TIDY, 0, ERR_STORE);
    assert_int_equal(sim_tidy(sim), ERR_STORE);
    sim->calendar_off_ms = -3 * DAY_MS;
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
}

static void times_to_live_go_on_after_the_calendar_is_set_back(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("before", NULL), 10));
    sim->now_ms += 5000;
    sim->calendar_off_ms = -DAY_MS;
    sim_do(sim, sim_with_ttl(sim_create("after", NULL), 10));
    assert_refused(sim_do(sim, sim_fetch("before")), OK);
    sim->now_ms += 5000;
    assert_refused(sim_do(sim, sim_fetch("before")), ERR_NAME_MISSING);
    assert_refused(sim_do(sim, sim_fetch("after")), OK);
    sim->now_ms += 5000;
    assert_refused(sim_do(sim, sim_fetch("after")), ERR_NAME_MISSING);
}

static struct command by_session(uint64_t session, struct command command)
{
    command.origin = session;
    return command;
}

/* What sim_run does not do: it waits for all answers. */
static void evaluate(struct sim *sim)
{
    core_evaluate(sim->core, &sim->batch);
    assert_null(sim->batch.first);
}

static void a_read_that_is_kept_back_is_answered_after_the_calendar_is_set(void **state)
{
    struct sim *sim = *state;
    const int64_t offs_ms[] = {-DAY_MS, DAY_MS / 2, -3 * (int64_t)DAY_MS};
    sim->contention = true;
    assert_int_equal(sim_restart(sim), OK);
    struct str sid = sim_sid(sim, sim_do(sim, sim_create("x", NULL)));
    for (size_t i = 0; i < sizeof offs_ms / sizeof *offs_ms; i++) {
        struct command write = sim_guarded(sim_on(sim_update(NULL, "{}"), sid), i);
        assert_refused(sim_do(sim, by_session(1, write)), OK);
        assert_refused(sim_do(sim, by_session(2, write)), ERR_REVISION);
        assert_int_equal(sim_tidy(sim), OK);
        struct asked *read = sim_ask(sim, by_session(2, sim_on(sim_fetch(NULL), sid)));
        evaluate(sim);
        assert_false(read->answered);
        sim->calendar_off_ms = offs_ms[i];
        sim->now_ms += 1;
        evaluate(sim);
        assert_in_range(core_sleep_ms(sim->core), 1, 1000);
        sim->now_ms += core_sleep_ms(sim->core);
        evaluate(sim);
        assert_true(read->answered);
        sim->now_ms += 60000; /* nobody is a loser any more */
    }
}

/* In a world whose calendar somebody sets again and again, by days. */
static void times_to_live_pass_at_their_pace_while_the_calendar_is_set_back(void **state)
{
    struct sim *sim = *state;
    for (int round = 0; round < 50; round++) {
        const char *name = sim_name(sim, "r%d", round);
        int64_t ttl_s = 1 + (int64_t)(sim_random(sim) % 100);
        sim->calendar_off_ms -= (int64_t)(sim_random(sim) % 10) * DAY_MS;
        assert_refused(sim_do(sim, sim_with_ttl(sim_create(name, NULL), ttl_s)), OK);
        sim->now_ms += ttl_s * 1000 - 1;
        sim->calendar_off_ms -= (int64_t)(sim_random(sim) % 10) * DAY_MS;
        assert_refused(sim_do(sim, sim_fetch(name)), OK);
        sim->now_ms += 1;
        assert_refused(sim_do(sim, sim_fetch(name)), ERR_NAME_MISSING);
        assert_int_equal(sim_tidy(sim), OK);
        assert_int_equal(metric_get(&core_metrics(sim->core)->expired), round + 1);
    }
}

static void what_has_expired_does_not_come_back(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 10));
    sim->calendar_off_ms = DAY_MS;
    assert_refused(sim_do(sim, sim_fetch("x")), ERR_NAME_MISSING);
    sim->calendar_off_ms = 0;
    assert_refused(sim_do(sim, sim_fetch("x")), ERR_NAME_MISSING);
}

static void the_store_is_tidied_even_when_nothing_can_be_committed(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 1000;
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    sim_fail(sim, SIM_TIDY, 0, ERR_STORE);
    assert_int_equal(sim_tidy(sim), ERR_STORE);
    assert_int_equal(sim->failures[SIM_TIDY].err, OK); /* it was called */
}

static void housekeeping_ends_when_the_store_is_unsure(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 1000;
    sim_fail(sim, SIM_COMMIT, 0, ERR_UNSURE);
    assert_int_equal(sim_tidy(sim), ERR_UNSURE);
    assert_int_equal(sim_restart(sim), OK);
    sim_fail(sim, SIM_TIDY, 0, ERR_UNSURE);
    assert_int_equal(sim_tidy(sim), ERR_UNSURE);
}

/* --- keys --- */

static struct command signed_by(struct str key, struct command command)
{
    command.key = key;
    return command;
}

static struct str new_key(struct sim *sim)
{
    return sim_sid(sim, sim_do(sim, sim_about(KIND_KEY, VERB_CREATE, (struct str){0})));
}

static void a_key_that_was_removed_opens_nothing_from_then_on(void **state)
{
    struct sim *sim = *state;
    struct str key = new_key(sim);
    assert_refused(sim_do(sim, signed_by(key, sim_create("x", NULL))), OK);
    assert_refused(sim_do(sim, signed_by(key, (struct command){.verb = VERB_CHECK})), OK);
    struct asked *before = sim_ask(sim, signed_by(key, sim_update("x", "{\"a\":1}")));
    struct asked *removal = sim_ask(sim, sim_about(KIND_KEY, VERB_REMOVE, key));
    struct asked *after = sim_ask(sim, signed_by(key, sim_update("x", "{\"a\":2}")));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(before, OK);
    assert_refused(removal, OK);
    assert_refused(after, ERR_AUTH);
    assert_int_equal(after->commits, removal->commits);
    assert_refused(sim_do(sim, signed_by(key, sim_fetch("x"))), ERR_AUTH);
    assert_refused(sim_do(sim, signed_by(key, sim_list(10))), ERR_AUTH);
    assert_refused(sim_do(sim, signed_by(key, (struct command){.verb = VERB_CHECK})), ERR_AUTH);
    assert_string_equal(shown(sim, "x"), "1 {\"a\":1}");
}

static void a_key_whose_removal_failed_still_opens(void **state)
{
    struct sim *sim = *state;
    struct str key = new_key(sim);
    sim_do(sim, sim_create("x", NULL));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    struct asked *removal = sim_ask(sim, sim_about(KIND_KEY, VERB_REMOVE, key));
    struct asked *read = sim_ask(sim, signed_by(key, sim_fetch("x")));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(removal, ERR_STORE);
    assert_answer(sim, read, "0 {}");
}

static void a_key_that_never_was_opens_nothing(void **state)
{
    struct sim *sim = *state;
    struct str document = sim_sid(sim, sim_do(sim, sim_create("x", NULL)));
    const struct str keys[] = {STR("SK0123456789abcdef0123456789abcdef"), STR("SK"), document};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_refused(sim_do(sim, signed_by(keys[i], sim_fetch("x"))), ERR_AUTH);
}

/* Whatever the verb, about itself too. */
static void a_key_has_no_say_about_keys(void **state)
{
    struct sim *sim = *state;
    struct str key = new_key(sim), other = new_key(sim);
    const enum verb verbs[] = {VERB_CREATE, VERB_FETCH, VERB_UPDATE,
                               VERB_REMOVE, VERB_LIST,  VERB_CHECK};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        assert_refused(sim_do(sim, signed_by(key, sim_about(KIND_KEY, verbs[i], other))),
                       ERR_KEY_MANAGES);
        assert_refused(sim_do(sim, signed_by(key, sim_about(KIND_KEY, verbs[i], key))),
                       ERR_KEY_MANAGES);
    }
    assert_refused(sim_do(sim, sim_about(KIND_KEY, VERB_FETCH, other)), OK);
    assert_refused(sim_do(sim, sim_about(KIND_KEY, VERB_REMOVE, key)), OK);
    assert_refused(sim_do(sim, signed_by(key, sim_about(KIND_KEY, VERB_FETCH, key))), ERR_AUTH);
}

static void a_key_has_a_friendly_name(void **state)
{
    struct sim *sim = *state;
    struct command command = sim_about(KIND_KEY, VERB_CREATE, (struct str){0});
    command.friendly_name = STR("it's \"mine\" é");
    struct asked *created = sim_do(sim, command);
    assert_answer(sim, created, "0 {\"friendly_name\":\"it's \\\"mine\\\" é\"}");
    command = sim_about(KIND_KEY, VERB_UPDATE, sim_sid(sim, created));
    assert_int_equal(sim_do(sim, command)->command.head->revision, 0);
    command.friendly_name = STR("other");
    assert_answer(sim, sim_do(sim, command), "1 {\"friendly_name\":\"other\"}");
    char longest[64 + 1];
    memset(longest, 'n', sizeof longest);
    command.friendly_name = (struct str){longest, 64};
    assert_refused(sim_do(sim, command), OK);
    command.friendly_name.len++;
    assert_refused(sim_do(sim, command), ERR_FRIENDLY_NAME);
    command.verb = VERB_CREATE;
    assert_refused(sim_do(sim, command), ERR_FRIENDLY_NAME);
}

static void a_key_is_called_by_its_sid_alone(void **state)
{
    struct sim *sim = *state;
    const enum verb verbs[] = {VERB_FETCH, VERB_UPDATE, VERB_REMOVE};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        assert_refused(sim_do(sim, sim_about(KIND_KEY, verbs[i], STR("name"))), ERR_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(writes_of_one_batch_are_decided_in_their_order),
        ON_EACH_STORE(a_whole_life_fits_into_one_batch),
        ON_EACH_STORE(a_read_that_depends_on_nothing_uncommitted_does_not_wait),
        ON_EACH_STORE(pages_are_read_one_at_a_time_while_somebody_calls),
        ON_EACH_STORE(an_answer_that_depends_on_something_uncommitted_waits),
        ON_EACH_STORE(reads_alone_commit_nothing),
        ON_EACH_STORE(more_commands_than_a_batch_holds_are_all_answered_in_order),
        ON_EACH_STORE(names_that_expired_can_all_be_taken_in_one_batch),
        ON_EACH_STORE(a_failed_commit_refuses_the_writes_and_shows_reads_nothing_of_them),
        ON_EACH_STORE(after_a_failed_commit_the_next_goes_on_from_what_is_kept),
        ON_EACH_STORE(a_failed_batch_does_not_touch_the_batches_after_it),
        ON_EACH_STORE(a_failed_read_refuses_only_the_command_that_asked),
        ON_EACH_STORE(every_read_of_a_creation_may_fail_and_nothing_is_kept),
        ON_EACH_STORE(nothing_is_answered_when_the_store_is_unsure),
        ON_EACH_STORE(after_an_unsure_store_a_restart_tells_what_was_kept),
        ON_EACH_STORE(the_core_does_not_start_on_a_store_that_fails),
        ON_EACH_STORE(housekeeping_that_failed_rests_for_a_second),
        ON_EACH_STORE(the_store_is_tidied_even_when_nothing_can_be_committed),
        ON_EACH_STORE(what_failed_is_tried_again_after_the_calendar_is_set_back),
        ON_EACH_STORE(times_to_live_go_on_after_the_calendar_is_set_back),
        ON_EACH_STORE(a_read_that_is_kept_back_is_answered_after_the_calendar_is_set),
        ON_EACH_STORE(times_to_live_pass_at_their_pace_while_the_calendar_is_set_back),
        ON_EACH_STORE(what_has_expired_does_not_come_back),
        ON_EACH_STORE(housekeeping_ends_when_the_store_is_unsure),
        ON_EACH_STORE(a_key_that_was_removed_opens_nothing_from_then_on),
        ON_EACH_STORE(a_key_whose_removal_failed_still_opens),
        ON_EACH_STORE(a_key_that_never_was_opens_nothing),
        ON_EACH_STORE(a_key_has_no_say_about_keys),
        ON_EACH_STORE(a_key_has_a_friendly_name),
        ON_EACH_STORE(a_key_is_called_by_its_sid_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
