#include "base/swar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Eight times `c`, but `other` at `at`. */
static uint64_t word(int c, size_t at, int other)
{
    char text[SWAR_SIZE];
    memset(text, c, sizeof text);
    text[at] = (char)other;
    return swar_load(text);
}

static void a_byte_is_found_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t at = 0; at < SWAR_SIZE; at++)
        for (int c = 0; c < 0x80; c++) {
            assert_true(swar_any(swar_equal(word('x', at, c), (char)c)));
            assert_int_equal(swar_any(swar_equal(word('x', at, c), '%')), c == '%');
        }
}

static void a_low_byte_is_found_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t at = 0; at < SWAR_SIZE; at++)
        for (int c = 0; c < 0x80; c++)
            assert_int_equal(swar_any(swar_below(word(0x7f, at, c), 0x20)), c < 0x20);
    assert_true(swar_any(swar_below(word(0, 0, 0), 0x80)));
    assert_true(swar_any(swar_below(word(0x7f, 0, 0x7f), 0x80)));
}

static void a_byte_is_found_beside_others_that_are_found_or_not_ascii(void **state)
{
    (void)state;
    for (size_t at = 0; at < SWAR_SIZE; at++)
        for (int other = 0; other < 0x100; other++) {
            assert_true(swar_any(swar_equal(word(other, at, '%'), '%')));
            assert_true(swar_any(swar_below(word(other, at, 0x1f), 0x20)));
        }
}

static void tests_are_combined(void **state)
{
    (void)state;
    for (size_t at = 0; at < SWAR_SIZE; at++)
        for (int c = 0; c < 0x100; c++) {
            uint64_t bytes = word('x', at, c);
            assert_int_equal(swar_any(bytes | swar_below(bytes, 0x20) | swar_equal(bytes, '"')),
                             c < 0x20 || c >= 0x80 || c == '"');
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_is_found_wherever_it_stands),
        cmocka_unit_test(a_low_byte_is_found_wherever_it_stands),
        cmocka_unit_test(a_byte_is_found_beside_others_that_are_found_or_not_ascii),
        cmocka_unit_test(tests_are_combined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
