#include "console/negotiation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool takes(const char *header)
{
    return negotiation_takes_gzip(str_from(header));
}

static bool has(const char *header)
{
    return negotiation_has(str_from(header), STR("\"ab-gz\""));
}

static void gzip_is_taken_where_it_is_named(void **state)
{
    (void)state;
    assert_true(takes("gzip"));
    assert_true(takes("GZIP"));
    assert_true(takes("x-gzip"));
    assert_true(takes("deflate, gzip;q=1.0, br"));
    assert_true(takes("br ;q=1 , gzip ; q=0.001"));
    assert_true(takes("*"));
    assert_true(takes("br;q=0, *;q=0.5"));
}

static void gzip_is_not_taken_where_it_is_not_or_refused(void **state)
{
    (void)state;
    assert_false(takes(NULL));
    assert_false(takes(""));
    assert_false(takes("br, deflate"));
    assert_false(takes("gzippy"));
    assert_false(takes("identity, gzip;q=0"));
    assert_false(takes("gzip; q=0.000"));
    assert_false(takes("gzip;level=1;q=0"));
    assert_false(takes("*;q=0"));
}

static void what_is_said_of_gzip_itself_counts_more_than_the_asterisk(void **state)
{
    (void)state;
    assert_false(takes("*, gzip;q=0"));
    assert_false(takes("gzip;q=0, *"));
    assert_true(takes("*;q=0, gzip"));
}

static void a_tag_is_found_in_any_list_strong_or_weak(void **state)
{
    (void)state;
    assert_true(has("\"ab-gz\""));
    assert_true(has("W/\"ab-gz\""));
    assert_true(has("\"x\", W/\"y\" ,\"ab-gz\" "));
    assert_true(has("*"));
}

static void another_tag_is_not_it(void **state)
{
    (void)state;
    assert_false(has(NULL));
    assert_false(has(""));
    assert_false(has("ab-gz"));
    assert_false(has("\"ab\""));
    assert_false(has("w/\"ab-gz\""));
    assert_false(has("\"ab-gz\" \"x\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_taken_where_it_is_named),
        cmocka_unit_test(gzip_is_not_taken_where_it_is_not_or_refused),
        cmocka_unit_test(what_is_said_of_gzip_itself_counts_more_than_the_asterisk),
        cmocka_unit_test(a_tag_is_found_in_any_list_strong_or_weak),
        cmocka_unit_test(another_tag_is_not_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
