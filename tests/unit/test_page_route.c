#include "realtime/page_route.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 2, .salt = 0xa2};

/* A map's items with the keys "b" and "c". */
static const struct change items[] = {
    {.type = CHANGE_CREATED, .kind = KIND_MAP_ITEM, .name = STR_INIT("b"), .data = STR_INIT("{}")},
    {.type = CHANGE_CREATED, .kind = KIND_MAP_ITEM, .name = STR_INIT("c"), .data = STR_INIT("{}")},
};

static int begin(void **state)
{
    static struct client_world world;
    client_world_init(&world);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    client_world_deinit(*state);
    return 0;
}

static void ask_of(struct client_world *world, const char *folder, const char *query)
{
    char path[4096];
    snprintf(path, sizeof path, "/v3/%s/x/Items?%s", folder, query);
    client_world_call(world, "GET", path, NULL);
}

/* The page that is asked for; it is answered with nothing. */
static struct page_request page_of(struct client_world *world, const char *query)
{
    ask_of(world, "Maps", query);
    const struct command *command = client_world_command(world);
    assert_int_equal(command->verb, VERB_LIST);
    assert_true(str_eq(command->container, STR("x")));
    struct page_request page = command->page;
    page.place.ptr = page.place.ptr ? "" : NULL;
    client_world_answer_page(world, &map, NULL, 0, false, false);
    return page;
}

static void is_refused(struct client_world *world, const char *query, unsigned code)
{
    char text[32];
    ask_of(world, "Maps", query);
    assert_int_equal(world->status, 400);
    snprintf(text, sizeof text, "\"code\":%u,", code);
    if (!strstr(client_world_body(world), text))
        fail_msg("%s: expected %s in: %s", query, text, client_world_body(world));
}

