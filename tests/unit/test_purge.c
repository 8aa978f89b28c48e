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
    return fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_REMOVED);
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
        sim_ask(sim, sim_about(KIND_SERVICE, VERB_FETCH, service)),
    };
    struct asked *page = sim_ask(sim, sim_in(sim_list(10), service)); /* before the commit */
    assert_int_equal(sim_run(sim), OK);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        assert_int_equal(asked[i]->command.err, ERR_SERVICE_MISSING);
    assert_int_equal(page->command.err, OK);
    page = sim_do(sim, sim_in(sim_list(10), service));
    assert_int_equal(page->command.err, ERR_SERVICE_MISSING);
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
        assert_int_equal(sim_tidy_some(sim, false, &more), OK);
        assert_in_range(removed(sim) - before, 1, DOCUMENTS / 2);
        before = removed(sim);
        assert_int_equal(sim_do(sim, sim_update("stays", "{}"))->command.err, OK);
    }
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(removed(sim), DOCUMENTS);
    assert_int_equal(fixture_count_changes(sim, KIND_PURGE, CHANGE_REMOVED), 1);
    assert_int_equal(sim_do(sim, sim_fetch("stays"))->command.err, OK);
}

static void purging_goes_on_while_something_expires_all_the_time(void **state)
{
    struct sim *sim = *state;
    bool more;
    struct str service = fill_service(sim);
    for (int i = 0; i < DOCUMENTS; i++)
        sim_ask(sim, sim_with_ttl(sim_create(NULL, NULL), 1 + i));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(remove_service(sim, service), OK);
    for (int i = 0; i < DOCUMENTS && removed(sim) < DOCUMENTS; i++) {
        sim->now_ms += 1000;
        assert_int_equal(sim_tidy_some(sim, false, &more), OK);
    }
    assert_int_equal(removed(sim), DOCUMENTS);
    assert_true(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED) < DOCUMENTS);
    assert_true(fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED) > 0);
}

static void purging_goes_on_after_a_restart(void **state)
{
    struct sim *sim = *state;
    bool more;
    assert_int_equal(remove_service(sim, fill_service(sim)), OK);
    assert_int_equal(sim_tidy_some(sim, false, &more), OK);
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
    assert_int_equal(removed(sim) + fixture_count_changes(sim, KIND_DOCUMENT, CHANGE_EXPIRED),
                     DOCUMENTS + 1);
}

/* --- lists, maps and permissions --- */

enum { ITEMS = 150 };

static struct command push(const char *list)
{
    return sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{}");
}

static void fill_list(struct sim *sim, const char *list, struct str service)
{
    sim_ask(sim, sim_in(sim_of(KIND_LIST, sim_create(list, NULL)), service));
    for (size_t i = 0; i < ITEMS; i++)
        sim_ask(sim, sim_in(push(list), service));
    assert_int_equal(sim_run(sim), OK);
}

static void a_list_is_purged_in_bites_while_another_of_its_name_is_filled(void **state)
{
    struct sim *sim = *state;
    bool more;
    fill_list(sim, "l", STR("default"));
    assert_int_equal(sim_tidy(sim), OK);
    sim_do(sim, sim_of(KIND_LIST, sim_remove("l")));
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    size_t before = 0, bites = 0;
    for (; before < ITEMS; bites++) {
        assert_int_equal(sim_do(sim, push("l"))->command.err, OK);
        assert_int_equal(sim_tidy_some(sim, false, &more), OK);
        size_t now = fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_REMOVED);
        assert_in_range(now - before, 1, ITEMS / 2);
        before = now;
    }
    fixture_sweep(sim);
    struct asked *list = sim_do(sim, sim_of(KIND_LIST, sim_fetch("l")));
    assert_int_equal(list->command.head->revision, bites);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_REMOVED), ITEMS);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST, CHANGE_ITEM), ITEMS + bites);
    assert_int_equal(metric_get(&core_metrics(sim->core)->purged), ITEMS);
}

/* Nobody is told of them any more. */
static void purged_items_leave_no_data_behind(void **state)
{
    struct sim *sim = *state;
    fill_list(sim, "l", STR("default"));
    sim_do(sim, sim_of(KIND_LIST, sim_remove("l")));
    uint64_t seq = store_seq(&sim->store);
    fixture_sweep(sim);
    for (struct change *change; seq < store_seq(&sim->store); seq++) {
        assert_int_equal(store_change(&sim->store, seq + 1, &change), OK);
        if (change->kind == KIND_LIST_ITEM) {
            assert_int_equal(change->type, CHANGE_REMOVED);
            assert_null(change->data.ptr);
        }
        change_unref(change);
    }
}

/* A service with two lists of items, a map of items and with a permission, and documents with
 * permissions. */
static struct str fill_house(struct sim *sim)
{
    struct str service = fill_service(sim);
    fill_list(sim, "one", service);
    fill_list(sim, "two", service);
    sim_ask(sim, sim_in(sim_of(KIND_STREAM, sim_create("s", NULL)), service));
    sim_ask(sim, sim_in(sim_of(KIND_MAP, sim_create("m", NULL)), service));
    for (size_t i = 0; i < ITEMS; i++) {
        struct command put = sim_map_item(VERB_PUT, "m", sim_index(sim, i));
        sim_ask(sim, sim_in(sim_with_data(put, "{}"), service));
        const char *identity = sim_name(sim, "user %zu", i);
        struct command permit = sim_permission(VERB_PUT, KIND_DOCUMENT, "x", identity);
        sim_ask(sim, sim_in(sim_with_rights(permit, true, false, false), service));
    }
    struct command permit = sim_permission(VERB_PUT, KIND_MAP, "m", "alice");
    sim_ask(sim, sim_in(sim_with_rights(permit, true, true, true), service));
    assert_int_equal(sim_run(sim), OK);
    return service;
}

