#include "sync/listing.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { SIZE = 3 };

/* Documents are called a, b, c, ... and made in that order. */
static void make(struct sim *sim, char name)
{
    char text[2] = {name, 0};
    struct str kept = arena_dup(&sim->arena, (struct str){text, sizeof text});
    assert_int_equal(sim_do(sim, sim_create(kept.ptr, NULL))->command.err, OK);
}

static void make_all(struct sim *sim, const char *names)
{
    for (; *names; names++)
        make(sim, *names);
}

static void drop(struct sim *sim, const char *name)
{
    assert_int_equal(sim_do(sim, sim_remove(name))->command.err, OK);
}

static const struct command *list(struct sim *sim, uint64_t beyond, bool back)
{
    struct command command = sim_list(SIZE);
    command.page.beyond = beyond;
    command.page.back = back;
    struct asked *asked = sim_do(sim, command);
    assert_int_equal(asked->command.err, OK);
    return &asked->command;
}

/* As a client follows next_page_url and previous_page_url; see rest/page.c. */
static const struct command *next(struct sim *sim, const struct command *page)
{
    size_t count = page->heads_count;
    return list(sim, count ? page->heads[count - 1]->id : page->page.beyond - 1, false);
}

static const struct command *previous(struct sim *sim, const struct command *page)
{
    size_t count = page->heads_count;
    return list(sim, count ? page->heads[0]->id : page->page.beyond + 1, true);
}

/* The page's names; a < before and a > behind say that there are more. */
static void assert_page(const struct command *page, const char *expected)
{
    char text[64];
    size_t len = 0;
    if (page->more_before)
        text[len++] = '<';
    for (size_t i = 0; i < page->heads_count; i++)
        text[len++] = *page->heads[i]->name.ptr;
    if (page->more_after)
        text[len++] = '>';
    text[len] = 0;
    assert_string_equal(text, expected);
}

static void a_list_of_nothing_is_empty(void **state)
{
    assert_page(list(*state, 0, false), "");
}

static void pages_go_forward_to_the_end_and_back_to_the_beginning(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcdefgh");
    const struct command *page = list(sim, 0, false);
    assert_page(page, "abc>");
    page = next(sim, page);
    assert_page(page, "<def>");
    page = next(sim, page);
    assert_page(page, "<gh");
    page = previous(sim, page);
    assert_page(page, "<def>");
    page = previous(sim, page);
    assert_page(page, "abc>");
}

static void a_full_last_page_has_no_next(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcdef");
    assert_page(next(sim, list(sim, 0, false)), "<def");
}

static void pages_do_not_shift_when_objects_go(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcdefgh");
    const struct command *page = list(sim, 0, false);
    drop(sim, "a");
    drop(sim, "c");
    drop(sim, "e");
    page = next(sim, page);
    assert_page(page, "<dfg>");
    page = previous(sim, page);
    assert_page(page, "b>");
}

static void pages_take_in_what_comes(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcd");
    const struct command *page = next(sim, list(sim, 0, false));
    assert_page(page, "<d");
    make_all(sim, "efgh");
    page = next(sim, page);
    assert_page(page, "<efg>");
    assert_page(previous(sim, page), "<bcd>");
}

static void the_last_page_may_turn_out_empty(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcd");
    const struct command *page = list(sim, 0, false);
    drop(sim, "d");
    page = next(sim, page);
    assert_page(page, "<");
    assert_page(previous(sim, page), "abc");
}

static void the_first_page_may_turn_out_empty(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcdef");
    const struct command *page = next(sim, list(sim, 0, false));
    drop(sim, "a");
    drop(sim, "b");
    drop(sim, "c");
    page = previous(sim, page);
    assert_page(page, ">");
    assert_page(next(sim, page), "def");
}

/* The object that the empty page begins behind is itself on the page before. */
static void what_borders_on_an_empty_page_is_not_forgotten(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcd");
    const struct command *page = list(sim, 0, false);
    for (const char *name = "a\0b\0d\0"; *name; name += 2)
        drop(sim, name);
    page = next(sim, page);
    assert_page(page, "<");
    assert_page(previous(sim, page), "c");
    make_all(sim, "defg");
    page = next(sim, list(sim, 0, false));
    assert_page(page, "<fg");
    for (const char *name = "c\0d\0e\0g\0"; *name; name += 2)
        drop(sim, name);
    page = previous(sim, page);
    assert_page(page, ">");
    assert_page(next(sim, page), "f");
}

static void a_page_may_end_where_everything_is_gone(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcd");
    const struct command *page = list(sim, 0, false);
    for (const char *name = "a\0b\0c\0d\0"; *name; name += 2)
        drop(sim, name);
    assert_page(next(sim, page), "");
}