/* A token of the last page's meta, until the next call; NULL: it is null. */
static const char *token_of(const struct client_world *world, const char *name)
{
    static char token[2048];
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(client_world_body(world), quoted);
    assert_non_null(at);
    at += strlen(quoted);
    if (*at != '"')
        return NULL;
    snprintf(token, sizeof token, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    return token;
}

/* Ask with a token of the last page, and only with that, as old SDKs do. */
static struct page_request go(struct client_world *world, const char *name, char *place)
{
    char query[2200];
    snprintf(query, sizeof query, "PageToken=%s", token_of(world, name));
    ask_of(world, "Maps", query);
    struct page_request page = client_world_command(world)->page;
    snprintf(place, 16, "%.*s", STR_ARG(page.place));
    page.place.ptr = NULL;
    client_world_answer_page(world, &map, NULL, 0, false, false);
    return page;
}

static void answer_both(struct client_world *world, bool more_before, bool more_after)
{
    client_world_answer_page(world, &map, items, 2, more_before, more_after);
}

static void a_page_begins_where_the_collection_does(void **state)
{
    struct page_request page = page_of(*state, "HideExpired=true");
    assert_int_equal(page.size, PAGE_SIZE_DEFAULT);
    assert_false(page.descending || page.back);
    assert_null(page.place.ptr);
    assert_string_equal(client_world_body(*state),
                        "{\"items\":[],\"meta\":{\"previous_token\":null,\"next_token\":null,"
                        "\"page_size\":50,\"key\":\"items\"}}");
}

/* SDK 4 asks for one more than its pageSize, which may be 1000. */
static void a_page_of_any_size_may_be_asked_for(void **state)
{
    assert_int_equal(page_of(*state, "PageSize=1").size, 1);
    assert_int_equal(page_of(*state, "PageSize=100").size, 100);
    assert_int_equal(page_of(*state, "PageSize=101").size, PAGE_SIZE_MAX);
    assert_int_equal(page_of(*state, "PageSize=1001").size, PAGE_SIZE_MAX);
    assert_int_equal(page_of(*state, "PageSize=18446744073709551615").size, PAGE_SIZE_MAX);
    assert_non_null(strstr(client_world_body(*state), "\"page_size\":100,"));
    is_refused(*state, "PageSize=0", 54454);
    is_refused(*state, "PageSize=-1", 54454);
    is_refused(*state, "PageSize=many", 54454);
    is_refused(*state, "PageSize=1.5", 54454);
}

static void an_order_is_up_or_down(void **state)
{
    assert_true(page_of(*state, "Order=desc").descending);
    assert_false(page_of(*state, "Order=asc").descending);
    assert_false(page_of(*state, "Order=").descending);
    is_refused(*state, "Order=DESC", 54451);
}

/* From is a place in the whole collection: so the core tells what lies before it. */
static void a_page_may_begin_at_an_item(void **state)
{
    struct client_world *world = *state;
    ask_of(world, "Maps", "From=b");
    const struct page_request *page = &client_world_command(world)->page;
    assert_true(str_eq(page->place, STR("b")));
    assert_true(page->place_included);
    assert_null(page->from.ptr);
    answer_both(world, true, false);
    assert_non_null(token_of(world, "previous_token"));
    assert_null(token_of(world, "next_token"));
    assert_true(page_of(world, "From=b&Bounds=inclusive").place_included);
    assert_false(page_of(world, "From=b&Bounds=exclusive").place_included);
    is_refused(world, "From=b&Bounds=both", 54452);
}

static void a_list_may_begin_at_its_index_0(void **state)
{
    struct client_world *world = *state;
    ask_of(world, "Lists", "From=0");
    assert_true(str_eq(client_world_command(world)->page.place, STR("0000000000000000")));
    client_world_answer(world, ERR_MISSING, NULL, NULL);
    ask_of(world, "Lists", "From=first");
    assert_int_equal(world->status, 400);
}

static void one_item_wins_over_all(void **state)
{
    static const struct {
        const char *folder, *query, *name;
    } ones[] = {{"Maps", "Key=b&From=a&PageToken=x&PageSize=0", "b"},
                {"Lists", "Index=12", "000000000000000c"}};
    struct client_world *world = *state;
    for (size_t i = 0; i < 2; i++) {
        ask_of(world, ones[i].folder, ones[i].query);
        const struct command *command = client_world_command(world);
        assert_int_equal(command->verb, VERB_FETCH_MANY);
        assert_int_equal(command->names_count, 1);
        assert_true(str_eq(command->names[0], str_from(ones[i].name)));
        client_world_answer_page(world, &map, NULL, 0, false, false);
        assert_string_equal(client_world_body(world),
                            "{\"items\":[],\"meta\":{\"previous_token\":null,\"next_token\":null,"
                            "\"page_size\":1,\"key\":\"items\"}}");
    }
    ask_of(world, "Maps", "Key=b");
    client_world_answer_page(world, &map, items, 1, false, false);
    assert_int_equal(world->status, 200);
    assert_non_null(strstr(client_world_body(world), "{\"items\":[{\"key\":\"b\","));
}

static void tokens_tell_whether_the_collection_goes_on(void **state)
{
    struct client_world *world = *state;
    for (unsigned i = 0; i < 4; i++) {
        ask_of(world, "Maps", "");
        answer_both(world, i & 1, i & 2);
        assert_int_equal(token_of(world, "previous_token") != NULL, i & 1);
        assert_int_equal(token_of(world, "next_token") != NULL, i >> 1);
    }
}

static void a_token_alone_goes_on_as_the_page_began(void **state)
{
    struct client_world *world = *state;
    char place[16];
    for (int down = 0; down < 2; down++) {
        for (int back = 0; back < 2; back++) {
            ask_of(world, "Maps", down ? "Order=desc&PageSize=10" : "PageSize=10");
            answer_both(world, true, true);
            struct page_request page = go(world, back ? "previous_token" : "next_token", place);
            assert_int_equal(page.size, 10);
            assert_int_equal(page.descending, down);
            assert_int_equal(page.back, back);
            assert_false(page.place_included);
            assert_string_equal(place, back ? "b" : "c");
            assert_non_null(strstr(client_world_body(world), "\"page_size\":10,"));
        }
    }
}

static void another_size_may_be_asked_for_with_a_token(void **state)
{
    struct client_world *world = *state;
    char query[2200];
    ask_of(world, "Maps", "PageSize=10");
    answer_both(world, false, true);
    snprintf(query, sizeof query, "PageToken=%s&PageSize=7", token_of(world, "next_token"));
    assert_int_equal(page_of(world, query).size, 7);
}

static void the_page_before_an_empty_one_ends_where_that_was_to_begin(void **state)
{
    struct client_world *world = *state;
    char place[16];
    for (int included = 0; included < 2; included++) {
        ask_of(world, "Maps", included ? "From=x" : "From=x&Bounds=exclusive");
        client_world_answer_page(world, &map, NULL, 0, true, false);
        struct page_request page = go(world, "previous_token", place);
        assert_string_equal(place, "x");
        assert_true(page.back);
        assert_int_equal(page.place_included, !included);
    }
}

static void a_token_is_good_for_its_own_kind(void **state)
{
    struct client_world *world = *state;
    char query[2200];
    ask_of(world, "Maps", "");
    answer_both(world, false, true);
    snprintf(query, sizeof query, "PageToken=%s", token_of(world, "next_token"));
    ask_of(world, "Lists", query);
    assert_int_equal(world->status, 400);
    is_refused(world, "PageToken=PTnonsense", 54453);
    assert_null(page_of(world, "PageToken=").place.ptr);
}

static void items_come_with_their_data(void **state)
{
    ask_of(*state, "Maps", "");
    answer_both(*state, false, false);
    const char *body = client_world_body(*state);
    const char *first = strstr(body, "\"key\":\"b\""), *second = strstr(body, "\"key\":\"c\"");
    assert_non_null(first);
    assert_true(second > first);
    assert_non_null(strstr(first, "\"data\":{}"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_begins_where_the_collection_does),
        TEST(a_page_of_any_size_may_be_asked_for),
        TEST(an_order_is_up_or_down),
        TEST(a_page_may_begin_at_an_item),
        TEST(a_list_may_begin_at_its_index_0),
        TEST(one_item_wins_over_all),
        TEST(tokens_tell_whether_the_collection_goes_on),
        TEST(a_token_alone_goes_on_as_the_page_began),
        TEST(another_size_may_be_asked_for_with_a_token),
        TEST(the_page_before_an_empty_one_ends_where_that_was_to_begin),
        TEST(a_token_is_good_for_its_own_kind),
        TEST(items_come_with_their_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
