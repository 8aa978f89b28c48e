#include "sync/name.h"

#include "sync/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void a_plain_name_is_fine(void **state)
{
    (void)state;
    const char *const names[] = {"a",
                                 "users/1",
                                 "имя",
                                 "with space",
                                 "ET123",
                                 "*",
                                 "default",
                                 "ET0123456789abcdef0123456789abcde",
                                 "et0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(name_check(str_from(names[i])), OK);
}

static void an_empty_name_is_refused(void **state)
{
    (void)state;
    assert_int_equal(name_check(STR("")), ERR_NAME_INVALID);
}

static void a_name_like_a_sid_is_refused(void **state)
{
    (void)state;
    assert_int_equal(name_check(STR("ET0123456789abcdef0123456789abcdef")), ERR_NAME_INVALID);
    assert_int_equal(name_check(STR("QQ00000000000000000000000000000000")), ERR_NAME_INVALID);
}

static void the_length_counts_code_points_not_bytes(void **state)
{
    (void)state;
    char ascii[NAME_LENGTH_MAX + 1], wide[4 * (NAME_LENGTH_MAX + 1)];
    memset(ascii, 'n', sizeof ascii);
    for (size_t i = 0; i <= NAME_LENGTH_MAX; i++)
        memcpy(wide + 4 * i, "🎈", 4);
    assert_int_equal(name_check((struct str){ascii, NAME_LENGTH_MAX}), OK);
    assert_int_equal(name_check((struct str){ascii, NAME_LENGTH_MAX + 1}), ERR_NAME_INVALID);
    assert_int_equal(name_check((struct str){wide, sizeof wide - 4}), OK);
    assert_int_equal(name_check((struct str){wide, sizeof wide}), ERR_NAME_INVALID);
}

static void a_name_that_is_no_utf8_is_refused(void **state)
{
    (void)state;
    assert_int_equal(name_check(STR("a\xff")), ERR_NAME_INVALID);
    assert_int_equal(name_check(STR("\xed\xa0\x80")), ERR_NAME_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_name_is_fine),
        cmocka_unit_test(an_empty_name_is_refused),
        cmocka_unit_test(a_name_like_a_sid_is_refused),
        cmocka_unit_test(the_length_counts_code_points_not_bytes),
        cmocka_unit_test(a_name_that_is_no_utf8_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
