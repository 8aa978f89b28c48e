#include "sync/listing.h"

#include "sim/shelf.h"
#include "sync/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_page(shelf, page, expected) assert_string_equal(shelf_shows(shelf, page), expected)

/* --- pages --- */

static void a_list_of_nothing_is_empty(void **state)
{
    struct shelf *shelf = *state;
    assert_page(shelf, shelf_list(shelf), "");
}

static void pages_go_forward_to_the_end_and_back_to_the_beginning(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    const struct command *page = shelf_list(shelf);
    assert_page(shelf, page, "abc>");
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<def>");
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<gh");
    page = shelf_previous(shelf, page);
    assert_page(shelf, page, "<def>");
    page = shelf_previous(shelf, page);
    assert_page(shelf, page, "abc>");
}

static void a_full_last_page_has_no_next(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdef");
    assert_page(shelf, shelf_next(shelf, shelf_list(shelf)), "<def");
}

static void pages_do_not_shift_when_objects_go(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    const struct command *page = shelf_list(shelf);
    shelf_drop(shelf, 'a');
    shelf_drop(shelf, 'c');
    shelf_drop(shelf, 'e');
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<dfg>");
    page = shelf_previous(shelf, page);
    assert_page(shelf, page, "b>");
}

static void pages_take_in_what_comes(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcd");
    const struct command *page = shelf_next(shelf, shelf_list(shelf));
    assert_page(shelf, page, "<d");
    shelf_make_all(shelf, "efgh");
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<efg>");
    assert_page(shelf, shelf_previous(shelf, page), "<bcd>");
}

static void the_last_page_may_turn_out_empty(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcd");
    const struct command *page = shelf_list(shelf);
    shelf_drop(shelf, 'd');
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<");
    assert_page(shelf, shelf_previous(shelf, page), "abc");
}

static void the_first_page_may_turn_out_empty(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdef");
    const struct command *page = shelf_next(shelf, shelf_list(shelf));
    shelf_drop(shelf, 'a');
    shelf_drop(shelf, 'b');
    shelf_drop(shelf, 'c');
    page = shelf_previous(shelf, page);
    assert_page(shelf, page, ">");
    assert_page(shelf, shelf_next(shelf, page), "def");
}

/* The object that the empty page begins behind is itself on the page before. */
static void what_borders_on_an_empty_page_is_not_forgotten(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcd");
    const struct command *page = shelf_list(shelf);
    shelf_drop_all(shelf, "abd");
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<");
    assert_page(shelf, shelf_previous(shelf, page), "c");
    shelf_make_all(shelf, "defg");
    page = shelf_next(shelf, shelf_list(shelf));
    assert_page(shelf, page, "<fg");
    shelf_drop_all(shelf, "cdeg");
    page = shelf_previous(shelf, page);
    assert_page(shelf, page, ">");
    assert_page(shelf, shelf_next(shelf, page), "f");
}

static void a_page_may_end_where_everything_is_gone(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcd");
    const struct command *page = shelf_list(shelf);
    shelf_drop_all(shelf, "abcd");
    assert_page(shelf, shelf_next(shelf, page), "");
}

static void expired_objects_are_left_out_and_leave_no_gap(void **state)
{
    struct shelf *shelf = *state;
    for (char letter = 'a'; letter <= 'f'; letter++)
        shelf_make_for(shelf, letter, letter == 'b' || letter == 'd');
    shelf->sim.now_ms += 1000;
    const struct command *page = shelf_list(shelf);
    assert_page(shelf, page, "ace>");
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<f");
    assert_page(shelf, shelf_previous(shelf, page), "ace>");
}

/* --- many that have expired, and are not removed yet --- */

enum { EXPIRED = 1000 };

