#include "sync/resource.h"

#include "sim/fixture.h"
#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

static const char *shown(struct sim *sim, const char *name)
{
    return sim_shows(sim, sim_do(sim, sim_fetch(name)));
}

/* --- documents --- */

static void a_new_document_has_revision_0_and_an_empty_object(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_do(sim, sim_create("x", NULL));
    const struct change *head = asked->command.head;
    assert_answer(sim, asked, "0 {}");
    assert_int_equal(head->created_ms, sim->now_ms);
    assert_int_equal(head->updated_ms, sim->now_ms);
    assert_int_equal(head->expires_ms, 0);
    assert_true(str_eq(head->name, STR("x")));
    assert_true(str_eq(head->creator, STR("tester")));
    assert_int_equal(head->parent, asked->command.service_head->id);
}

static void a_document_is_found_by_its_name_and_by_its_sid(void **state)
{
    struct sim *sim = *state;
    struct str sid = sim_sid(sim, sim_do(sim, sim_create("x", "{\"a\":1}")));
    assert_answer(sim, sim_do(sim, sim_fetch("x")), "0 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_on(sim_fetch(NULL), sid)), "0 {\"a\":1}");
}

static void documents_without_a_name_do_not_meet(void **state)
{
    struct sim *sim = *state;
    struct str one = sim_sid(sim, sim_do(sim, sim_create(NULL, "{\"n\":1}")));
    struct str two = sim_sid(sim, sim_do(sim, sim_create(NULL, "{\"n\":2}")));
    assert_answer(sim, sim_do(sim, sim_on(sim_fetch(NULL), one)), "0 {\"n\":1}");
    assert_answer(sim, sim_do(sim, sim_on(sim_fetch(NULL), two)), "0 {\"n\":2}");
}

static void new_data_makes_the_next_revision(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    sim->now_ms += 5;
    struct asked *asked = sim_do(sim, sim_update("x", "{\"a\":1}"));
    assert_answer(sim, asked, "1 {\"a\":1}");
    assert_int_equal(asked->command.head->updated_ms, sim->now_ms);
    assert_int_equal(asked->command.head->created_ms, sim->now_ms - 5);
    assert_answer(sim, sim_do(sim, sim_update("x", "{\"a\":1}")), "2 {\"a\":1}");
    assert_string_equal(shown(sim, "x"), "2 {\"a\":1}");
}

static void a_time_to_live_alone_makes_no_revision(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    struct asked *asked = sim_do(sim, sim_with_ttl(sim_update("x", NULL), 60));
    assert_answer(sim, asked, "0 {\"a\":1}");
    assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 60000);
}

static void an_update_of_nothing_is_refused(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    assert_refused(sim_do(sim, sim_update("x", NULL)), ERR_NO_PARAMETERS);
}

static void a_removed_document_is_missing(void **state)
{
    struct sim *sim = *state;
    struct str sid = sim_sid(sim, sim_do(sim, sim_create("x", NULL)));
    assert_refused(sim_do(sim, sim_remove("x")), OK);
    assert_refused(sim_do(sim, sim_fetch("x")), ERR_NAME_MISSING);
    assert_refused(sim_do(sim, sim_update("x", "{}")), ERR_NAME_MISSING);
    assert_refused(sim_do(sim, sim_remove("x")), ERR_NAME_MISSING);
    assert_refused(sim_do(sim, sim_on(sim_fetch(NULL), sid)), ERR_MISSING);
    assert_refused(sim_do(sim, sim_on(sim_update(NULL, "{}"), sid)), ERR_MISSING);
    assert_refused(sim_do(sim, sim_on(sim_remove(NULL), sid)), ERR_MISSING);
}

static void a_name_is_free_again_after_the_removal(void **state)
{
    struct sim *sim = *state;
    struct str before = sim_sid(sim, sim_do(sim, sim_create("x", "{\"a\":1}")));
    sim_do(sim, sim_remove("x"));
    struct asked *asked = sim_do(sim, sim_create("x", "{\"a\":2}"));
    assert_answer(sim, asked, "0 {\"a\":2}");
    assert_false(str_eq(before, sim_sid(sim, asked)));
}

static void a_name_is_given_once(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    assert_refused(sim_do(sim, sim_create("x", "{\"a\":2}")), ERR_NAME_TAKEN);
    struct command if_absent = sim_create("x", "{\"a\":3}");
    if_absent.if_none_match_any = true;
    assert_refused(sim_do(sim, if_absent), ERR_EXISTS);
    assert_string_equal(shown(sim, "x"), "0 {\"a\":1}");
}

