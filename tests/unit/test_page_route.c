#include "realtime/page_route.h"

#include "fake/fake_session.h"

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
    static struct fake_session fake;
    fake_session_init(&fake);
    *state = &fake;
    return 0;
}

static int end(void **state)
{
    fake_session_deinit(*state);
    return 0;
}

static void ask_of(struct fake_session *fake, const char *folder, const char *query)
{
    char path[4096];
    snprintf(path, sizeof path, "/v3/%s/x/Items?%s", folder, query);
    fake_session_call(fake, "GET", path, NULL);
}

/* The page that is asked for; it is answered with nothing. */
static struct page_request page_of(struct fake_session *fake, const char *query)
{
    ask_of(fake, "Maps", query);
    const struct command *command = fake_session_command(fake);
    assert_int_equal(command->verb, VERB_LIST);
    assert_true(str_eq(command->container, STR("x")));
    struct page_request page = command->page;
    page.place.ptr = page.place.ptr ? "" : NULL;
    fake_session_answer_page(fake, &map, NULL, 0, false, false);
    return page;
}

static void is_refused(struct fake_session *fake, const char *query, unsigned code)
{
    char text[32];
    ask_of(fake, "Maps", query);
    assert_int_equal(fake->status, 400);
    snprintf(text, sizeof text, "\"code\":%u,", code);
    if (!strstr(fake_session_body(fake), text))
        fail_msg("%s: expected %s in: %s", query, text, fake_session_body(fake));
}

