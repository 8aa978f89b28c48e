#include "sync/item.h"

#include "sim/box.h"
#include "sim/fixture.h"
#include "sync/item_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

/* --- both kinds alike --- */

static void a_new_item_has_revision_0_and_its_data(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct asked *asked = sim_do(sim, box_create(sim, box_kinds[i], "{\"a\":1}"));
        const struct change *head = asked->command.head;
        assert_answer(sim, asked, "0 {\"a\":1}");
        assert_int_equal(head->kind, box_item_kind(box_kinds[i]));
        assert_int_equal(head->parent, asked->command.container_head->id);
        assert_int_equal(head->created_ms, sim->now_ms);
        assert_int_equal(head->expires_ms, 0);
        assert_true(str_eq(head->creator, STR("tester")));
        struct asked *fetched = sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH));
        assert_answer(sim, fetched, "0 {\"a\":1}");
        assert_int_equal(fetched->command.head->id, head->id);
    }
}

static void an_item_without_data_is_refused(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++)
        assert_refused(sim_do(sim, box_create(sim, box_kinds[i], NULL)), ERR_DATA);
    assert_refused(sim_do(sim, box_put("k", NULL)), ERR_DATA);
    for (size_t i = 0; i < BOX_KINDS; i++)
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 0);
}

static void new_data_makes_the_next_revision_of_the_item_and_of_its_box(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        sim_do(sim, box_create(sim, box_kinds[i], "{}"));
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 1);
        sim->now_ms += 5;
        struct asked *asked = sim_do(sim, box_update(sim, box_kinds[i], "{\"a\":1}"));
        assert_answer(sim, asked, "1 {\"a\":1}");
        assert_int_equal(asked->command.head->updated_ms, sim->now_ms);
        assert_int_equal(asked->command.head->created_ms, sim->now_ms - 5);
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 2);
        assert_int_equal(box_head(sim, box_kinds[i])->updated_ms, sim->now_ms);
        assert_answer(sim, sim_do(sim, box_update(sim, box_kinds[i], "{\"a\":1}")), "2 {\"a\":1}");
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 3);
    }
}

static void a_time_to_live_alone_makes_no_revision_but_of_the_box(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        sim_do(sim, box_create(sim, box_kinds[i], "{\"a\":1}"));
        sim->now_ms += 5;
        struct asked *asked = sim_do(sim, sim_with_ttl(box_update(sim, box_kinds[i], NULL), 60));
        assert_answer(sim, asked, "0 {\"a\":1}");
        assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 60000);
        assert_int_equal(asked->command.head->updated_ms, sim->now_ms);
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 2);
        assert_int_equal(box_head(sim, box_kinds[i])->expires_ms, 0);
    }
}

static void an_update_of_nothing_of_the_item_is_refused(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct command nothing = box_update(sim, box_kinds[i], NULL);
        sim_do(sim, box_create(sim, box_kinds[i], "{}"));
        assert_refused(sim_do(sim, nothing), ERR_NO_PARAMETERS);
        assert_refused(sim_do(sim, sim_with_container_ttl(nothing, 60)), ERR_NO_PARAMETERS);
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 1);
        assert_int_equal(box_head(sim, box_kinds[i])->expires_ms, 0);
    }
}

static void a_removed_item_is_missing(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        sim_do(sim, box_create(sim, box_kinds[i], "{}"));
        assert_refused(sim_do(sim, box_about(sim, box_kinds[i], VERB_REMOVE)), OK);
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 2);
        assert_refused(sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH)), ERR_MISSING);
        assert_refused(sim_do(sim, box_update(sim, box_kinds[i], "{}")), ERR_MISSING);
        struct asked *again = sim_do(sim, box_about(sim, box_kinds[i], VERB_REMOVE));
        assert_refused(again, ERR_MISSING);
        assert_int_equal(again->command.subject, box_item_kind(box_kinds[i]));
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 2);
    }
}

