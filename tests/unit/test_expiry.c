#include "sync/expiry.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

static enum err look(struct sim *sim, const char *name)
{
    return sim_do(sim, sim_fetch(name))->command.err;
}

static void a_document_is_there_until_its_very_millisecond(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_do(sim, sim_with_ttl(sim_create("x", NULL), 2));
    struct str sid = sim_sid(sim, asked);
    assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 2000);
    sim->now_ms += 1999;
    assert_int_equal(look(sim, "x"), OK);
    assert_int_equal(sim_do(sim, sim_on(sim_fetch(NULL), sid))->command.err, OK);
    assert_int_equal(sim_do(sim, sim_create("x", NULL))->command.err, ERR_NAME_TAKEN);
    assert_int_equal(sim_do(sim, sim_list(10))->command.heads_count, 1);
    sim->now_ms += 1;
    assert_int_equal(look(sim, "x"), ERR_NAME_MISSING);
    assert_int_equal(sim_do(sim, sim_on(sim_fetch(NULL), sid))->command.err, ERR_MISSING);
    assert_int_equal(sim_do(sim, sim_update("x", "{}"))->command.err, ERR_NAME_MISSING);
    assert_int_equal(sim_do(sim, sim_remove("x"))->command.err, ERR_NAME_MISSING);
    assert_int_equal(sim_do(sim, sim_list(10))->command.heads_count, 0);
    assert_answer(sim, sim_do(sim, sim_create("x", "{\"a\":1}")), "0 {\"a\":1}");
}

static void an_expired_document_is_removed_by_a_change_like_any_other(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim_do(sim, sim_create("y", NULL));
    sim->now_ms += 999;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), 0);
    sim->now_ms += 1;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), 1);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), 1);
    assert_int_equal(look(sim, "y"), OK);
    assert_int_equal(metric_get(&core_metrics(sim->core)->expired), 1);
}

static void the_core_sleeps_until_the_next_expiry(void **state)
{
    struct sim *sim = *state;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(core_sleep_ms(sim->core), 1000);
    sim_do(sim, sim_with_ttl(sim_create("y", NULL), 60));
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 300;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(core_sleep_ms(sim->core), 700);
    sim->now_ms += 700;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(core_sleep_ms(sim->core), 1000);
}

static void many_expire_in_bites(void **state)
{
    enum { MANY = 300 };
    struct sim *sim = *state;
    bool more = false;
    for (size_t i = 0; i < MANY; i++)
        sim_ask(sim, sim_with_ttl(sim_create(NULL, NULL), 1));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(sim_tidy(sim), OK);
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy_some(sim, false, &more), OK);
    assert_true(more);
    size_t bite = fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED);
    assert_in_range(bite, 1, MANY - 1);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), MANY);
}

/* It was removed, and its time came, before the commit. */
static void what_is_about_to_go_does_not_expire(void **state)
{
    struct sim *sim = *state;
    bool sealed;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    assert_int_equal(sim_tidy(sim), OK);
    struct asked *removal = sim_ask(sim, sim_remove("x"));
    core_evaluate(sim->core, &sim->batch);
    sim->now_ms += 1000;
    assert_int_equal(core_keep_house(sim->core), OK);
    assert_int_equal(core_seal(sim->core, &sealed), OK);
    assert_true(sealed);
    assert_int_equal(core_settle(sim->core, store_sync(&sim->store)), OK);
    assert_int_equal(removal->command.err, OK);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_REMOVED), 1);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), 0);
}

static void expiry_goes_on_after_a_restart(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("early", NULL), 1));
    sim_do(sim, sim_with_ttl(sim_create("late", NULL), 3));
    sim->now_ms += 1000;
    assert_int_equal(sim_restart(sim), OK);
    assert_int_equal(look(sim, "early"), ERR_NAME_MISSING);
    assert_int_equal(look(sim, "late"), OK);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), 1);
    sim->now_ms += 2000;
    assert_int_equal(look(sim, "late"), ERR_NAME_MISSING);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), 2);
}

static void a_time_to_live_can_be_taken_back_and_set_anew(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("cleared", NULL), 1));
    sim_do(sim, sim_with_ttl(sim_create("longer", NULL), 1));
    sim_do(sim, sim_create("shorter", NULL));
    sim_do(sim, sim_with_ttl(sim_update("cleared", NULL), 0));
    sim_do(sim, sim_with_ttl(sim_update("longer", "{}"), 3));
    sim_do(sim, sim_with_ttl(sim_update("shorter", NULL), 2));
    sim->now_ms += 2000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(look(sim, "cleared"), OK);
    assert_int_equal(look(sim, "longer"), OK);
    assert_int_equal(look(sim, "shorter"), ERR_NAME_MISSING);
    sim->now_ms += 1000;
    assert_int_equal(look(sim, "longer"), ERR_NAME_MISSING);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(look(sim, "cleared"), OK);
}

static void new_data_does_not_move_the_date(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 2));
    sim->now_ms += 1500;
    struct asked *asked = sim_do(sim, sim_update("x", "{\"a\":1}"));
    assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 500);
    sim->now_ms += 500;
    assert_int_equal(look(sim, "x"), ERR_NAME_MISSING);
}

static void a_clock_set_back_brings_nothing_back(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
    sim->now_ms += 1000;
    assert_int_equal(look(sim, "x"), ERR_NAME_MISSING);
    sim->now_ms -= 900;
    assert_int_equal(look(sim, "x"), ERR_NAME_MISSING);
}

static void an_expiry_that_could_not_be_committed_is_tried_again(void **state)
{
    struct sim *sim = *state;
    const enum sim_call calls[] = {SIM_DUE, SIM_COMMIT};
    for (size_t i = 0; i < 2; i++) {
        sim_do(sim, sim_with_ttl(sim_create("x", NULL), 1));
        assert_int_equal(sim_tidy(sim), OK);
        sim->now_ms += 1000;
        sim_fail(sim, calls[i], 0, ERR_STORE);
        assert_int_equal(sim_tidy(sim), ERR_STORE);
        assert_int_equal(look(sim, "x"), ERR_NAME_MISSING);
        sim->now_ms += 1000;
        assert_int_equal(sim_tidy(sim), OK);
        assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED), i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_document_is_there_until_its_very_millisecond),
        ON_EACH_STORE(an_expired_document_is_removed_by_a_change_like_any_other),
        ON_EACH_STORE(the_core_sleeps_until_the_next_expiry),
        ON_EACH_STORE(many_expire_in_bites),
        ON_EACH_STORE(what_is_about_to_go_does_not_expire),
        ON_EACH_STORE(expiry_goes_on_after_a_restart),
        ON_EACH_STORE(a_time_to_live_can_be_taken_back_and_set_anew),
        ON_EACH_STORE(new_data_does_not_move_the_date),
        ON_EACH_STORE(a_clock_set_back_brings_nothing_back),
        ON_EACH_STORE(an_expiry_that_could_not_be_committed_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