static void a_name_that_cannot_be_is_refused(void **state)
{
    struct sim *sim = *state;
    assert_refused(sim_do(sim, sim_create("", NULL)), ERR_NAME_INVALID);
    assert_refused(sim_do(sim, sim_create("ET0123456789abcdef0123456789abcdef", NULL)),
                   ERR_NAME_INVALID);
}

static void the_same_name_may_stand_in_two_services(void **state)
{
    struct sim *sim = *state;
    struct str other =
        sim_sid(sim, sim_do(sim, sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0})));
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    assert_refused(sim_do(sim, sim_in(sim_create("x", "{\"a\":2}"), other)), OK);
    assert_string_equal(shown(sim, "x"), "0 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_in(sim_fetch("x"), other)), "0 {\"a\":2}");
}

static void a_sid_opens_only_what_it_was_made_for(void **state)
{
    struct sim *sim = *state;
    struct str other =
        sim_sid(sim, sim_do(sim, sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0})));
    struct str sid = sim_sid(sim, sim_do(sim, sim_create(NULL, NULL)));
    assert_refused(sim_do(sim, sim_in(sim_on(sim_fetch(NULL), sid), other)), ERR_MISSING);
    assert_refused(sim_do(sim, sim_on(sim_fetch(NULL), other)), ERR_MISSING);
    assert_refused(sim_do(sim, sim_about(KIND_SERVICE, VERB_FETCH, sid)), ERR_SERVICE_MISSING);
    char salted[SID_LENGTH];
    memcpy(salted, sid.ptr, sid.len);
    salted[SID_LENGTH - 1] ^= 1;
    struct str guessed = {salted, sizeof salted};
    assert_refused(sim_do(sim, sim_on(sim_fetch(NULL), guessed)), ERR_MISSING);
}

static void a_service_that_is_not_there_holds_nothing(void **state)
{
    struct sim *sim = *state;
    struct str unknown[] = {STR("nowhere"), STR("IS0123456789abcdef0123456789abcdef"), STR("")};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_refused(sim_do(sim, sim_in(sim_create("x", NULL), unknown[i])), ERR_SERVICE_MISSING);
        assert_refused(sim_do(sim, sim_in(sim_fetch("x"), unknown[i])), ERR_SERVICE_MISSING);
        assert_refused(sim_do(sim, sim_in(sim_list(10), unknown[i])), ERR_SERVICE_MISSING);
    }
}

static void a_guard_lets_through_only_its_own_revision(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    assert_answer(sim, sim_do(sim, sim_guarded(sim_update("x", "{\"a\":1}"), 0)), "1 {\"a\":1}");
    assert_refused(sim_do(sim, sim_guarded(sim_update("x", "{\"a\":2}"), 0)), ERR_REVISION);
    assert_refused(sim_do(sim, sim_guarded(sim_update("x", "{\"a\":2}"), 2)), ERR_REVISION);
    assert_refused(sim_do(sim, sim_guarded(sim_with_ttl(sim_update("x", NULL), 1), 0)),
                   ERR_REVISION);
    assert_refused(sim_do(sim, sim_guarded(sim_remove("x"), 0)), ERR_REVISION);
    struct asked *asked = sim_do(sim, sim_fetch("x"));
    assert_answer(sim, asked, "1 {\"a\":1}");
    assert_int_equal(asked->command.head->expires_ms, 0);
    assert_refused(sim_do(sim, sim_guarded(sim_remove("x"), 1)), OK);
    assert_refused(sim_do(sim, sim_guarded(sim_remove("x"), 1)), ERR_NAME_MISSING);
    assert_int_equal(metric_get(&core_metrics(sim->core)->conflicts), 4);
}

static void the_changes_of_a_document_form_a_chain(void **state)
{
    struct sim *sim = *state;
    struct asked *created = sim_do(sim, sim_create("x", NULL));
    sim_ask(sim, sim_update("x", "{\"a\":1}"));
    struct asked *updated = sim_ask(sim, sim_update("x", "{\"a\":2}"));
    assert_int_equal(sim_run(sim), OK);
    struct change *middle, *first;
    assert_int_equal(store_change(&sim->store, updated->command.head->prev, &middle), OK);
    assert_int_equal(middle->revision, 1);
    assert_int_equal(store_change(&sim->store, middle->prev, &first), OK);
    assert_int_equal(first->seq, created->command.head->id);
    assert_int_equal(first->prev, 0);
    change_unref(middle);
    change_unref(first);
}

/* --- lists, maps and streams --- */

static const enum kind containers[] = {KIND_LIST, KIND_MAP, KIND_STREAM};

enum { CONTAINERS = sizeof containers / sizeof *containers };