static void a_guard_lets_through_only_its_own_revision(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct command remove = box_about(sim, box_kinds[i], VERB_REMOVE);
        struct command any = box_update(sim, box_kinds[i], "{\"a\":2}");
        any.if_match = (struct precondition){.given = true, .any = true};
        sim_do(sim, box_create(sim, box_kinds[i], "{}"));
        assert_answer(sim, sim_do(sim, sim_guarded(box_update(sim, box_kinds[i], "{\"a\":1}"), 0)),
                      "1 {\"a\":1}");
        assert_refused(sim_do(sim, sim_guarded(box_update(sim, box_kinds[i], "{}"), 0)),
                       ERR_REVISION);
        assert_refused(sim_do(sim, sim_guarded(box_update(sim, box_kinds[i], "{}"), 2)),
                       ERR_REVISION);
        assert_refused(sim_do(sim, sim_guarded(remove, 0)), ERR_REVISION);
        assert_answer(sim, sim_do(sim, any), "2 {\"a\":2}");
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 3);
        assert_refused(sim_do(sim, sim_guarded(remove, 2)), OK);
        assert_refused(sim_do(sim, sim_guarded(remove, 2)), ERR_MISSING);
    }
}

static void guarded_writes_of_one_batch_are_decided_in_their_order(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct asked *created = sim_ask(sim, box_create(sim, box_kinds[i], "{}"));
        struct asked *winner =
            sim_ask(sim, sim_guarded(box_update(sim, box_kinds[i], "{\"a\":1}"), 0));
        struct asked *loser =
            sim_ask(sim, sim_guarded(box_update(sim, box_kinds[i], "{\"a\":2}"), 0));
        struct asked *seen = sim_ask(sim, box_about(sim, box_kinds[i], VERB_FETCH));
        struct asked *removed = sim_ask(sim, box_about(sim, box_kinds[i], VERB_REMOVE));
        struct asked *missed = sim_ask(sim, box_about(sim, box_kinds[i], VERB_FETCH));
        assert_int_equal(sim_run(sim), OK);
        assert_answer(sim, created, "0 {}");
        assert_answer(sim, winner, "1 {\"a\":1}");
        assert_refused(loser, ERR_REVISION);
        assert_answer(sim, seen, "1 {\"a\":1}");
        assert_refused(removed, OK);
        assert_refused(missed, ERR_MISSING);
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 3);
    }
}

/* What else holds of changes, fixture_end looks for after each test (audit.h). */
static void a_change_of_the_box_follows_each_change_of_an_item(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct asked *asked[] = {
            sim_ask(sim, box_create(sim, box_kinds[i], "{}")),
            sim_ask(sim, box_update(sim, box_kinds[i], "{}")),
            sim_ask(sim, sim_with_ttl(box_update(sim, box_kinds[i], NULL), 60)),
        };
        assert_int_equal(sim_run(sim), OK);
        for (uint64_t j = 0; j < 3; j++) {
            struct change *note;
            assert_int_equal(store_change(&sim->store, asked[j]->command.head->seq + 1, &note), OK);
            assert_int_equal(note->type, CHANGE_ITEM);
            assert_int_equal(note->id, asked[j]->command.container_head->id);
            assert_int_equal(note->revision, j + 1);
            assert_true(str_eq(note->author, STR("tester")));
            change_unref(note);
        }
    }
}

static void an_item_of_a_box_that_is_not_there_is_missing_with_it(void **state)
{
    struct sim *sim = *state;
    const enum verb verbs[] = {VERB_FETCH, VERB_UPDATE, VERB_REMOVE, VERB_LIST, VERB_CREATE};
    for (size_t i = 0; i < BOX_KINDS; i++) {
        for (size_t j = 0; j < sizeof verbs / sizeof *verbs; j++) {
            struct command command = sim_with_data(box_about(sim, box_kinds[i], verbs[j]), "{}");
            struct asked *asked = sim_do(sim, command);
            assert_refused(asked, ERR_NAME_MISSING);
            assert_int_equal(asked->command.subject, box_kinds[i]);
            command.container = box_kinds[i] == KIND_LIST
                                    ? STR("ES0123456789abcdef0123456789abcdef")
                                    : STR("MP0123456789abcdef0123456789abcdef");
            assert_refused(sim_do(sim, command), ERR_MISSING);
            command.service = STR("nowhere");
            assert_refused(sim_do(sim, command), ERR_SERVICE_MISSING);
        }
    }
}

static void a_box_is_called_by_its_sid_too_but_only_in_its_service(void **state)
{
    struct sim *sim = *state;
    struct str other =
        sim_sid(sim, sim_do(sim, sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0})));
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct asked *made = sim_do(sim, sim_of(box_kinds[i], sim_create("box", NULL)));
        struct command command = box_create(sim, box_kinds[i], "{}");
        command.container = sim_sid(sim, made);
        assert_refused(sim_do(sim, sim_in(command, other)), ERR_MISSING);
        assert_refused(sim_do(sim, command), OK);
        assert_answer(sim, sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH)), "0 {}");
    }
}

