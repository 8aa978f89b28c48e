#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void a_digit_has_its_value_in_either_case(void **state)
{
    (void)state;
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    for (int c = 0; c < 0x100; c++) {
        const char *at = c ? strchr(lower, c) : NULL;
        if (!at)
            at = c && strchr(upper, c) ? lower + (strchr(upper, c) - upper) : NULL;
        assert_int_equal(hex_digit((char)c), at ? (int)(at - lower) : -1);
    }
}

static void assert_written(uint64_t value)
{
    char padded[HEX_LENGTH + 1], shortest[HEX_LENGTH + 1], digits[HEX_LENGTH + 1] = {0};
    uint64_t read = ~value;
    snprintf(padded, sizeof padded, "%016llx", (unsigned long long)value);
    snprintf(shortest, sizeof shortest, "%llx", (unsigned long long)value);
    hex_put(digits, value);
    assert_string_equal(digits, padded);
    assert_true(hex_get(digits, &read));
    assert_true(read == value);
    digits[hex_put_short(digits, value)] = 0;
    assert_string_equal(digits, shortest);
}

static void a_number_is_read_as_it_was_written(void **state)
{
    (void)state;
    assert_written(0);
    assert_written(UINT64_MAX);
    assert_written(0x0123456789abcdef);
    assert_written(0xfedcba9876543210);
    for (unsigned shift = 0; shift < 64; shift += 4)
        for (uint64_t digit = 0; digit < 16; digit++)
            assert_written(digit << shift);
}

static void what_is_no_lower_case_digit_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t at = 0; at < HEX_LENGTH; at++)
        for (int c = 0; c < 0x100; c++) {
            char digits[HEX_LENGTH];
            uint64_t value;
            memset(digits, '9', sizeof digits);
            digits[at] = (char)c;
            assert_int_equal(hex_get(digits, &value),
                             (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digit_has_its_value_in_either_case),
        cmocka_unit_test(a_number_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_lower_case_digit_is_refused_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
