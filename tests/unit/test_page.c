#include "rest/page.h"

#include "fake/fake_operation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A map's items with the keys "b" and "c", and the page of both. */
struct world {
    struct fake_operation fake;
    struct change items[2];
    struct change *heads[2];
};

static void setup(struct world *world, const char *query)
{
    fake_operation_init(&world->fake, VERB_LIST, KIND_MAP_ITEM, KIND_MAP);
    fake_operation_query(&world->fake, query);
    for (size_t i = 0; i < 2; i++) {
        world->items[i] = (struct change){.kind = KIND_MAP_ITEM, .name = i ? STR("c") : STR("b")};
        world->heads[i] = &world->items[i];
    }
    world->fake.op.command.heads = world->heads;
    world->fake.op.command.heads_count = 2;
}

static int begin(void **state)
{
    static struct world world;
    setup(&world, "");
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    fake_operation_deinit(&world->fake);
    return 0;
}

/* Begin anew, with another request. */
static enum err ask(struct world *world, const char *query)
{
    fake_operation_deinit(&world->fake);
    setup(world, query);
    return page_prepare_items(&world->fake.op);
}

static void write_nothing(struct operation *op, const struct change *head, struct buf *out)
{
    (void)op;
    (void)head;
    buf_add_lit(out, "{}");
}

static void render(struct operation *op, struct buf *out)
{
    page_render(op, "items", write_nothing, out);
}

static void render_2010(struct operation *op, struct buf *out)
{
    page_render_2010(op, "keys", write_nothing, out);
}

/* The string member `name` of the page's meta, until the next call; NULL: it is null. */
static const char *meta(struct world *world, const char *name)
{
    static char value[8192];
    char quoted[64];
    const char *text = fake_operation_render(&world->fake, render);
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(text, quoted);
    assert_non_null(at);
    at += strlen(quoted);
    if (*at != '"')
        return NULL;
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    return value;
}

/* Ask for the neighbour: the query behind its address' question mark. */
static enum err go(struct world *world, const char *name)
{
    char query[8192];
    const char *address = meta(world, name);
    assert_non_null(address);
    snprintf(query, sizeof query, "%s", strchr(address, '?') + 1);
    return ask(world, query);
}

static void a_page_alone_has_no_neighbours(void **state)
{
    assert_int_equal(ask(*state, ""), OK);
    struct world *world = *state;
    assert_string_equal(fake_operation_render(&world->fake, render),
                        "{\"items\":[{},{}],\"meta\":{\"page\":0,\"page_size\":50,"
                        "\"first_page_url\":\"http://h:1/path?PageSize=50&Page=0\","
                        "\"previous_page_url\":null,"
                        "\"url\":\"http://h:1/path?PageSize=50&Page=0\","
                        "\"next_page_url\":null,\"key\":\"items\"}}");
}

/* However large its objects are, others have their turns in between. */
static void a_page_is_written_in_steps(void **state)
{
    struct world *world = *state;
    static char at_once[8192];
    assert_int_equal(ask(world, ""), OK);
    snprintf(at_once, sizeof at_once, "%s", fake_operation_render(&world->fake, render));
    assert_int_equal(world->fake.steps, 1);
    world->fake.tick_ns = WORK_STEP_NS;
    assert_string_equal(fake_operation_render(&world->fake, render), at_once);
    assert_int_equal(world->fake.steps, 2);
}

static void keys_have_uris_and_a_flat_envelope(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, "PageSize=2&Page=3"), OK);
    assert_string_equal(fake_operation_render(&world->fake, render_2010),
                        "{\"keys\":[{},{}],\"page\":3,\"page_size\":2,\"start\":6,\"end\":7,"
                        "\"first_page_uri\":\"/path?PageSize=2&Page=0\","
                        "\"previous_page_uri\":null,\"uri\":\"/path?PageSize=2&Page=3\","
                        "\"next_page_uri\":null}");
}