static void items_of_two_boxes_do_not_meet(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct command other = box_create(sim, box_kinds[i], "{\"b\":1}");
        other.container = STR("other");
        sim_do(sim, sim_of(box_kinds[i], sim_create("other", NULL)));
        sim_do(sim, box_create(sim, box_kinds[i], "{\"a\":1}"));
        assert_answer(sim, sim_do(sim, other), "0 {\"b\":1}");
        assert_answer(sim, sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH)), "0 {\"a\":1}");
        other = box_about(sim, box_kinds[i], VERB_REMOVE);
        other.container = STR("other");
        assert_refused(sim_do(sim, other), OK);
        assert_answer(sim, sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH)), "0 {\"a\":1}");
    }
}

static void several_are_fetched_in_the_order_asked_for(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct str names[4];
        for (size_t j = 0; j < 3; j++) {
            struct command command =
                sim_with_data(box_kinds[i] == KIND_LIST
                                  ? sim_list_item(VERB_CREATE, "box", NULL)
                                  : sim_map_item(VERB_CREATE, "box", sim_index(sim, j)),
                              sim_name(sim, "{\"n\":%zu}", j));
            names[2 - j] = arena_dup(&sim->arena, sim_do(sim, command)->command.head->name);
        }
        names[3] = STR("there is none of this name");
        struct command command = box_about(sim, box_kinds[i], VERB_FETCH_MANY);
        command.names = names;
        command.names_count = 4;
        struct asked *asked = sim_do(sim, command);
        assert_refused(asked, OK);
        assert_int_equal(asked->command.heads_count, 3);
        for (size_t j = 0; j < 3; j++)
            assert_true(str_eq(asked->command.heads[j]->name, names[j]));
        command.names_count = 0;
        assert_int_equal(sim_do(sim, command)->command.heads_count, 0);
    }
}

/* --- lists --- */

static uint64_t pushed(const struct asked *asked)
{
    assert_refused(asked, OK);
    return item_name_index(asked->command.head);
}

static void a_list_gives_the_indexes_from_0_on(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 0);
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 1);
    struct asked *asked[20];
    for (size_t i = 0; i < 20; i++)
        asked[i] = sim_ask(sim, box_push("{}"));
    assert_int_equal(sim_run(sim), OK);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(pushed(asked[i]), 2 + i);
}

static void an_index_is_never_given_again(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (uint64_t i = 0; i < 3; i++) {
        sim_do(sim, box_push("{}"));
        sim_do(sim, sim_list_item(VERB_REMOVE, "box", sim_index(sim, i)));
        assert_refused(sim_do(sim, sim_list_item(VERB_FETCH, "box", sim_index(sim, i))),
                       ERR_MISSING);
    }
    assert_int_equal(pushed(sim_do(sim, sim_with_ttl(box_push("{}"), 1))), 3);
    assert_int_equal(sim_restart(sim), OK);
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 4);
    sim->now_ms += 1000;
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 5);
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 6);
    assert_int_equal(sim_restart(sim), OK);
    sim_do(sim, sim_with_ttl(sim_of(KIND_LIST, sim_update("box", NULL)), 60));
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 7);
}

static void a_push_that_failed_uses_up_no_index(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    sim_do(sim, box_push("{}"));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    assert_refused(sim_do(sim, box_push("{}")), ERR_STORE);
    assert_refused(sim_do(sim, box_push(NULL)), ERR_DATA);
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 1);
}

static void a_new_list_of_an_old_name_begins_with_0(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    sim_do(sim, box_push("{}"));
    sim_do(sim, sim_of(KIND_LIST, sim_remove("box")));
    sim_do(sim, sim_of(KIND_LIST, sim_create("box", NULL)));
    assert_refused(sim_do(sim, sim_list_item(VERB_FETCH, "box", sim_index(sim, 0))), ERR_MISSING);
    assert_int_equal(pushed(sim_do(sim, box_push("{}"))), 0);
}

/* --- maps --- */

static void a_key_is_given_once(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    sim_do(sim, box_insert("k", "{\"a\":1}"));
    assert_refused(sim_do(sim, box_insert("k", "{\"a\":2}")), ERR_NAME_TAKEN);
    assert_refused(sim_do(sim, sim_if_absent(box_insert("k", "{\"a\":2}"))), ERR_EXISTS);
    assert_answer(sim, sim_do(sim, sim_if_absent(box_insert("K", "{\"a\":3}"))), "0 {\"a\":3}");
    assert_answer(sim, sim_do(sim, sim_map_item(VERB_FETCH, "box", "k")), "0 {\"a\":1}");
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 2);
}

