#include "sync/removal.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

static size_t orders(struct sim *sim)
{
    return fixture_count_changes(sim, KIND_PURGE, CHANGE_CREATED);
}

static struct command item(const char *map, const char *key)
{
    return sim_with_data(sim_map_item(VERB_PUT, map, key), "{}");
}

static struct command permit(enum kind kind, const char *object, const char *identity)
{
    return sim_with_rights(sim_permission(VERB_PUT, kind, object, identity), true, true, false);
}

static uint64_t revision(struct sim *sim, enum kind kind, const char *name)
{
    struct asked *asked = sim_do(sim, sim_of(kind, sim_fetch(name)));
    assert_refused(asked, OK);
    return asked->command.head->revision;
}

static void what_can_have_no_children_is_removed_alone(void **state)
{
    struct sim *sim = *state;
    uint64_t seq = store_seq(&sim->store);
    sim_do(sim, sim_create("x", NULL));
    sim_do(sim, sim_of(KIND_STREAM, sim_create("x", NULL)));
    sim_do(sim, sim_remove("x"));
    sim_do(sim, sim_of(KIND_STREAM, sim_remove("x")));
    assert_int_equal(store_seq(&sim->store), seq + 4);
    assert_int_equal(orders(sim), 0);
}

static void the_children_of_what_may_have_some_are_ordered_to_be_purged(void **state)
{
    struct sim *sim = *state;
    const enum kind kinds[] = {KIND_LIST, KIND_MAP};
    for (size_t i = 0; i < 2; i++) {
        sim_do(sim, sim_of(kinds[i], sim_create("x", NULL)));
        sim_do(sim, sim_of(kinds[i], sim_remove("x")));
        assert_int_equal(orders(sim), i + 1);
    }
    sim_do(sim, sim_about(KIND_SERVICE, VERB_REMOVE, STR("default")));
    assert_int_equal(orders(sim), 3);
    fixture_sweep(sim);
}

static void a_document_with_permissions_has_children_too(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    sim_do(sim, permit(KIND_DOCUMENT, "x", "alice"));
    sim_do(sim, sim_remove("x"));
    assert_int_equal(orders(sim), 1);
    fixture_sweep(sim);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_REMOVED), 1);
}

static void a_permission_of_the_same_batch_is_purged_with_its_document(void **state)
{
    struct sim *sim = *state;
    sim_ask(sim, sim_create("x", NULL));
    sim_ask(sim, permit(KIND_DOCUMENT, "x", "alice"));
    sim_ask(sim, sim_remove("x"));
    struct asked *again = sim_ask(sim, sim_create("x", "{\"a\":1}"));
    sim_ask(sim, permit(KIND_DOCUMENT, "x", "bob"));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, again, "0 {\"a\":1}");
    fixture_sweep(sim);
    assert_refused(sim_do(sim, sim_permission(VERB_FETCH, KIND_DOCUMENT, "x", "alice")),
                   ERR_MISSING);
    assert_refused(sim_do(sim, sim_permission(VERB_FETCH, KIND_DOCUMENT, "x", "bob")), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_REMOVED), 1);
}

static void the_removal_of_an_item_is_a_change_of_its_map(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_MAP, sim_create("m", NULL)));
    sim_do(sim, item("m", "k"));
    uint64_t seq = store_seq(&sim->store);
    sim_do(sim, sim_map_item(VERB_REMOVE, "m", "k"));
    struct change *note;
    assert_int_equal(store_change(&sim->store, seq + 2, &note), OK);
    assert_int_equal(note->type, CHANGE_ITEM);
    assert_int_equal(note->revision, 2);
    assert_true(str_eq(note->author, STR("tester")));
    change_unref(note);
    assert_int_equal(store_seq(&sim->store), seq + 2);
}

static void items_that_expire_together_are_noted_one_by_one(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_MAP, sim_create("m", NULL)));
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    for (size_t i = 0; i < 5; i++) {
        sim_do(sim, sim_with_ttl(item("m", sim_index(sim, i)), 1));
        struct command push = sim_list_item(VERB_CREATE, "l", NULL);
        sim_do(sim, sim_with_ttl(sim_with_data(push, "{}"), 1));
    }
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(revision(sim, KIND_MAP, "m"), 10);
    assert_int_equal(revision(sim, KIND_LIST, "l"), 10);
    assert_int_equal(metric_get(&core_metrics(sim->core)->expired), 10);
}

/* In whatever order the store finds them due: the map first, or its items. */
static void a_map_that_expires_with_its_items_notes_them_no_more(void **state)
{
    struct sim *sim = *state;
    const char *const names[] = {"with", "later", "earlier"};
    for (size_t i = 0; i < 3; i++) {
        sim_do(sim, sim_of(KIND_MAP, sim_create(names[i], NULL)));
        sim_do(sim, sim_with_ttl(item(names[i], "k"), 2));
        sim_do(sim, item(names[i], "stays"));
        sim_do(sim, sim_with_ttl(sim_of(KIND_MAP, sim_update(names[i], NULL)), 1 + (int64_t)i));
    }
    sim->now_ms += 3000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP, CHANGE_EXPIRED), 3);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP, CHANGE_ITEM), 6);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_EXPIRED), 3);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_REMOVED), 3);
    fixture_sweep(sim);
}

