#include "http/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_foreign(const char *origin, const char *fetch_site, const char *friends)
{
    struct site_request request = {
        .host = STR("sync.example:8080"),
        .origin = origin ? str_from(origin) : (struct str){0},
        .fetch_site = fetch_site ? str_from(fetch_site) : (struct str){0},
    };
    return site_is_foreign(&request, friends ? str_from(friends) : (struct str){0});
}

static void a_program_that_says_nothing_of_sites_is_none(void **state)
{
    (void)state;
    assert_false(is_foreign(NULL, NULL, NULL));
}

static void a_page_of_the_server_itself_is_not_foreign(void **state)
{
    (void)state;
    assert_false(is_foreign("http://sync.example:8080", NULL, NULL));
    assert_false(is_foreign("https://SYNC.example:8080", NULL, NULL));
    assert_false(is_foreign("http://sync.example:8080", "same-origin", NULL));
    assert_false(is_foreign(NULL, "same-origin", NULL));
    assert_false(is_foreign(NULL, "none", NULL)); /* the user typed it */
}

static void a_page_of_another_site_is_foreign(void **state)
{
    (void)state;
    assert_true(is_foreign("http://evil.example", NULL, NULL));
    assert_true(is_foreign("http://evil.example", "cross-site", NULL));
    assert_true(is_foreign(NULL, "cross-site", NULL));
    assert_true(is_foreign("http://other.sync.example:8080", "same-site", NULL));
    assert_true(is_foreign("null", NULL, NULL));
    assert_true(is_foreign("http://sync.example:80801", NULL, NULL));
    assert_true(is_foreign("http://sync.example", NULL, NULL));
    assert_true(is_foreign("ftp://sync.example:8080", NULL, NULL));
    assert_true(is_foreign("", NULL, NULL));
}

static void origins_that_are_named_are_friends(void **state)
{
    (void)state;
    const char *friends = "https://app.example, https://admin.example:8443";
    assert_false(is_foreign("https://app.example", "cross-site", friends));
    assert_false(is_foreign("https://admin.example:8443", NULL, friends));
    assert_true(is_foreign("https://app.example:1", "cross-site", friends));
    assert_true(is_foreign(NULL, "cross-site", friends));
    assert_true(is_foreign("", "cross-site", ",,"));
    assert_false(is_foreign("https://any.example", "cross-site", "*"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_says_nothing_of_sites_is_none),
        cmocka_unit_test(a_page_of_the_server_itself_is_not_foreign),
        cmocka_unit_test(a_page_of_another_site_is_foreign),
        cmocka_unit_test(origins_that_are_named_are_friends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
