#include "console/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What a browser sends with a request of our own page. */
static const struct guard_request own = {
    .local = true,
    .host = STR_INIT("localhost:8080"),
    .origin = STR_INIT("http://localhost:8080"),
    .fetch_site = STR_INIT("same-origin"),
};

static void our_own_page_is_admitted(void **state)
{
    (void)state;
    assert_true(guard_admits(&own));
}

static void a_client_that_is_no_browser_is_admitted(void **state)
{
    (void)state;
    struct guard_request request = {.local = true, .host = STR("127.0.0.1:1")};
    assert_true(guard_admits(&request));
    request.fetch_site = STR("none"); /* typed in */
    assert_true(guard_admits(&request));
}

static void another_machine_and_a_proxy_are_not(void **state)
{
    (void)state;
    struct guard_request request = own;
    request.local = false;
    assert_false(guard_admits(&request));
    request = own;
    request.forwarded = true;
    assert_false(guard_admits(&request));
}

static void another_origin_is_not(void **state)
{
    (void)state;
    const char *const others[] = {"http://evil.example",
                                  "http://localhost:8081",
                                  "null",
                                  "",
                                  "https://localhost:8080",
                                  "http://localhost:80800",
                                  "http://127.0.0.1:8080",
                                  "http://localhost"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct guard_request request = own;
        request.origin = str_from(others[i]);
        assert_false(guard_admits(&request));
    }
}

static void another_site_is_not(void **state)
{
    (void)state;
    const char *const others[] = {"cross-site", "same-site", "", "Same-Origin, cross-site"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct guard_request request = own;
        request.fetch_site = str_from(others[i]);
        assert_false(guard_admits(&request));
    }
}

static void a_name_that_points_here_is_not_ours(void **state)
{
    (void)state;
    struct guard_request request = {.local = true, .host = STR("rebound.example:8080")};
    assert_false(guard_admits(&request));
    request.origin = STR("http://rebound.example:8080");
    request.fetch_site = STR("same-origin");
    assert_false(guard_admits(&request));
    request.host = (struct str){0};
    assert_false(guard_admits(&request));
}

static void our_names_are_three_with_any_port(void **state)
{
    (void)state;
    const char *const ours[] = {"localhost",       "LocalHost:80", "127.0.0.1",
                                "127.0.0.1:65535", "[::1]",        "[::1]:8080"};
    const char *const others[] = {"",
                                  "localhost.",
                                  "localhost.example",
                                  "localhost:",
                                  "localhost:x",
                                  "localhost:65536",
                                  "localhost:000080",
                                  "localhost:80:80",
                                  "127.0.0.1.nip.io",
                                  "127.0.0.10",
                                  "::1",
                                  "[::1",
                                  "localhost, evil.example",
                                  "evil.example:80",
                                  "localhos",
                                  "localhost:80 "};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_true(guard_is_own_name(str_from(ours[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(guard_is_own_name(str_from(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_page_is_admitted),
        cmocka_unit_test(a_client_that_is_no_browser_is_admitted),
        cmocka_unit_test(another_machine_and_a_proxy_are_not),
        cmocka_unit_test(another_origin_is_not),
        cmocka_unit_test(another_site_is_not),
        cmocka_unit_test(a_name_that_points_here_is_not_ours),
        cmocka_unit_test(our_names_are_three_with_any_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