static void the_items_of_a_removed_map_expire_without_it(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_MAP, sim_create("m", NULL)));
    sim_do(sim, sim_with_ttl(item("m", "k"), 1));
    sim_do(sim, sim_of(KIND_MAP, sim_remove("m")));
    sim->now_ms += 1000;
    assert_int_equal(sim_tidy(sim), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP, CHANGE_ITEM), 1);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_EXPIRED), 1);
    fixture_sweep(sim);
}

static void a_container_that_expires_is_purged(void **state)
{
    struct sim *sim = *state;
    const enum kind kinds[] = {KIND_LIST, KIND_MAP, KIND_DOCUMENT};
    for (size_t i = 0; i < 3; i++) {
        sim_do(sim, sim_with_ttl(sim_of(kinds[i], sim_create("x", NULL)), 1));
        sim_do(sim, permit(kinds[i], "x", "alice"));
    }
    sim_do(sim, item("x", "k"));
    sim_do(sim, sim_with_data(sim_list_item(VERB_CREATE, "x", NULL), "{}"));
    sim->now_ms += 1000;
    fixture_sweep(sim);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_REMOVED), 3);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_REMOVED), 1);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_REMOVED), 1);
}

static void an_expired_holder_gives_its_name_away_with_all_that_it_had(void **state)
{
    struct sim *sim = *state;
    const enum kind kinds[] = {KIND_LIST, KIND_MAP, KIND_DOCUMENT};
    for (size_t i = 0; i < 3; i++) {
        sim_do(sim, sim_with_ttl(sim_of(kinds[i], sim_create("x", NULL)), 1));
        sim_do(sim, permit(kinds[i], "x", "alice"));
        sim->now_ms += 1000;
        struct asked *again = sim_do(sim, sim_of(kinds[i], sim_create("x", NULL)));
        assert_refused(again, OK);
        assert_int_equal(orders(sim), i + 1);
        sim_do(sim, permit(kinds[i], "x", "bob"));
        fixture_sweep(sim);
        assert_refused(sim_do(sim, sim_permission(VERB_FETCH, kinds[i], "x", "alice")),
                       ERR_MISSING);
        assert_refused(sim_do(sim, sim_permission(VERB_FETCH, kinds[i], "x", "bob")), OK);
    }
}

/* --- failures --- */

/* An expiry of an item, of a list with its item and of a document with a permission, all due. */
static void make_due(struct sim *sim, unsigned round)
{
    const char *map = sim_name(sim, "m%u", round), *list = sim_name(sim, "l%u", round),
               *document = sim_name(sim, "d%u", round);
    sim_ask(sim, sim_of(KIND_MAP, sim_create(map, NULL)));
    sim_ask(sim, sim_with_ttl(item(map, "k"), 1));
    sim_ask(sim, sim_of(KIND_LIST, sim_create(list, NULL)));
    struct command push = sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{}");
    sim_ask(sim, sim_with_container_ttl(sim_with_ttl(push, 1), 1));
    sim_ask(sim, sim_with_ttl(sim_create(document, NULL), 1));
    sim_ask(sim, permit(KIND_DOCUMENT, document, "alice"));
    assert_int_equal(sim_run(sim), OK);
    sim->now_ms += 1000;
}

static void each_call_of_the_store_may_fail_and_no_half_is_kept(void **state)
{
    struct sim *sim = *state;
    static const enum sim_call calls[] = {SIM_DUE, SIM_GET, SIM_PAGE, SIM_COMMIT};
    unsigned round = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned behind = 0;; behind++) {
            make_due(sim, round++);
            sim_fail(sim, calls[i], behind, ERR_STORE);
            enum err e = sim_tidy(sim);
            bool failed = !sim->failures[calls[i]].err;
            assert_int_equal(e, failed ? ERR_STORE : OK);
            sim_fail(sim, calls[i], 0, OK);
            sim->now_ms += 1000;
            fixture_sweep(sim);
            if (!failed)
                break;
        }
    }
    assert_int_equal(fixture_count_changes(sim, KIND_MAP_ITEM, CHANGE_EXPIRED), round);
    assert_int_equal(fixture_count_changes(sim, KIND_MAP, CHANGE_ITEM), 2 * round);
    assert_int_equal(fixture_count_changes(sim, KIND_LIST, CHANGE_EXPIRED), round);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_REMOVED), round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(what_can_have_no_children_is_removed_alone),
        ON_EACH_STORE(the_children_of_what_may_have_some_are_ordered_to_be_purged),
        ON_EACH_STORE(a_document_with_permissions_has_children_too),
        ON_EACH_STORE(a_permission_of_the_same_batch_is_purged_with_its_document),
        ON_EACH_STORE(the_removal_of_an_item_is_a_change_of_its_map),
        ON_EACH_STORE(items_that_expire_together_are_noted_one_by_one),
        ON_EACH_STORE(a_map_that_expires_with_its_items_notes_them_no_more),
        ON_EACH_STORE(the_items_of_a_removed_map_expire_without_it),
        ON_EACH_STORE(a_container_that_expires_is_purged),
        ON_EACH_STORE(an_expired_holder_gives_its_name_away_with_all_that_it_had),
        ON_EACH_STORE(each_call_of_the_store_may_fail_and_no_half_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
