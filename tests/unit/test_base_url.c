#include "dialect/base_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void shows(const char *public_url, struct str host, const char *expected)
{
    struct arena arena;
    arena_init(&arena);
    struct str base = base_url_of(public_url, "127.0.0.1:8080", host, &arena);
    assert_int_equal(base.len, strlen(expected));
    assert_memory_equal(base.ptr, expected, base.len);
    arena_deinit(&arena);
}

static void a_base_url_is_what_the_client_calls_the_server(void **state)
{
    (void)state;
    shows(NULL, STR("sync.example:9000"), "http://sync.example:9000");
    shows(NULL, STR("[::1]:80"), "http://[::1]:80");
    shows(NULL, STR("A-Z_a.z-09"), "http://A-Z_a.z-09");
}

static void a_base_url_is_the_public_one_when_that_is_given(void **state)
{
    (void)state;
    shows("https://sync.example", STR("10.0.0.1"), "https://sync.example");
}

static void a_host_that_is_no_part_of_a_url_is_passed_over(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'a', sizeof longest);
    shows(NULL, (struct str){0}, "http://127.0.0.1:8080");
    shows(NULL, STR(""), "http://127.0.0.1:8080");
    shows(NULL, STR("a\"b"), "http://127.0.0.1:8080");
    shows(NULL, STR("a/b"), "http://127.0.0.1:8080");
    shows(NULL, STR("a\0b"), "http://127.0.0.1:8080");
    shows(NULL, (struct str){longest, sizeof longest}, "http://127.0.0.1:8080");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_url_is_what_the_client_calls_the_server),
        cmocka_unit_test(a_base_url_is_the_public_one_when_that_is_given),
        cmocka_unit_test(a_host_that_is_no_part_of_a_url_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
