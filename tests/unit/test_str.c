#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_text(struct str actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.ptr, expected, actual.len);
}

static void strings_are_equal_when_their_bytes_are(void **state)
{
    (void)state;
    assert_true(str_eq(STR("ab"), str_from("ab")));
    assert_false(str_eq(STR("ab"), STR("aB")));
    assert_false(str_eq(STR("ab"), STR("abc")));
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq((struct str){0}, STR("")));
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("If-Match"), STR("IF-mATCH")));
    assert_false(str_eq_nocase(STR("If-Match"), STR("If-Matc")));
    assert_false(str_eq_nocase(STR("@["), STR("`{")));
    assert_false(str_eq_nocase(STR("\xc3\x89"), STR("\xc3\xa9")));
}

static void case_is_ignored_wherever_the_letter_stands(void **state)
{
    (void)state;
    char a[20], b[20];
    for (size_t len = 1; len <= sizeof a; len++)
        for (size_t at = 0; at < len; at++) {
            memset(a, 'x', sizeof a);
            memset(b, 'x', sizeof b);
            b[at] = 'X';
            assert_true(str_eq_nocase((struct str){a, len}, (struct str){b, len}));
            b[at] = 'y';
            assert_false(str_eq_nocase((struct str){a, len}, (struct str){b, len}));
        }
}

static void a_string_starts_with_its_prefixes(void **state)
{
    (void)state;
    assert_true(str_starts(STR("/v1/Services"), STR("/v1/")));
    assert_true(str_starts(STR("a"), STR("a")));
    assert_true(str_starts(STR("a"), STR("")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_false(str_starts(STR("ba"), STR("a")));
}

static void trim_takes_blanks_off_both_ends(void **state)
{
    (void)state;
    assert_text(str_trim(STR(" \t a b\t ")), "a b");
    assert_text(str_trim(STR("ab")), "ab");
    assert_text(str_trim(STR("  ")), "");
    assert_text(str_trim(STR("\n")), "\n");
    assert_null(str_trim((struct str){0}).ptr);
}

static void bytes_are_shifted_off_the_start(void **state)
{
    (void)state;
    struct str rest = STR("abc");
    assert_text(str_shift(&rest, 2), "ab");
    assert_text(rest, "c");
    assert_text(str_shift(&rest, 0), "");
    assert_text(str_shift(&rest, 1), "c");
    assert_text(rest, "");
}

static void split_goes_through_the_parts(void **state)
{
    (void)state;
    struct str left = STR("a,,b,");
    assert_text(str_split(&left, ','), "a");
    assert_text(str_split(&left, ','), "");
    assert_text(str_split(&left, ','), "b");
    assert_non_null(left.ptr);
    assert_text(str_split(&left, ','), "");
    assert_null(left.ptr);
}

static void split_returns_all_when_there_is_no_separator(void **state)
{
    (void)state;
    struct str left = STR("abc");
    assert_text(str_split(&left, ','), "abc");
    assert_null(left.ptr);
    assert_int_equal(left.len, 0);
    assert_null(str_split(&left, ',').ptr);
}

static void decimal_digits_become_a_number_when_they_fit(void **state)
{
    (void)state;
    uint64_t value;
    assert_true(str_to_u64(STR("0"), 10, &value));
    assert_int_equal(value, 0);
    assert_true(str_to_u64(STR("00031536000"), 31536000, &value));
    assert_int_equal(value, 31536000);
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
}

static void a_number_is_refused_when_it_is_too_large_or_not_all_digits(void **state)
{
    (void)state;
    uint64_t value;
    assert_false(str_to_u64(STR("31536001"), 31536000, &value));
    assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &value));
    assert_false(str_to_u64(STR("99999999999999999999"), UINT64_MAX, &value));
    assert_false(str_to_u64(STR("5"), 4, &value));
    static const struct str wrong[] = {STR_INIT(""),    STR_INIT("-1"), STR_INIT("+1"),
                                       STR_INIT(" 1"),  STR_INIT("1 "), STR_INIT("1.0"),
                                       STR_INIT("0x1"), STR_INIT("1\0")};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(str_to_u64(wrong[i], UINT64_MAX, &value));
}

static void hexadecimal_digits_are_lower_case_and_at_most_sixteen(void **state)
{
    (void)state;
    uint64_t value;
    assert_true(str_hex_to_u64(STR("1a"), &value));
    assert_int_equal(value, 26);
    assert_true(str_hex_to_u64(STR("ffffffffffffffff"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(str_hex_to_u64(STR("1A"), &value));
    assert_false(str_hex_to_u64(STR("g"), &value));
    assert_false(str_hex_to_u64(STR(""), &value));
    assert_false(str_hex_to_u64(STR("00000000000000001"), &value));
}

static void a_fingerprint_depends_on_every_byte_and_the_seed(void **state)
{
    (void)state;
    uint64_t hash = str_fingerprint(STR("document"), 1);
    assert_true(hash == str_fingerprint(STR("document"), 1));
    assert_true(hash != str_fingerprint(STR("documenu"), 1));
    assert_true(hash != str_fingerprint(STR("eocument"), 1));
    assert_true(hash != str_fingerprint(STR("document"), 2));
    assert_true(hash == 0xb1b26aa50d68e727u); /* ids that clients keep are made of it */
    assert_true(str_fingerprint((struct str){0}, 1) == str_fingerprint(STR(""), 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_equal_when_their_bytes_are),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(case_is_ignored_wherever_the_letter_stands),
        cmocka_unit_test(a_string_starts_with_its_prefixes),
        cmocka_unit_test(trim_takes_blanks_off_both_ends),
        cmocka_unit_test(bytes_are_shifted_off_the_start),
        cmocka_unit_test(split_goes_through_the_parts),
        cmocka_unit_test(split_returns_all_when_there_is_no_separator),
        cmocka_unit_test(decimal_digits_become_a_number_when_they_fit),
        cmocka_unit_test(a_number_is_refused_when_it_is_too_large_or_not_all_digits),
        cmocka_unit_test(hexadecimal_digits_are_lower_case_and_at_most_sixteen),
        cmocka_unit_test(a_fingerprint_depends_on_every_byte_and_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