/* `first` letters, so many that have expired, and `then` others. */
static void make_with_many_expired(struct shelf *shelf, const char *first, const char *then)
{
    struct sim *sim = &shelf->sim;
    shelf_make_all(shelf, first);
    for (int i = 0; i < EXPIRED; i++)
        sim_do(sim, sim_with_ttl(sim_create(NULL, NULL), 1));
    sim->now_ms += 1000;
    shelf_make_all(shelf, then);
}

static void what_has_expired_is_passed_over_in_several_turns(void **state)
{
    struct shelf *shelf = *state;
    struct sim *sim = &shelf->sim;
    make_with_many_expired(shelf, "", "abcdef");
    struct settled settled = {{&sim->store, NULL, sim->now_ms}, NULL};
    struct asked *service = sim_do(sim, sim_about(KIND_SERVICE, VERB_FETCH, STR("default")));
    struct command command = sim_list(SHELF_PAGE_SIZE);
    command.service_head = change_ref(service->command.head);
    int turns = 1;
    while (listing_read(&settled, &command) == ERR_UNFINISHED) {
        assert_int_equal(command.heads_count, 0);
        command_continue(&command);
        command.service_head = change_ref(service->command.head);
        turns++;
    }
    assert_in_range(turns, 3, 10);
    assert_page(shelf, &command, "abc>");
    command_deinit(&command);
    assert_page(shelf, shelf_list(shelf), "abc>"); /* the core does the same */
    assert_page(shelf, shelf_next(shelf, shelf_list(shelf)), "<def");
}

static void a_page_ends_before_many_that_have_expired(void **state)
{
    struct shelf *shelf = *state;
    make_with_many_expired(shelf, "ab", "cde");
    const struct command *page = shelf_list(shelf);
    assert_page(shelf, page, "ab>");
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<cde");
}

static void only_expired_objects_ahead_are_no_next_page(void **state)
{
    struct shelf *shelf = *state;
    for (char letter = 'a'; letter <= 'd'; letter++)
        shelf_make_for(shelf, letter, letter == 'd');
    shelf->sim.now_ms += 1000;
    assert_page(shelf, shelf_list(shelf), "abc");
}

static void only_expired_objects_behind_are_no_previous_page(void **state)
{
    struct shelf *shelf = *state;
    for (char letter = 'a'; letter <= 'f'; letter++)
        shelf_make_for(shelf, letter, letter <= 'c');
    const struct command *page = shelf_next(shelf, shelf_list(shelf));
    assert_page(shelf, page, "<def");
    shelf->sim.now_ms += 1000;
    struct command again = shelf_whole(shelf);
    again.page = page->page;
    assert_page(shelf, shelf_ask(shelf, again), "def");
}

static void a_list_shows_the_newest_state_of_each(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "ab");
    sim_do(&shelf->sim,
           sim_with_data(shelf_about(shelf, VERB_UPDATE, 'a'), "{\"n\":\"a\",\"x\":1}"));
    assert_int_equal(sim_tidy(&shelf->sim), OK);
    sim_do(&shelf->sim,
           sim_with_data(shelf_about(shelf, VERB_UPDATE, 'b'), "{\"n\":\"b\",\"x\":2}"));
    const struct command *page = shelf_list(shelf);
    assert_page(shelf, page, "ab");
    assert_true(str_eq(page->heads[0]->data, STR("{\"n\":\"a\",\"x\":1}")));
    assert_true(str_eq(page->heads[1]->data, STR("{\"n\":\"b\",\"x\":2}")));
}

/* What others of its batch do comes after it. */
static void a_list_shows_what_is_committed(void **state)
{
    struct shelf *shelf = *state;
    struct sim *sim = &shelf->sim;
    shelf_make_all(shelf, "ab");
    struct command create = sim_with_data(shelf_about(shelf, VERB_CREATE, 'c'), "{\"n\":\"c\"}");
    struct asked *created = sim_ask(sim, create);
    struct asked *listed = sim_ask(sim, shelf_whole(shelf));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(created->command.err, OK);
    assert_page(shelf, &listed->command, "ab");
    assert_page(shelf, shelf_list(shelf), "abc");
}

