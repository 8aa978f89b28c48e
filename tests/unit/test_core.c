#include "sim/fixture.h"
#include "sync/sid.h"

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

/* --- documents, one command at a time --- */

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
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, EVENT_EXPIRED), BATCH_MAX);
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
    assert_int_equal(fixture_count_changes(sim, KIND_DOCUMENT, EVENT_UPDATED), 1);
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
    assert_false(behind[BATCH_MAX - 1]->answered);
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
        ON_EACH_STORE(writes_of_one_batch_are_decided_in_their_order),
        ON_EACH_STORE(a_whole_life_fits_into_one_batch),
        ON_EACH_STORE(a_read_that_depends_on_nothing_uncommitted_does_not_wait),
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
        ON_EACH_STORE(housekeeping_ends_when_the_store_is_unsure),
        ON_EACH_STORE(a_key_that_was_removed_opens_nothing_from_then_on),
        ON_EACH_STORE(a_key_whose_removal_failed_still_opens),
        ON_EACH_STORE(a_key_that_never_was_opens_nothing),
        ON_EACH_STORE(a_key_has_a_friendly_name),
        ON_EACH_STORE(a_key_is_called_by_its_sid_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