static void expired_objects_are_left_out_and_leave_no_gap(void **state)
{
    struct sim *sim = *state;
    for (const char *name = "a\0b\0c\0d\0e\0f\0"; *name; name += 2)
        sim_do(sim, sim_with_ttl(sim_create(name, NULL), *name == 'b' || *name == 'd'));
    sim->now_ms += 1000;
    const struct command *page = list(sim, 0, false);
    assert_page(page, "ace>");
    assert_page(next(sim, page), "<f");
}

static void only_expired_objects_ahead_are_no_next_page(void **state)
{
    struct sim *sim = *state;
    for (const char *name = "a\0b\0c\0d\0"; *name; name += 2)
        sim_do(sim, sim_with_ttl(sim_create(name, NULL), *name == 'd'));
    sim->now_ms += 1000;
    assert_page(list(sim, 0, false), "abc");
}

static void a_list_shows_the_newest_state_of_each(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "ab");
    sim_do(sim, sim_update("a", "{\"n\":1}"));
    assert_int_equal(sim_tidy(sim), OK);
    sim_do(sim, sim_update("b", "{\"n\":2}"));
    const struct command *page = list(sim, 0, false);
    assert_true(str_eq(page->heads[0]->data, STR("{\"n\":1}")));
    assert_true(str_eq(page->heads[1]->data, STR("{\"n\":2}")));
}

static void a_list_holds_its_own_kind_and_service_only(void **state)
{
    struct sim *sim = *state;
    struct asked *service = sim_do(sim, sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0}));
    struct str sid = sim_sid(sim, service);
    make(sim, 'a');
    sim_do(sim, sim_in(sim_create("b", NULL), sid));
    sim_do(sim, sim_about(KIND_KEY, VERB_CREATE, (struct str){0}));
    assert_page(list(sim, 0, false), "a");
    assert_page(&sim_do(sim, sim_in(sim_list(SIZE), sid))->command, "b");
    struct asked *services = sim_do(sim, sim_about(KIND_SERVICE, VERB_LIST, (struct str){0}));
    assert_int_equal(services->command.heads_count, 2);
    assert_true(str_eq(services->command.heads[0]->name, STR("default")));
    assert_int_equal(services->command.heads[1]->id, service->command.head->id);
    struct asked *keys = sim_do(sim, sim_about(KIND_KEY, VERB_LIST, (struct str){0}));
    assert_int_equal(keys->command.heads_count, 1);
}

/* Whatever comes and goes: following next from the start shows each object that was there all
 * the time, once and in order. */
static void a_walk_misses_nothing_that_stays(void **state)
{
    struct sim *sim = *state;
    static char names[40][4];
    uint64_t last = 0;
    size_t seen = 0;
    for (size_t i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "%02zu", i);
        sim_do(sim, sim_create(names[i], NULL));
    }
    const struct command *page = list(sim, 0, false);
    for (size_t step = 0; page->heads_count; step++) {
        for (size_t i = 0; i < page->heads_count; i++) {
            assert_true(page->heads[i]->id > last);
            last = page->heads[i]->id;
            seen += (page->heads[i]->name.ptr[1] - '0') % 2 == 0;
        }
        if (step < 20)
            drop(sim, names[2 * ((step * 7) % 20) + 1]);
        page = next(sim, page);
    }
    assert_int_equal(seen, 20);
}

static void a_list_that_cannot_be_read_is_refused(void **state)
{
    struct sim *sim = *state;
    make_all(sim, "abcd");
    const struct command *page = list(sim, 0, false);
    for (unsigned behind = 0; behind < 2; behind++) {
        struct command command = sim_list(SIZE);
        command.page.beyond = page->heads[0]->id;
        sim_fail(sim, SIM_PAGE, behind, ERR_STORE);
        assert_int_equal(sim_do(sim, command)->command.err, ERR_STORE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_list_of_nothing_is_empty),
        ON_EACH_STORE(pages_go_forward_to_the_end_and_back_to_the_beginning),
        ON_EACH_STORE(a_full_last_page_has_no_next),
        ON_EACH_STORE(pages_do_not_shift_when_objects_go),
        ON_EACH_STORE(pages_take_in_what_comes),
        ON_EACH_STORE(the_last_page_may_turn_out_empty),
        ON_EACH_STORE(the_first_page_may_turn_out_empty),
        ON_EACH_STORE(what_borders_on_an_empty_page_is_not_forgotten),
        ON_EACH_STORE(a_page_may_end_where_everything_is_gone),
        ON_EACH_STORE(expired_objects_are_left_out_and_leave_no_gap),
        ON_EACH_STORE(only_expired_objects_ahead_are_no_next_page),
        ON_EACH_STORE(a_list_shows_the_newest_state_of_each),
        ON_EACH_STORE(a_list_holds_its_own_kind_and_service_only),
        ON_EACH_STORE(a_walk_misses_nothing_that_stays),
        ON_EACH_STORE(a_list_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
