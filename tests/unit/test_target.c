#include "http/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void expect(const char *target, const char *path, const char *query)
{
    struct str got_path, got_query;
    if (!target_split(str_from(target), &got_path, &got_query) ||
        !str_eq(got_path, str_from(path)) || !str_eq(got_query, str_from(query)) ||
        !got_query.ptr != !query)
        fail_msg("%s: path '%.*s', query '%.*s'", target, STR_ARG(got_path), STR_ARG(got_query));
}

static void a_path_is_split_from_its_query(void **state)
{
    (void)state;
    expect("/", "/", NULL);
    expect("/a/b", "/a/b", NULL);
    expect("/a?", "/a", "");
    expect("/a?b=c?d", "/a", "b=c?d");
    expect("//host/a", "//host/a", NULL);
}

static void nothing_is_decoded(void **state)
{
    (void)state;
    expect("/%2F/../%zz%?%26", "/%2F/../%zz%", "%26");
    expect("/\xff\xc3\xa4?\xff", "/\xff\xc3\xa4", "\xff");
}

static void an_absolute_url_loses_scheme_and_authority(void **state)
{
    (void)state;
    expect("http://host:80/a?b", "/a", "b");
    expect("HTTPS://u@[::1]/", "/", NULL);
    expect("http://host", "/", NULL);
    expect("http://host?b", "/", "b");
    expect("http:///a", "/a", NULL);
    expect("http://", "/", NULL);
}

static void a_star_stands_for_itself(void **state)
{
    (void)state;
    expect("*", "*", NULL);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {"",       "a",    "?a",      "host:80", "ftp://host/",
                                          "http:/", "/a b", "/a\tb",   "/a\x7f",  "**",
                                          "http",   "/\n",  "/a?b\x01"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct str path, query;
        if (target_split(str_from(targets[i]), &path, &query))
            fail_msg("%s", targets[i]);
    }
    struct str path, query;
    assert_false(target_split(STR("/a\0b"), &path, &query));
}

static void a_bad_byte_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    char target[20];
    struct str path, query, whole = {target, sizeof target};
    for (size_t at = 1; at < sizeof target; at++)
        for (int c = 0; c < 0x100; c++) {
            memset(target, 'a', sizeof target);
            target[0] = '/';
            target[at] = (char)c;
            assert_int_equal(target_split(whole, &path, &query), c > ' ' && c != 0x7f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_split_from_its_query),
        cmocka_unit_test(nothing_is_decoded),
        cmocka_unit_test(an_absolute_url_loses_scheme_and_authority),
        cmocka_unit_test(a_star_stands_for_itself),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_bad_byte_is_refused_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
