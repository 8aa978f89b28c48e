/* Times to live of items and of their lists and maps, and what becomes of both when the store
 * fails. */
#include "sync/item.h"

#include "sim/box.h"
#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

/* --- times to live --- */

static void an_item_is_there_until_its_very_millisecond(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct command fetch = box_about(sim, box_kinds[i], VERB_FETCH);
        sim_do(sim, sim_with_ttl(box_create(sim, box_kinds[i], "{}"), 1));
        sim->now_ms += 999;
        assert_refused(sim_do(sim, fetch), OK);
        sim->now_ms += 1;
        assert_refused(sim_do(sim, fetch), ERR_MISSING);
        assert_refused(sim_do(sim, box_update(sim, box_kinds[i], "{}")), ERR_MISSING);
        assert_refused(sim_do(sim, box_about(sim, box_kinds[i], VERB_REMOVE)), ERR_MISSING);
        struct str name = box_kinds[i] == KIND_LIST ? str_from(sim_index(sim, 0)) : STR("k");
        struct command many = box_about(sim, box_kinds[i], VERB_FETCH_MANY);
        many.names = &name;
        many.names_count = 1;
        assert_int_equal(sim_do(sim, many)->command.heads_count, 0);
    }
}

static void the_expiry_of_an_item_is_a_change_of_its_box(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        sim_do(sim, sim_with_ttl(box_create(sim, box_kinds[i], "{}"), 1));
        sim->now_ms += 1000;
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 1);
        assert_int_equal(sim_tidy(sim), OK);
        const struct change *head = box_head(sim, box_kinds[i]);
        assert_int_equal(head->revision, 2);
        assert_int_equal(head->updated_ms, sim->now_ms);
        assert_int_equal(fixture_count_changes(sim, box_item_kind(box_kinds[i]), CHANGE_EXPIRED),
                         1);
    }
}

static void the_key_of_an_expired_item_is_free_at_once(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    sim_do(sim, sim_with_ttl(box_insert("k", "{}"), 1));
    sim_do(sim, sim_with_ttl(box_insert("l", "{}"), 1));
    sim->now_ms += 1000;
    struct asked *created = sim_ask(sim, box_insert("k", "{\"a\":1}"));
    struct asked *put_in = sim_ask(sim, sim_with_ttl(box_put("l", "{\"a\":2}"), 1));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, created, "0 {\"a\":1}");
    assert_answer(sim, put_in, "0 {\"a\":2}");
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 6); /* two came, two went, two came */
    sim->now_ms += 1000;
    assert_refused(sim_do(sim, sim_guarded(box_put("l", "{}"), 0)), ERR_REVISION);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_EXPIRED), 2);
}

/* A command makes no more changes than these four: see batch.h. */
static void the_keys_of_expired_items_can_all_be_taken_in_one_batch(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BATCH_MAX; i++)
        sim_ask(sim, sim_with_ttl(box_insert(sim_index(sim, i), "{}"), 1));
    assert_int_equal(sim_run(sim), OK);
    sim->now_ms += 1000;
    for (size_t i = 0; i < BATCH_MAX; i++)
        sim_ask(sim, box_insert(sim_index(sim, i), "{}"));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(box_head(sim, KIND_MAP)->revision, 3 * BATCH_MAX);
}

static void a_write_may_give_the_box_a_time_to_live(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct asked *asked =
            sim_do(sim, sim_with_container_ttl(box_create(sim, box_kinds[i], "{}"), 60));
        assert_int_equal(asked->command.head->expires_ms, 0);
        assert_int_equal(box_head(sim, box_kinds[i])->expires_ms, sim->now_ms + 60000);
        sim_do(sim, box_update(sim, box_kinds[i], "{}"));
        assert_int_equal(box_head(sim, box_kinds[i])->expires_ms, sim->now_ms + 60000);
        struct command both = sim_with_ttl(box_update(sim, box_kinds[i], NULL), 5);
        asked = sim_do(sim, sim_with_container_ttl(both, 0));
        assert_int_equal(asked->command.head->expires_ms, sim->now_ms + 5000);
        assert_int_equal(box_head(sim, box_kinds[i])->expires_ms, 0);
        assert_int_equal(box_head(sim, box_kinds[i])->revision, 3);
    }
    sim_do(sim, sim_with_container_ttl(box_put("k", "{}"), 7));
    assert_int_equal(box_head(sim, KIND_MAP)->expires_ms, sim->now_ms + 7000);
    sim_do(sim, sim_with_container_ttl(box_put("new", "{}"), 8));
    assert_int_equal(box_head(sim, KIND_MAP)->expires_ms, sim->now_ms + 8000);
}

