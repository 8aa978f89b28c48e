#include "sync/precondition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct precondition parse(const char *header)
{
    struct precondition precondition;
    assert_int_equal(precondition_parse(str_from(header), &precondition), OK);
    return precondition;
}

static void assert_refused(const char *header)
{
    struct precondition precondition;
    assert_int_equal(precondition_parse(str_from(header), &precondition), ERR_IF_MATCH);
}

static void an_absent_header_always_holds(void **state)
{
    (void)state;
    struct precondition precondition = parse(NULL);
    assert_false(precondition.given);
    assert_true(precondition_holds(&precondition, 0));
    assert_true(precondition_holds(&precondition, UINT64_MAX));
}

static void an_asterisk_holds_for_any_revision(void **state)
{
    (void)state;
    const char *const headers[] = {"*", " *\t"};
    for (size_t i = 0; i < 2; i++) {
        struct precondition precondition = parse(headers[i]);
        assert_true(precondition.given);
        assert_true(precondition_holds(&precondition, 0));
        assert_true(precondition_holds(&precondition, 77));
    }
}

static void a_revision_holds_quoted_and_bare(void **state)
{
    (void)state;
    const char *const headers[] = {"1a", "\"1a\"", " \"1a\" ", "\t1a"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct precondition precondition = parse(headers[i]);
        assert_true(precondition_holds(&precondition, 0x1a));
        assert_false(precondition_holds(&precondition, 0x1b));
        assert_false(precondition_holds(&precondition, 0));
    }
}

static void revisions_of_all_sizes_are_read(void **state)
{
    (void)state;
    struct precondition first = parse("0"), last = parse("\"ffffffffffffffff\"");
    assert_true(precondition_holds(&first, 0));
    assert_true(precondition_holds(&last, UINT64_MAX));
}

static void a_list_holds_for_each_of_its_revisions(void **state)
{
    (void)state;
    struct precondition precondition = parse("\"1\",2 , \"ff\"");
    assert_int_equal(precondition.count, 3);
    assert_true(precondition_holds(&precondition, 1));
    assert_true(precondition_holds(&precondition, 2));
    assert_true(precondition_holds(&precondition, 0xff));
    assert_false(precondition_holds(&precondition, 0));
    assert_false(precondition_holds(&precondition, 3));
}

static void a_list_may_have_so_many_revisions_and_no_more(void **state)
{
    (void)state;
    struct precondition precondition = parse("0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f");
    assert_int_equal(precondition.count, PRECONDITION_REVISIONS_MAX);
    assert_true(precondition_holds(&precondition, 15));
    assert_refused("0,1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,10");
}

static void what_is_no_revision_is_refused(void **state)
{
    (void)state;
    const char *const headers[] = {
        "",      " ",    "\"\"",    "\"",          "\"1",
        "1\"",   "'1'",  "1 2",     "\"1\" \"2\"", "1,",
        ",1",    "1,,2", "W/\"1\"", "xyz",         "-1",
        "0x1",   "1.0",  "1A",      "*,1",         "1,*",
        "\"*\"", "01",   "\"00\"",  "\"1\"\"2\"",  "10000000000000000",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_refused(headers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absent_header_always_holds),
        cmocka_unit_test(an_asterisk_holds_for_any_revision),
        cmocka_unit_test(a_revision_holds_quoted_and_bare),
        cmocka_unit_test(revisions_of_all_sizes_are_read),
        cmocka_unit_test(a_list_holds_for_each_of_its_revisions),
        cmocka_unit_test(a_list_may_have_so_many_revisions_and_no_more),
        cmocka_unit_test(what_is_no_revision_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