static void size_and_number_keep_their_bounds(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, "PageSize=1"), OK);
    assert_int_equal(world->fake.op.command.page.size, 1);
    assert_int_equal(ask(world, "PageSize=1000"), OK);
    assert_int_equal(world->fake.op.command.page.size, 100);
    assert_string_equal(meta(world, "url"), "http://h:1/path?PageSize=100&Page=0");
    assert_int_equal(ask(world, "PageSize=1001"), ERR_PAGE_SIZE);
    assert_int_equal(ask(world, "PageSize=0"), ERR_PAGE_SIZE);
    assert_int_equal(ask(world, "PageSize="), ERR_PAGE_SIZE);
    assert_int_equal(ask(world, "Page=-1"), ERR_PARAMETER);
    assert_string_equal(world->fake.op.why.text, "Page is a whole number from 0");
}

static void order_from_and_bounds_are_read(void **state)
{
    struct world *world = *state;
    const struct page_request *page = &world->fake.op.command.page;
    assert_int_equal(ask(world, "Order=desc&From=%EE%80%80&Bounds=exclusive"), OK);
    assert_true(page->descending && page->from_excluded);
    assert_true(str_eq(page->from, STR("\xfe\x80\x80")));
    assert_int_equal(ask(world, "Order=asc&From=a&Bounds=inclusive"), OK);
    assert_false(page->descending || page->from_excluded);
    assert_int_equal(ask(world, "From="), OK);
    assert_null(page->from.ptr);
    assert_int_equal(ask(world, "Order=down"), ERR_ORDER);
    assert_int_equal(ask(world, "Order="), ERR_ORDER);
    assert_int_equal(ask(world, "Bounds=open"), ERR_BOUNDS);
    world->fake.op.command.kind = KIND_LIST_ITEM;
    fake_operation_query(&world->fake, "From=x");
    assert_int_equal(page_prepare_items(&world->fake.op), ERR_INDEX);
}

static void addresses_repeat_order_from_and_bounds_where_given(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, "Bounds=inclusive&From=0&Order=asc"), OK);
    assert_string_equal(meta(world, "url"), "http://h:1/path?Order=asc&From=0&Bounds=inclusive"
                                            "&PageSize=50&Page=0");
    assert_int_equal(ask(world, "PageSize=3&From=a%26b%3D%C3%A4+%23"), OK);
    assert_string_equal(meta(world, "first_page_url"),
                        "http://h:1/path?From=a%26b%3D%C3%A4%20%23&PageSize=3&Page=0");
}

/* 320 code points of four bytes. */
static void addresses_have_room_for_the_longest_key(void **state)
{
    struct world *world = *state;
    char query[4096] = "From=", key[1280];
    for (size_t i = 0; i < sizeof key; i += 4) {
        strcat(query, "%F0%9F%98%80");
        memcpy(key + i, "\xf0\x9f\x98\x80", 4);
    }
    assert_int_equal(ask(world, query), OK);
    world->items[1].name = (struct str){key, sizeof key};
    world->fake.op.command.more_after = true;
    assert_non_null(strstr(meta(world, "next_page_url"), query));
    assert_int_equal(go(world, "next_page_url"), OK);
    assert_true(str_eq(world->fake.op.command.page.place, (struct str){key, sizeof key}));
}

static void the_next_page_is_behind_the_last_object(void **state)
{
    struct world *world = *state;
    const struct page_request *page = &world->fake.op.command.page;
    assert_int_equal(ask(world, "Order=desc&From=x&PageSize=2"), OK);
    world->fake.op.command.more_after = true;
    assert_null(meta(world, "previous_page_url"));
    assert_int_equal(go(world, "next_page_url"), OK);
    assert_true(str_eq(page->place, STR("c")));
    assert_true(page->descending && !page->back && !page->place_included);
    assert_true(str_eq(page->from, STR("x")));
    assert_int_equal(world->fake.op.page, 1);
    assert_int_equal(page->size, 2);
}