static void assert_house_is_purged(struct sim *sim)
{
    assert_int_equal(removed(sim), DOCUMENTS);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST, CHANGE_REMOVED), 2);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP, CHANGE_REMOVED), 1);
    assert_int_equal(fixture_count_changes(sim, KIND_STREAM, CHANGE_REMOVED), 1);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_REMOVED), 2 * ITEMS);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_REMOVED), ITEMS);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_REMOVED), ITEMS + 1);
    /* The service's, the lists', the map's, and that of the document with permissions. */
    assert_int_equal(fixture_count_changes(sim, KIND_PURGE, CHANGE_REMOVED), 5);
}

static void a_service_is_purged_with_all_that_its_lists_and_maps_hold(void **state)
{
    struct sim *sim = *state;
    struct str service = fill_house(sim);
    fill_list(sim, "stays", STR("default"));
    assert_int_equal(remove_service(sim, service), OK);
    struct asked *asked = sim_do(sim, sim_in(push("one"), service));
    assert_int_equal(asked->command.err, ERR_SERVICE_MISSING);
    fixture_sweep(sim);
    assert_house_is_purged(sim);
    asked = sim_do(sim, sim_list_item(VERB_FETCH, "stays", sim_index(sim, ITEMS - 1)));
    assert_int_equal(asked->command.err, OK);
}

static void purging_all_that_goes_on_after_each_restart(void **state)
{
    struct sim *sim = *state;
    bool more = true;
    assert_int_equal(remove_service(sim, fill_house(sim)), OK);
    for (int bites = 0; more; bites++) {
        assert_in_range(bites, 0, 100);
        assert_int_equal(sim_tidy_some(sim, false, &more), OK);
        assert_int_equal(sim_restart(sim), OK);
    }
    fixture_sweep(sim);
    assert_house_is_purged(sim);
}

/* One bite, after each call of that kind that it makes has failed once. */
static size_t fail_bite(struct sim *sim, enum sim_call call, bool *more)
{
    for (unsigned behind = 0;; behind++) {
        uint64_t seq = store_seq(&sim->store);
        sim_fail(sim, call, behind, ERR_STORE);
        enum err e = sim_tidy_some(sim, false, more);
        bool failed = !sim->failures[call].err;
        sim_fail(sim, call, 0, OK);
        assert_int_equal(e, failed ? ERR_STORE : OK);
        if (!failed)
            return behind;
        assert_int_equal(store_seq(&sim->store), seq);
        sim->now_ms += 1000;
    }
}

static void purging_all_that_goes_on_after_each_failure(void **state)
{
    struct sim *sim = *state;
    static const enum sim_call calls[] = {SIM_PAGE, SIM_COMMIT, SIM_PAGE, SIM_GET};
    size_t failures = 0;
    bool more = true;
    assert_int_equal(remove_service(sim, fill_house(sim)), OK);
    for (size_t i = 0; more; i++)
        failures += fail_bite(sim, calls[i % (sizeof calls / sizeof *calls)], &more);
    assert_true(failures > 20);
    fixture_sweep(sim);
    assert_house_is_purged(sim);
}

static void what_is_in_a_list_that_is_purged_may_expire_meanwhile(void **state)
{
    struct sim *sim = *state;
    bool more;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    for (size_t i = 0; i < ITEMS; i++)
        sim_ask(sim, sim_with_ttl(push("l"), i % 2));
    assert_int_equal(sim_run(sim), OK);
    sim_do(sim, sim_of(KIND_LIST, sim_remove("l")));
    assert_int_equal(sim_tidy_some(sim, false, &more), OK);
    assert_true(more);
    sim->now_ms += 1000;
    fixture_sweep(sim);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_REMOVED) +
                         fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_EXPIRED),
                     ITEMS);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST, CHANGE_ITEM), ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_removed_service_takes_its_documents_out_of_reach_at_once),
        ON_EACH_STORE(documents_are_purged_in_bites_while_others_are_served),
        ON_EACH_STORE(purging_goes_on_while_something_expires_all_the_time),
        ON_EACH_STORE(purging_goes_on_after_a_restart),
        ON_EACH_STORE(purging_goes_on_after_a_failure),
        ON_EACH_STORE(a_removal_that_failed_purges_nothing),
        ON_EACH_STORE(several_services_are_purged_one_after_the_other),
        ON_EACH_STORE(documents_that_expired_meanwhile_are_no_obstacle),
        ON_EACH_STORE(a_list_is_purged_in_bites_while_another_of_its_name_is_filled),
        ON_EACH_STORE(purged_items_leave_no_data_behind),
        ON_EACH_STORE(a_service_is_purged_with_all_that_its_lists_and_maps_hold),
        ON_EACH_STORE(purging_all_that_goes_on_after_each_restart),
        ON_EACH_STORE(purging_all_that_goes_on_after_each_failure),
        ON_EACH_STORE(what_is_in_a_list_that_is_purged_may_expire_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
