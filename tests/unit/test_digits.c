#include "base/digits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void assert_digits(uint64_t value)
{
    char expected[32], got[DIGITS_MAX + 1] = {0};
    snprintf(expected, sizeof expected, "%" PRIu64, value);
    assert_ptr_equal(digits_put(got, value), got + strlen(expected));
    assert_string_equal(got, expected);
}

static void assert_signed_digits(int64_t value)
{
    char expected[32], got[DIGITS_MAX + 1] = {0};
    snprintf(expected, sizeof expected, "%" PRId64, value);
    assert_ptr_equal(digits_put_signed(got, value), got + strlen(expected));
    assert_string_equal(got, expected);
}

static void numbers_of_every_length_are_written_as_printf_does(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 1100; value++)
        assert_digits(value);
    for (uint64_t power = 1000; power; power = power <= UINT64_MAX / 10 ? power * 10 : 0) {
        assert_digits(power - 1);
        assert_digits(power);
        assert_digits(power + 5);
    }
    assert_digits(UINT64_MAX);
}

static void signs_are_written(void **state)
{
    (void)state;
    for (int64_t value = -101; value <= 101; value++)
        assert_signed_digits(value);
    assert_signed_digits(INT64_MAX);
    assert_signed_digits(INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_length_are_written_as_printf_does),
        cmocka_unit_test(signs_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
