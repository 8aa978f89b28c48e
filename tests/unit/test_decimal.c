#include "base/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_all(const char *const pairs[][2], size_t count, bool equal)
{
    for (size_t i = 0; i < count; i++) {
        struct str a = str_from(pairs[i][0]), b = str_from(pairs[i][1]);
        if (decimal_equal(a, b) != equal || decimal_equal(b, a) != equal)
            fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
    }
}

static void spellings_of_one_number_are_equal(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"5", "5"},
        {"5", "5.0"},
        {"5", "50e-1"},
        {"5", "0.05E+2"},
        {"1.5", "1.50"},
        {"-1.5", "-15e-1"},
        {"100", "1e2"},
        {"100.01", "10001e-2"},
        {"0.001", "1e-3"},
        {"0", "-0"},
        {"0", "0.000e7"},
        {"1e21", "1000000000000000000000"},
        {"10.5", "1050e-2"},
        {"1e0000000007", "1e7"},
        {"1e9999999999", "1e9999999999"},
        {"0e9999999999", "0e9999999999"},
    };
    assert_all(pairs, sizeof pairs / sizeof *pairs, true);
}

static void other_numbers_are_not(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"5", "-5"},
        {"5", "50"},
        {"5", "0.5"},
        {"5", "5.01"},
        {"1", "10"},
        {"101", "11"},
        {"0", "1"},
        {"0", "1e-999999999"},
        {"1e2", "1e-2"},
        {"1.05", "1.5"},
        {"12", "1.2"},
        {"9007199254740993", "9007199254740992"},
        {"1e9999999999", "10e9999999998"},
    };
    assert_all(pairs, sizeof pairs / sizeof *pairs, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_number_are_equal),
        cmocka_unit_test(other_numbers_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