static void the_items_of_an_expired_box_are_missing_with_it(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        sim_do(sim, sim_with_container_ttl(box_create(sim, box_kinds[i], "{}"), 1));
        sim->now_ms += 1000;
        struct asked *asked = sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH));
        assert_refused(asked, ERR_NAME_MISSING);
        assert_int_equal(asked->command.subject, box_kinds[i]);
        assert_refused(sim_do(sim, box_create(sim, box_kinds[i], "{}")), ERR_NAME_MISSING);
        sim_do(sim, sim_of(box_kinds[i], sim_create("box", NULL)));
        assert_refused(sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH)), ERR_MISSING);
        assert_answer(sim, sim_do(sim, box_create(sim, box_kinds[i], "{\"a\":1}")), "0 {\"a\":1}");
        fixture_sweep(sim);
        assert_answer(sim, sim_do(sim, box_about(sim, box_kinds[i], VERB_FETCH)), "0 {\"a\":1}");
    }
}

/* --- failures --- */

/* After `before`, if there is any, and a second, each call that a command makes of the store fails
 * in its turn; then nothing has happened. */
static void assert_whole_or_nothing(struct sim *sim, const struct command *before,
                                    struct command command)
{
    static const enum sim_call calls[] = {SIM_GET, SIM_FIND, SIM_PAGE, SIM_COMMIT};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned behind = 0;; behind++) {
            if (before)
                assert_refused(sim_do(sim, *before), OK);
            sim->now_ms += 1000;
            uint64_t seq = store_seq(&sim->store);
            sim_fail(sim, calls[i], behind, ERR_STORE);
            struct asked *asked = sim_do(sim, command);
            if (sim->failures[calls[i]].err) /* it made no more of these, and came through */
                break;
            assert_refused(asked, ERR_STORE);
            assert_int_equal(store_seq(&sim->store), seq);
        }
        sim_fail(sim, calls[i], 0, OK);
    }
}

static void each_call_of_the_store_may_fail_and_no_half_is_kept(void **state)
{
    struct sim *sim = *state;
    box_make_both(sim);
    for (size_t i = 0; i < BOX_KINDS; i++) {
        assert_whole_or_nothing(sim, NULL,
                                box_kinds[i] == KIND_LIST ? box_push("{}") : box_put("k", "{}"));
        assert_whole_or_nothing(sim, NULL, box_update(sim, box_kinds[i], "{}"));
        assert_whole_or_nothing(sim, NULL, box_about(sim, box_kinds[i], VERB_FETCH));
    }
    struct command before = box_put("k", "{}");
    assert_whole_or_nothing(sim, &before, sim_map_item(VERB_REMOVE, "box", "k"));
}

/* The expiry of the item before may be kept without the new one; fixture_end sees that it is
 * whole. */
static void the_expiry_that_makes_room_is_whole_whatever_fails(void **state)
{
    struct sim *sim = *state;
    static const enum sim_call calls[] = {SIM_GET, SIM_FIND, SIM_COMMIT};
    box_make_both(sim);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned behind = 0; !sim->failures[calls[i]].err; behind++) {
            assert_refused(sim_do(sim, sim_with_ttl(box_put("k", "{}"), 1)), OK);
            sim->now_ms += 1000;
            sim_fail(sim, calls[i], behind, ERR_STORE);
            struct asked *asked = sim_do(sim, box_insert("k", "{\"a\":1}"));
            if (sim->failures[calls[i]].err)
                assert_answer(sim, asked, "0 {\"a\":1}");
            else
                assert_refused(asked, ERR_STORE);
        }
        sim_fail(sim, calls[i], 0, OK);
        sim_do(sim, sim_map_item(VERB_REMOVE, "box", "k"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(an_item_is_there_until_its_very_millisecond),
        ON_EACH_STORE(the_expiry_of_an_item_is_a_change_of_its_box),
        ON_EACH_STORE(the_key_of_an_expired_item_is_free_at_once),
        ON_EACH_STORE(the_keys_of_expired_items_can_all_be_taken_in_one_batch),
        ON_EACH_STORE(a_write_may_give_the_box_a_time_to_live),
        ON_EACH_STORE(the_items_of_an_expired_box_are_missing_with_it),
        ON_EACH_STORE(each_call_of_the_store_may_fail_and_no_half_is_kept),
        ON_EACH_STORE(the_expiry_that_makes_room_is_whole_whatever_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