static struct asked *fill_list(struct sim *sim, const char *list, size_t items)
{
    struct asked *created = sim_do(sim, sim_of(KIND_LIST, sim_create(list, NULL)));
    for (size_t i = 0; i < items; i++)
        sim_do(sim, sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{\"n\":\"x\"}"));
    return created;
}

static void a_list_holds_its_own_kind_and_parent_only(void **state)
{
    struct shelf *shelf = *state;
    struct sim *sim = &shelf->sim;
    struct str service =
        sim_sid(sim, sim_do(sim, sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0})));
    sim_do(sim, sim_create("x", "{}"));
    sim_do(sim, sim_in(sim_create("y", "{}"), service));
    sim_do(sim, sim_of(KIND_MAP, sim_create("other", NULL)));
    sim_do(sim, sim_with_data(sim_map_item(VERB_CREATE, "other", "k"), "{}"));
    fill_list(sim, "other", 2);
    size_t before = shelf_list(shelf)->heads_count;
    assert_int_equal(before, shelf->scene->kind == KIND_DOCUMENT);
    shelf_make(shelf, 'a');
    assert_int_equal(shelf_list(shelf)->heads_count, before + 1);
    struct command items = sim_list_item(VERB_LIST, "other", NULL);
    assert_int_equal(sim_do(sim, items)->command.heads_count, 2);
    struct asked *documents = sim_do(sim, sim_in(sim_list(SHELF_PAGE_SIZE), service));
    assert_int_equal(documents->command.heads_count, 1);
    assert_true(str_eq(documents->command.heads[0]->name, STR("y")));
    struct asked *keys = sim_do(sim, sim_about(KIND_KEY, VERB_LIST, (struct str){0}));
    assert_int_equal(keys->command.heads_count, 0);
    struct asked *services = sim_do(sim, sim_about(KIND_SERVICE, VERB_LIST, (struct str){0}));
    assert_int_equal(services->command.heads_count, 2);
    assert_true(str_eq(services->command.heads[0]->name, STR("default")));
}

/* Whatever comes and goes: following next from the start shows each object that was there all
 * the time, once and in order. */
static void a_walk_misses_nothing_that_stays(void **state)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    struct shelf *shelf = *state;
    size_t seen = 0;
    char last = 0;
    shelf_make_all(shelf, letters);
    const struct command *page = shelf_list(shelf);
    for (size_t step = 0; page->heads_count; step++) {
        for (size_t i = 0; i < page->heads_count; i++) {
            char letter = shelf_letter(page->heads[i]);
            assert_true(letter > last);
            last = letter;
            seen += (letter - 'a') % 2 == 0;
        }
        if (step < 13)
            shelf_drop(shelf, letters[2 * ((step * 7) % 13) + 1]);
        page = shelf_next(shelf, page);
    }
    assert_int_equal(seen, 13);
}

static void a_list_that_cannot_be_read_is_refused(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcd");
    struct command command = shelf_whole(shelf);
    command.page.place = listing_place(shelf_list(shelf)->heads[0], &shelf->sim.arena);
    for (unsigned behind = 0; behind < 2; behind++) {
        sim_fail(&shelf->sim, SIM_PAGE, behind, ERR_STORE);
        assert_int_equal(sim_do(&shelf->sim, command)->command.err, ERR_STORE);
    }
}

static void a_place_of_another_kind_of_list_is_refused(void **state)
{
    struct shelf *shelf = *state;
    struct command command = shelf_whole(shelf);
    command.page.place = STR("no sixteen digits");
    assert_int_equal(sim_do(&shelf->sim, command)->command.err,
                     shelf->scene->kind == KIND_DOCUMENT ? ERR_PAGE_TOKEN : OK);
}