/* A token of the last page's meta, until the next call; NULL: it is null. */
static const char *token_of(const struct fake_session *fake, const char *name)
{
    static char token[2048];
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(fake_session_body(fake), quoted);
    assert_non_null(at);
    at += strlen(quoted);
    if (*at != '"')
        return NULL;
    snprintf(token, sizeof token, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    return token;
}

/* Ask with a token of the last page, and only with that, as old SDKs do. */
static struct page_request go(struct fake_session *fake, const char *name, char *place)
{
    char query[2200];
    snprintf(query, sizeof query, "PageToken=%s", token_of(fake, name));
    ask_of(fake, "Maps", query);
    struct page_request page = fake_session_command(fake)->page;
    snprintf(place, 16, "%.*s", STR_ARG(page.place));
    page.place.ptr = NULL;
    fake_session_answer_page(fake, &map, NULL, 0, false, false);
    return page;
}

static void answer_both(struct fake_session *fake, bool more_before, bool more_after)
{
    fake_session_answer_page(fake, &map, items, 2, more_before, more_after);
}

static void a_page_begins_where_the_collection_does(void **state)
{
    struct page_request page = page_of(*state, "HideExpired=true");
    assert_int_equal(page.size, PAGE_SIZE_DEFAULT);
    assert_false(page.descending || page.back);
    assert_null(page.place.ptr);
    assert_string_equal(fake_session_body(*state),
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
    assert_non_null(strstr(fake_session_body(*state), "\"page_size\":100,"));
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
    struct fake_session *fake = *state;
    ask_of(fake, "Maps", "From=b");
    const struct page_request *page = &fake_session_command(fake)->page;
    assert_true(str_eq(page->place, STR("b")));
    assert_true(page->place_included);
    assert_null(page->from.ptr);
    answer_both(fake, true, false);
    assert_non_null(token_of(fake, "previous_token"));
    assert_null(token_of(fake, "next_token"));
    assert_true(page_of(fake, "From=b&Bounds=inclusive").place_included);
    assert_false(page_of(fake, "From=b&Bounds=exclusive").place_included);
    is_refused(fake, "From=b&Bounds=both", 54452);
}

static void a_list_may_begin_at_its_index_0(void **state)
{
    struct fake_session *fake = *state;
    ask_of(fake, "Lists", "From=0");
    assert_true(str_eq(fake_session_command(fake)->page.place, STR("0000000000000000")));
    fake_session_answer(fake, ERR_MISSING, NULL, NULL);
    ask_of(fake, "Lists", "From=first");
    assert_int_equal(fake->status, 400);
}

static void one_item_wins_over_all(void **state)
{
    static const struct {
        const char *folder, *query, *name;
    } ones[] = {{"Maps", "Key=b&From=a&PageToken=x&PageSize=0", "b"},
                {"Lists", "Index=12", "000000000000000c"}};
    struct fake_session *fake = *state;
    for (size_t i = 0; i < 2; i++) {
        ask_of(fake, ones[i].folder, ones[i].query);
        const struct command *command = fake_session_command(fake);
        assert_int_equal(command->verb, VERB_FETCH_MANY);
        assert_int_equal(command->names_count, 1);
        assert_true(str_eq(command->names[0], str_from(ones[i].name)));
        fake_session_answer_page(fake, &map, NULL, 0, false, false);
        assert_string_equal(fake_session_body(fake),
                            "{\"items\":[],\"meta\":{\"previous_token\":null,\"next_token\":null,"
                            "\"page_size\":1,\"key\":\"items\"}}");
    }
    ask_of(fake, "Maps", "Key=b");
    fake_session_answer_page(fake, &map, items, 1, false, false);
    assert_int_equal(fake->status, 200);
    assert_non_null(strstr(fake_session_body(fake), "{\"items\":[{\"key\":\"b\","));
}

static void tokens_tell_whether_the_collection_goes_on(void **state)
{
    struct fake_session *fake = *state;
    for (unsigned i = 0; i < 4; i++) {
        ask_of(fake, "Maps", "");
        answer_both(fake, i & 1, i & 2);
        assert_int_equal(token_of(fake, "previous_token") != NULL, i & 1);
        assert_int_equal(token_of(fake, "next_token") != NULL, i >> 1);
    }
}

static void a_token_alone_goes_on_as_the_page_began(void **state)
{
    struct fake_session *fake = *state;
    char place[16];
    for (int down = 0; down < 2; down++) {
        for (int back = 0; back < 2; back++) {
            ask_of(fake, "Maps", down ? "Order=desc&PageSize=10" : "PageSize=10");
            answer_both(fake, true, true);
            struct page_request page = go(fake, back ? "previous_token" : "next_token", place);
            assert_int_equal(page.size, 10);
            assert_int_equal(page.descending, down);
            assert_int_equal(page.back, back);
            assert_false(page.place_included);
            assert_string_equal(place, back ? "b" : "c");
            assert_non_null(strstr(fake_session_body(fake), "\"page_size\":10,"));
        }
    }
}

static void another_size_may_be_asked_for_with_a_token(void **state)
{
    struct fake_session *fake = *state;
    char query[2200];
    ask_of(fake, "Maps", "PageSize=10");
    answer_both(fake, false, true);
    snprintf(query, sizeof query, "PageToken=%s&PageSize=7", token_of(fake, "next_token"));
    assert_int_equal(page_of(fake, query).size, 7);
}

static void the_page_before_an_empty_one_ends_where_that_was_to_begin(void **state)
{
    struct fake_session *fake = *state;
    char place[16];
    for (int included = 0; included < 2; included++) {
        ask_of(fake, "Maps", included ? "From=x" : "From=x&Bounds=exclusive");
        fake_session_answer_page(fake, &map, NULL, 0, true, false);
        struct page_request page = go(fake, "previous_token", place);
        assert_string_equal(place, "x");
        assert_true(page.back);
        assert_int_equal(page.place_included, !included);
    }
}

static void a_token_is_good_for_its_own_kind(void **state)
{
    struct fake_session *fake = *state;
    char query[2200];
    ask_of(fake, "Maps", "");
    answer_both(fake, false, true);
    snprintf(query, sizeof query, "PageToken=%s", token_of(fake, "next_token"));
    ask_of(fake, "Lists", query);
    assert_int_equal(fake->status, 400);
    is_refused(fake, "PageToken=PTnonsense", 54453);
    assert_null(page_of(fake, "PageToken=").place.ptr);
}

static void items_come_with_their_data(void **state)
{
    ask_of(*state, "Maps", "");
    answer_both(*state, false, false);
    const char *body = fake_session_body(*state);
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