static void a_new_container_has_revision_0_and_no_data(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct command command = sim_of(containers[i], sim_create("x", "{\"a\":1}"));
        struct asked *asked = sim_do(sim, sim_with_ttl(command, 60));
        const struct change *head = asked->command.head;
        assert_answer(sim, asked, "0 ");
        assert_int_equal(head->kind, containers[i]);
        assert_int_equal(head->parent, asked->command.service_head->id);
        assert_int_equal(head->expires_ms, sim->now_ms + 60000);
        assert_true(str_eq(head->name, STR("x")));
        assert_null(head->data.ptr);
    }
}

static void a_container_is_found_by_its_name_and_by_its_sid(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct asked *created = sim_do(sim, sim_of(containers[i], sim_create("x", NULL)));
        struct str sid = sim_sid(sim, created);
        struct asked *by_name = sim_do(sim, sim_of(containers[i], sim_fetch("x")));
        struct asked *by_sid = sim_do(sim, sim_of(containers[i], sim_on(sim_fetch(NULL), sid)));
        assert_int_equal(by_name->command.head->id, created->command.head->id);
        assert_int_equal(by_sid->command.head->id, created->command.head->id);
    }
}

static void a_time_to_live_is_all_that_a_request_changes_of_a_container(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        sim_do(sim, sim_of(containers[i], sim_create("x", NULL)));
        sim->now_ms += 5;
        struct command update = sim_of(containers[i], sim_update("x", "{\"a\":1}"));
        assert_refused(sim_do(sim, update), ERR_NO_PARAMETERS);
        struct asked *asked = sim_do(sim, sim_with_ttl(update, 60));
        assert_answer(sim, asked, "0 ");
        assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 60000);
        assert_int_equal(asked->command.head->updated_ms, sim->now_ms);
        asked = sim_do(sim, sim_with_ttl(update, 0));
        assert_int_equal(asked->command.head->expires_ms, 0);
    }
}

static void a_guard_of_a_container_lets_through_only_its_own_revision(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct command update = sim_with_ttl(sim_of(containers[i], sim_update("x", NULL)), 60);
        struct command remove = sim_of(containers[i], sim_remove("x"));
        sim_do(sim, sim_of(containers[i], sim_create("x", NULL)));
        assert_refused(sim_do(sim, sim_guarded(update, 1)), ERR_REVISION);
        assert_refused(sim_do(sim, sim_guarded(remove, 1)), ERR_REVISION);
        assert_refused(sim_do(sim, sim_guarded(update, 0)), OK);
        assert_refused(sim_do(sim, sim_guarded(remove, 0)), OK);
        assert_refused(sim_do(sim, sim_guarded(remove, 0)), ERR_NAME_MISSING);
    }
}

static void a_removed_container_is_missing_and_its_name_free(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct command create = sim_of(containers[i], sim_create("x", NULL));
        struct str sid = sim_sid(sim, sim_do(sim, create));
        assert_refused(sim_do(sim, create), ERR_NAME_TAKEN);
        assert_refused(sim_do(sim, sim_if_absent(create)), ERR_EXISTS);
        assert_refused(sim_do(sim, sim_of(containers[i], sim_remove("x"))), OK);
        assert_refused(sim_do(sim, sim_of(containers[i], sim_fetch("x"))), ERR_NAME_MISSING);
        assert_refused(sim_do(sim, sim_of(containers[i], sim_on(sim_fetch(NULL), sid))),
                       ERR_MISSING);
        struct asked *again = sim_do(sim, sim_if_absent(create));
        assert_answer(sim, again, "0 ");
        assert_false(str_eq(sid, sim_sid(sim, again)));
    }
}

static void an_expired_container_is_missing_and_its_name_free(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct command create = sim_of(containers[i], sim_create("x", NULL));
        struct str sid = sim_sid(sim, sim_do(sim, sim_with_ttl(create, 1)));
        sim->now_ms += 1000;
        assert_refused(sim_do(sim, sim_of(containers[i], sim_fetch("x"))), ERR_NAME_MISSING);
        assert_refused(sim_do(sim, sim_of(containers[i], sim_on(sim_fetch(NULL), sid))),
                       ERR_MISSING);
        assert_answer(sim, sim_do(sim, create), "0 ");
        assert_int_equal(fixture_count_changes(sim, containers[i], CHANGE_EXPIRED), 1);
    }
}

static void the_same_name_may_stand_in_every_kind(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{\"a\":1}"));
    for (size_t i = 0; i < CONTAINERS; i++)
        assert_refused(sim_do(sim, sim_of(containers[i], sim_create("x", NULL))), OK);
    assert_string_equal(shown(sim, "x"), "0 {\"a\":1}");
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct asked *asked = sim_do(sim, sim_of(containers[i], sim_fetch("x")));
        assert_int_equal(asked->command.head->kind, containers[i]);
    }
}