static void a_key_is_free_again_after_the_removal(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    uint64_t before = sim_do(sim, box_insert("k", "{}"))->command.head->id;
    sim_ask(sim, sim_map_item(VERB_REMOVE, "box", "k"));
    struct asked *again = sim_ask(sim, box_insert("k", "{\"a\":2}"));
    struct asked *taken = sim_ask(sim, box_insert("k", "{\"a\":3}"));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, again, "0 {\"a\":2}");
    assert_true(again->command.head->id != before);
    assert_refused(taken, ERR_NAME_TAKEN);
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 3);
}

static void a_put_creates_or_replaces(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    assert_answer(sim, sim_do(sim, box_put("k", "{\"a\":1}")), "0 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_with_ttl(box_put("k", "{\"a\":2}"), 60)), "1 {\"a\":2}");
    struct asked *asked = sim_do(sim, box_put("k", "{\"a\":3}"));
    assert_answer(sim, asked, "2 {\"a\":3}");
    assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 60000);
    sim_ask(sim, sim_map_item(VERB_REMOVE, "box", "k"));
    struct asked *created = sim_ask(sim, box_put("k", "{\"a\":4}"));
    struct asked *replaced = sim_ask(sim, box_put("k", "{\"a\":5}"));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, created, "0 {\"a\":4}");
    assert_answer(sim, replaced, "1 {\"a\":5}");
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 6);
}

static void a_put_with_a_guard_needs_the_item(void **state)
{
    struct sim *sim = *state;
    struct command any = box_put("k", "{}");
    any.if_match = (struct precondition){.given = true, .any = true};
    box_make_both(sim);
    assert_refused(sim_do(sim, sim_guarded(box_put("k", "{}"), 0)), ERR_REVISION);
    assert_refused(sim_do(sim, any), ERR_REVISION);
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 0);
    sim_do(sim, box_put("k", "{}"));
    assert_answer(sim, sim_do(sim, sim_guarded(box_put("k", "{}"), 0)), "1 {}");
    assert_refused(sim_do(sim, sim_guarded(box_put("k", "{}"), 0)), ERR_REVISION);
    assert_answer(sim, sim_do(sim, any), "2 {}");
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 3);
}

static void a_put_may_ask_to_create_only(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    assert_answer(sim, sim_do(sim, sim_if_absent(box_put("k", "{\"a\":1}"))), "0 {\"a\":1}");
    assert_refused(sim_do(sim, sim_if_absent(box_put("k", "{\"a\":2}"))), ERR_EXISTS);
    assert_answer(sim, sim_do(sim, sim_map_item(VERB_FETCH, "box", "k")), "0 {\"a\":1}");
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_new_item_has_revision_0_and_its_data),
        ON_EACH_STORE(an_item_without_data_is_refused),
        ON_EACH_STORE(new_data_makes_the_next_revision_of_the_item_and_of_its_box),
        ON_EACH_STORE(a_time_to_live_alone_makes_no_revision_but_of_the_box),
        ON_EACH_STORE(an_update_of_nothing_of_the_item_is_refused),
        ON_EACH_STORE(a_removed_item_is_missing),
        ON_EACH_STORE(a_guard_lets_through_only_its_own_revision),
        ON_EACH_STORE(guarded_writes_of_one_batch_are_decided_in_their_order),
        ON_EACH_STORE(a_change_of_the_box_follows_each_change_of_an_item),
        ON_EACH_STORE(an_item_of_a_box_that_is_not_there_is_missing_with_it),
        ON_EACH_STORE(a_box_is_called_by_its_sid_too_but_only_in_its_service),
        ON_EACH_STORE(items_of_two_boxes_do_not_meet),
        ON_EACH_STORE(several_are_fetched_in_the_order_asked_for),
        ON_EACH_STORE(a_list_gives_the_indexes_from_0_on),
        ON_EACH_STORE(an_index_is_never_given_again),
        ON_EACH_STORE(a_push_that_failed_uses_up_no_index),
        ON_EACH_STORE(a_new_list_of_an_old_name_begins_with_0),
        ON_EACH_STORE(a_key_is_given_once),
        ON_EACH_STORE(a_key_is_free_again_after_the_removal),
        ON_EACH_STORE(a_put_creates_or_replaces),
        ON_EACH_STORE(a_put_with_a_guard_needs_the_item),
        ON_EACH_STORE(a_put_may_ask_to_create_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