static void a_place_may_be_on_the_page(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    struct command command = shelf_whole(shelf);
    const struct command *page = shelf_next(shelf, shelf_list(shelf));
    command.page.place = listing_place(page->heads[0], &shelf->sim.arena);
    command.page.place_included = true;
    assert_page(shelf, shelf_ask(shelf, command), "<def>");
    command.page.back = true;
    assert_page(shelf, shelf_ask(shelf, command), "<bcd>");
}

/* --- lists that begin somewhere --- */

static const struct command *list_from(struct shelf *shelf, char letter, bool excluded)
{
    return shelf_ask(shelf, shelf_from(shelf, letter, excluded));
}

static void a_list_may_begin_at_a_name_or_behind_it(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    assert_page(shelf, list_from(shelf, 'b', false), "bcd>");
    assert_page(shelf, list_from(shelf, 'b', true), "cde>");
    assert_page(shelf, list_from(shelf, 'f', false), "fgh");
    assert_page(shelf, list_from(shelf, 'f', true), "gh");
    assert_page(shelf, list_from(shelf, 'h', false), "h");
    assert_page(shelf, list_from(shelf, 'h', true), "");
}

static void the_name_at_which_a_list_begins_need_not_be_there(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    shelf_drop_all(shelf, "adh");
    for (int excluded = 0; excluded < 2; excluded++) {
        assert_page(shelf, list_from(shelf, 'a', excluded), "bce>");
        assert_page(shelf, list_from(shelf, 'd', excluded), "efg");
        assert_page(shelf, list_from(shelf, 'h', excluded), "");
    }
}

static void the_first_page_of_a_list_that_begins_somewhere_has_no_previous(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefghij");
    for (int excluded = 0; excluded < 2; excluded++) {
        const struct command *page = list_from(shelf, excluded ? 'b' : 'c', excluded);
        assert_page(shelf, page, "cde>");
        page = shelf_next(shelf, page);
        assert_page(shelf, page, "<fgh>");
        page = shelf_next(shelf, page);
        assert_page(shelf, page, "<ij");
        page = shelf_previous(shelf, page);
        assert_page(shelf, page, "<fgh>");
        page = shelf_previous(shelf, page);
        assert_page(shelf, page, "cde>");
    }
}

static void a_previous_page_ends_where_the_list_begins(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    for (int excluded = 0; excluded < 2; excluded++) {
        struct command command = shelf_from(shelf, excluded ? 'b' : 'c', excluded);
        command.page.place =
            listing_place(shelf_next(shelf, shelf_list(shelf))->heads[1], &shelf->sim.arena);
        assert_page(shelf, shelf_ask(shelf, command), "<fgh");
        command.page.back = true;
        assert_page(shelf, shelf_ask(shelf, command), "cd>");
    }
}

static void a_place_before_the_beginning_is_refused(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefgh");
    for (int i = 0; i < 4; i++) {
        struct command command = shelf_from(shelf, 'c', i & 1);
        command.page.back = i & 2;
        command.page.place = str_from(shelf_name(shelf, 'b'));
        assert_int_equal(sim_do(&shelf->sim, command)->command.err, ERR_PAGE_TOKEN);
        command.page.place = str_from(shelf_name(shelf, 'c'));
        assert_int_equal(sim_do(&shelf->sim, command)->command.err, i & 1 ? ERR_PAGE_TOKEN : OK);
        command.page.place = str_from(shelf_name(shelf, 'd'));
        assert_int_equal(sim_do(&shelf->sim, command)->command.err, OK);
    }
}

static void what_went_at_the_beginning_leaves_an_empty_page(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcdefg");
    const struct command *page = shelf_next(shelf, list_from(shelf, 'c', false));
    assert_page(shelf, page, "<fg");
    shelf_drop_all(shelf, "cde");
    assert_page(shelf, shelf_previous(shelf, page), ">");
    assert_page(shelf, shelf_next(shelf, shelf_previous(shelf, page)), "fg");
    shelf_drop(shelf, 'g');
    page = shelf_next(shelf, page);
    assert_page(shelf, page, "<");
    assert_page(shelf, shelf_previous(shelf, page), "f");
}