static void a_sid_of_one_kind_opens_no_other(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct asked *created = sim_do(sim, sim_of(containers[i], sim_create(NULL, NULL)));
        struct command fetch = sim_on(sim_fetch(NULL), sim_sid(sim, created));
        assert_refused(sim_do(sim, fetch), ERR_MISSING);
        for (size_t j = 0; j < CONTAINERS; j++)
            assert_refused(sim_do(sim, sim_of(containers[j], fetch)), i == j ? OK : ERR_MISSING);
    }
}

static void each_kind_is_listed_for_itself(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("d", NULL));
    for (size_t i = 0; i < CONTAINERS; i++) {
        sim_do(sim, sim_of(containers[i], sim_create("one", NULL)));
        sim_do(sim, sim_of(containers[i], sim_create("two", NULL)));
    }
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct asked *listed = sim_do(sim, sim_of(containers[i], sim_list(10)));
        assert_int_equal(listed->command.heads_count, 2);
        assert_true(str_eq(listed->command.heads[0]->name, STR("one")));
        assert_true(str_eq(listed->command.heads[1]->name, STR("two")));
        assert_int_equal(listed->command.heads[1]->kind, containers[i]);
    }
    assert_int_equal(sim_do(sim, sim_list(10))->command.heads_count, 1);
}

/* A service that is missing is no matter of the object's kind; see dialect/problem.c. */
static void what_was_missing_is_told_by_its_kind(void **state)
{
    struct sim *sim = *state;
    for (size_t i = 0; i < CONTAINERS; i++) {
        struct asked *asked = sim_do(sim, sim_of(containers[i], sim_fetch("x")));
        assert_int_equal(asked->command.subject, containers[i]);
        assert_refused(asked, ERR_NAME_MISSING);
    }
    assert_int_equal(sim_do(sim, sim_fetch("x"))->command.subject, KIND_DOCUMENT);
}

static void every_read_of_a_removal_may_fail_and_nothing_is_kept(void **state)
{
    struct sim *sim = *state;
    const struct {
        enum sim_call call;
        unsigned behind;
    } failures[] = {{SIM_FIND, 0}, {SIM_FIND, 1}, {SIM_PAGE, 0}, {SIM_COMMIT, 0}};
    sim_do(sim, sim_create("x", "{}"));
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        sim_fail(sim, failures[i].call, failures[i].behind, ERR_STORE);
        assert_refused(sim_do(sim, sim_remove("x")), ERR_STORE);
        assert_string_equal(shown(sim, "x"), "0 {}");
    }
    assert_refused(sim_do(sim, sim_remove("x")), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_new_document_has_revision_0_and_an_empty_object),
        ON_EACH_STORE(a_document_is_found_by_its_name_and_by_its_sid),
        ON_EACH_STORE(documents_without_a_name_do_not_meet),
        ON_EACH_STORE(new_data_makes_the_next_revision),
        ON_EACH_STORE(a_time_to_live_alone_makes_no_revision),
        ON_EACH_STORE(an_update_of_nothing_is_refused),
        ON_EACH_STORE(a_removed_document_is_missing),
        ON_EACH_STORE(a_name_is_free_again_after_the_removal),
        ON_EACH_STORE(a_name_is_given_once),
        ON_EACH_STORE(a_name_that_cannot_be_is_refused),
        ON_EACH_STORE(the_same_name_may_stand_in_two_services),
        ON_EACH_STORE(a_sid_opens_only_what_it_was_made_for),
        ON_EACH_STORE(a_service_that_is_not_there_holds_nothing),
        ON_EACH_STORE(a_guard_lets_through_only_its_own_revision),
        ON_EACH_STORE(the_changes_of_a_document_form_a_chain),
        ON_EACH_STORE(a_new_container_has_revision_0_and_no_data),
        ON_EACH_STORE(a_container_is_found_by_its_name_and_by_its_sid),
        ON_EACH_STORE(a_time_to_live_is_all_that_a_request_changes_of_a_container),
        ON_EACH_STORE(a_guard_of_a_container_lets_through_only_its_own_revision),
        ON_EACH_STORE(a_removed_container_is_missing_and_its_name_free),
        ON_EACH_STORE(an_expired_container_is_missing_and_its_name_free),
        ON_EACH_STORE(the_same_name_may_stand_in_every_kind),
        ON_EACH_STORE(a_sid_of_one_kind_opens_no_other),
        ON_EACH_STORE(each_kind_is_listed_for_itself),
        ON_EACH_STORE(what_was_missing_is_told_by_its_kind),
        ON_EACH_STORE(every_read_of_a_removal_may_fail_and_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
