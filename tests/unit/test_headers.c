#include "http/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;
static struct headers headers;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    headers = (struct headers){NULL};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static void a_header_is_found_by_its_whole_name_in_any_case(void **state)
{
    (void)state;
    headers_add(&headers, &arena, STR("X-Test"), STR("some value"));
    assert_true(str_eq(headers_find(&headers, &arena, STR("x-tEST")), STR("some value")));
    assert_null(headers_find(&headers, &arena, STR("x-tes")).ptr);
    assert_null(headers_find(&headers, &arena, STR("x-test-")).ptr);
}

static void an_empty_value_is_not_an_absent_one(void **state)
{
    (void)state;
    headers_add(&headers, &arena, STR("a"), STR(""));
    headers_add(&headers, &arena, STR(""), STR("v"));
    struct str value = headers_find(&headers, &arena, STR("a"));
    assert_non_null(value.ptr);
    assert_int_equal(value.len, 0);
}

static void several_of_one_name_are_joined_in_the_order_of_their_coming(void **state)
{
    (void)state;
    headers_add(&headers, &arena, STR("a"), STR("1"));
    headers_add(&headers, &arena, STR("b"), STR("x"));
    headers_add(&headers, &arena, STR("A"), STR(""));
    headers_add(&headers, &arena, STR("a"), STR("3"));
    assert_true(str_eq(headers_find(&headers, &arena, STR("a")), STR("1, , 3")));
    assert_true(str_eq(headers_find(&headers, &arena, STR("b")), STR("x")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_header_is_found_by_its_whole_name_in_any_case),
        TEST(an_empty_value_is_not_an_absent_one),
        TEST(several_of_one_name_are_joined_in_the_order_of_their_coming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