static void a_list_that_begins_where_nothing_is_left_is_empty(void **state)
{
    struct shelf *shelf = *state;
    for (char letter = 'a'; letter <= 'f'; letter++)
        shelf_make_for(shelf, letter, letter >= 'd');
    shelf->sim.now_ms += 1000;
    assert_page(shelf, list_from(shelf, 'd', false), "");
    assert_page(shelf, list_from(shelf, 'c', true), "");
    assert_page(shelf, list_from(shelf, 'c', false), "c");
    assert_page(shelf, shelf_previous(shelf, list_from(shelf, 'c', false)), ">");
}

static void a_beginning_that_cannot_be_read_is_refused(void **state)
{
    struct shelf *shelf = *state;
    shelf_make_all(shelf, "abcd");
    sim_fail(&shelf->sim, SIM_PAGE, 0, ERR_STORE);
    assert_int_equal(sim_do(&shelf->sim, shelf_from(shelf, 'b', false))->command.err, ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_IN_EACH(a_list_of_nothing_is_empty),
        SHELF_IN_EACH(pages_go_forward_to_the_end_and_back_to_the_beginning),
        SHELF_IN_EACH(a_full_last_page_has_no_next),
        SHELF_IN_EACH(pages_do_not_shift_when_objects_go),
        SHELF_IN_EACH(pages_take_in_what_comes),
        SHELF_IN_EACH(the_last_page_may_turn_out_empty),
        SHELF_IN_EACH(the_first_page_may_turn_out_empty),
        SHELF_IN_EACH(what_borders_on_an_empty_page_is_not_forgotten),
        SHELF_IN_EACH(a_page_may_end_where_everything_is_gone),
        SHELF_IN_EACH(expired_objects_are_left_out_and_leave_no_gap),
        SHELF_IN_SCENE(what_has_expired_is_passed_over_in_several_turns, "documents, fake", 0),
        SHELF_IN_SCENE(what_has_expired_is_passed_over_in_several_turns, "documents, sqlite", 1),
        SHELF_IN_SCENE(a_page_ends_before_many_that_have_expired, "documents, fake", 0),
        SHELF_IN_SCENE(a_page_ends_before_many_that_have_expired, "documents, sqlite", 1),
        SHELF_IN_EACH(only_expired_objects_ahead_are_no_next_page),
        SHELF_IN_EACH(only_expired_objects_behind_are_no_previous_page),
        SHELF_IN_EACH(a_list_shows_the_newest_state_of_each),
        SHELF_IN_EACH(a_list_shows_what_is_committed),
        SHELF_IN_EACH(a_list_holds_its_own_kind_and_parent_only),
        SHELF_IN_EACH(a_walk_misses_nothing_that_stays),
        SHELF_IN_EACH(a_list_that_cannot_be_read_is_refused),
        SHELF_IN_EACH(a_place_of_another_kind_of_list_is_refused),
        SHELF_IN_EACH(a_place_may_be_on_the_page),
        SHELF_IN_EACH_OF_ITEMS(a_list_may_begin_at_a_name_or_behind_it),
        SHELF_IN_EACH_OF_ITEMS(the_name_at_which_a_list_begins_need_not_be_there),
        SHELF_IN_EACH_OF_ITEMS(the_first_page_of_a_list_that_begins_somewhere_has_no_previous),
        SHELF_IN_EACH_OF_ITEMS(a_previous_page_ends_where_the_list_begins),
        SHELF_IN_EACH_OF_ITEMS(a_place_before_the_beginning_is_refused),
        SHELF_IN_EACH_OF_ITEMS(what_went_at_the_beginning_leaves_an_empty_page),
        SHELF_IN_EACH_OF_ITEMS(a_list_that_begins_where_nothing_is_left_is_empty),
        SHELF_IN_EACH_OF_ITEMS(a_beginning_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
