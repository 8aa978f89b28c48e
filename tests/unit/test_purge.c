#include "sync/purge.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DOCUMENTS = 150 };

/* A service with some documents; the first is called "x". */
static struct str fill_service(struct sim *sim)
{
    struct str service =
        sim_sid(sim, sim_do(sim, sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0})));
    for (size_t i = 0; i < DOCUMENTS; i++)
        sim_ask(sim, sim_in(sim_create(i ? NULL : "x", NULL), service));
    assert_int_equal(sim_run(sim), OK);
    return service;
}

static enum err remove_service(struct sim *sim, struct str service)
{
    return sim_do(sim, sim_about(KIND_SERVICE, VERB_REMOVE, service))->command.err;
}

static size_t removed(struct sim *sim)
{
    return fixture_count_changes(sim, KIND_DOCUMENT, EVENT_REMOVED);
}

static void a_removed_service_takes_its_documents_out_of_reach_at_once(void **state)
{
    struct sim *sim = *state;
    struct str service = fill_service(sim);
    struct str sid = sim_sid(sim, sim_do(sim, sim_in(sim_fetch("x"), service)));
    sim_ask(sim, sim_about(KIND_SERVICE, VERB_REMOVE, service));
    struct asked *asked[] = {
        sim_ask(sim, sim_in(sim_fetch("x"), service)),
        sim_ask(sim, sim_in(sim_on(sim_update(NULL, "{}"), sid), service)),
        sim_ask(sim, sim_in(sim_create("y", NULL), service)),
        sim_ask(sim, sim_in(sim_list(10), service)),
        sim_ask(sim, sim_about(KIND_SERVICE, VERB_FETCH, service)),
    };
    assert_int_equal(sim_run(sim), OK);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        assert_int_equal(asked[i]->command.err, ERR_SERVICE_MISSING);
    assert_int_equal(removed(sim), 0);
    assert_int_equal(sim_do(sim, sim_on(sim_fetch(NULL), sid))->command.err, ERR_MISSING);
}

static void documents_are_purged_in_bites_while_others_are_served(void **state)
{
    struct sim *sim = *state;
    bool more = true;
    struct str service = fill_service(sim);
    sim_do(sim, sim_create("stays", NULL));
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(remove_service(sim, service), OK);
    size_t before = 0;
    for (int bites = 0; removed(sim) < DOCUMENTS; bites++) {
        assert_in_range(bites, 0, DOCUMENTS);
        assert_int_equal(core_tidy(sim->core, false, &more), OK);
        assert_in_range(removed(sim) - before, 1, DOCUMENTS / 2);
        before = removed(sim);
        assert_int_equal(sim_do(sim, sim_update("stays", "{}"))->command.err, OK);
    }
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim), DOCUMENTS);
    assert_int_equal(fixture_count_changes(sim, KIND_PURGE, EVENT_REMOVED), 1);
    assert_int_equal(sim_do(sim, sim_fetch("stays"))->command.err, OK);
}

static void purging_goes_on_after_a_restart(void **state)
{
    struct sim *sim = *state;
    bool more;
    assert_int_equal(remove_service(sim, fill_service(sim)), OK);
    assert_int_equal(core_tidy(sim->core, false, &more), OK);
    assert_true(more);
    assert_int_equal(sim_restart(sim), OK);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim), DOCUMENTS);
}

/* One failure of the store must not end it. */
static void purging_goes_on_after_a_failure(void **state)
{
    struct sim *sim = *state;
    const struct {
        enum sim_call call;
        unsigned behind;
    } failures[] = {{SIM_PAGE, 0}, {SIM_PAGE, 1}, {SIM_COMMIT, 0}};
    assert_int_equal(remove_service(sim, fill_service(sim)), OK);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        sim_fail(sim, failures[i].call, failures[i].behind, ERR_STORE);
        assert_int_equal(sim_tidy(sim), ERR_STORE);
        sim->now_ms += 1000;
    }
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim), DOCUMENTS);
}

static void a_removal_that_failed_purges_nothing(void **state)
{
    struct sim *sim = *state;
    struct str service = fill_service(sim);
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    assert_int_equal(remove_service(sim, service), ERR_STORE);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim), 0);
    assert_int_equal(sim_do(sim, sim_in(sim_fetch("x"), service))->command.err, OK);
}

static void several_services_are_purged_one_after_the_other(void **state)
{
    struct sim *sim = *state;
    struct str one = fill_service(sim), two = fill_service(sim), kept = fill_service(sim);
    sim_ask(sim, sim_about(KIND_SERVICE, VERB_REMOVE, one));
    sim_ask(sim, sim_about(KIND_SERVICE, VERB_REMOVE, two));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim), 2 * DOCUMENTS);
    assert_int_equal(sim_do(sim, sim_in(sim_fetch("x"), kept))->command.err, OK);
}

static void documents_that_expired_meanwhile_are_no_obstacle(void **state)
{
    struct sim *sim = *state;
    struct str service = fill_service(sim);
    sim_do(sim, sim_in(sim_with_ttl(sim_create("short", NULL), 1), service));
    assert_int_equal(remove_service(sim, service), OK);
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim) + fixture_count_changes(sim, KIND_DOCUMENT, EVENT_EXPIRED),
                     DOCUMENTS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_removed_service_takes_its_documents_out_of_reach_at_once),
        ON_EACH_STORE(documents_are_purged_in_bites_while_others_are_served),
        ON_EACH_STORE(purging_goes_on_after_a_restart),
        ON_EACH_STORE(purging_goes_on_after_a_failure),
        ON_EACH_STORE(a_removal_that_failed_purges_nothing),
        ON_EACH_STORE(several_services_are_purged_one_after_the_other),
        ON_EACH_STORE(documents_that_expired_meanwhile_are_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