static void the_previous_page_is_before_the_first_object(void **state)
{
    struct world *world = *state;
    const struct page_request *page = &world->fake.op.command.page;
    assert_int_equal(ask(world, "Page=4"), OK);
    world->fake.op.command.more_before = true;
    assert_null(meta(world, "next_page_url"));
    assert_int_equal(go(world, "previous_page_url"), OK);
    assert_true(str_eq(page->place, STR("b")));
    assert_true(page->back && !page->descending && !page->place_included);
    assert_int_equal(world->fake.op.page, 3);
}

static void a_page_with_a_token_says_so_itself(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, ""), OK);
    world->fake.op.command.more_after = true;
    assert_int_equal(go(world, "next_page_url"), OK);
    assert_int_equal(go(world, "url"), OK);
    assert_true(str_eq(world->fake.op.command.page.place, STR("c")));
    assert_null(strstr(meta(world, "first_page_url"), "PageToken"));
}

/* All that is left lies where the page came from, what it started at included. */
static void an_empty_page_leads_back_to_where_it_started(void **state)
{
    struct world *world = *state;
    const struct page_request *page = &world->fake.op.command.page;
    assert_int_equal(ask(world, ""), OK);
    world->fake.op.command.more_after = true;
    assert_int_equal(go(world, "next_page_url"), OK);
    world->fake.op.command.heads_count = 0;
    world->fake.op.command.more_before = true;
    assert_null(meta(world, "next_page_url"));
    assert_int_equal(go(world, "previous_page_url"), OK);
    assert_true(page->back && page->place_included && str_eq(page->place, STR("c")));
    /* It is empty, too: everything else is behind that place. */
    world->fake.op.command.heads_count = 0;
    world->fake.op.command.more_after = true;
    assert_null(meta(world, "previous_page_url"));
    assert_int_equal(go(world, "next_page_url"), OK);
    assert_true(!page->back && !page->place_included && str_eq(page->place, STR("c")));
}

static void a_token_is_for_lists_of_its_kind_and_order(void **state)
{
    struct world *world = *state;
    char query[512];
    assert_int_equal(ask(world, "Order=desc"), OK);
    world->fake.op.command.more_after = true;
    snprintf(query, sizeof query, "%s", strstr(meta(world, "next_page_url"), "PageToken"));
    assert_int_equal(ask(world, query), ERR_PAGE_TOKEN);
    char descending[600];
    snprintf(descending, sizeof descending, "Order=desc&%s", query);
    assert_int_equal(ask(world, descending), OK);
    world->fake.op.command.kind = KIND_LIST_ITEM;
    assert_int_equal(page_prepare_items(&world->fake.op), ERR_PAGE_TOKEN);
    assert_int_equal(ask(world, "PageToken=PTx"), ERR_PAGE_TOKEN);
    assert_int_equal(ask(world, "PageToken="), ERR_PAGE_TOKEN);
}

static void the_first_page_has_no_neighbour_when_it_is_empty(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, "From=a"), OK);
    world->fake.op.command.heads_count = 0;
    assert_null(meta(world, "previous_page_url"));
    assert_null(meta(world, "next_page_url"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_alone_has_no_neighbours),
        TEST(a_page_is_written_in_steps),
        TEST(keys_have_uris_and_a_flat_envelope),
        TEST(size_and_number_keep_their_bounds),
        TEST(order_from_and_bounds_are_read),
        TEST(addresses_repeat_order_from_and_bounds_where_given),
        TEST(addresses_have_room_for_the_longest_key),
        TEST(the_next_page_is_behind_the_last_object),
        TEST(the_previous_page_is_before_the_first_object),
        TEST(a_page_with_a_token_says_so_itself),
        TEST(an_empty_page_leads_back_to_where_it_started),
        TEST(a_token_is_for_lists_of_its_kind_and_order),
        TEST(the_first_page_has_no_neighbour_when_it_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
