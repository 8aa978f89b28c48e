#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_valid(struct str s)
{
    assert_int_equal(utf8_valid_prefix(s), s.len);
    assert_true(utf8_is_valid(s));
}

static void every_scalar_value_is_valid_when_encoded(void **state)
{
    (void)state;
    char bytes[4];
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t len = utf8_encode(c, bytes);
        assert_int_equal(len, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_valid_prefix((struct str){bytes, len}), len);
        assert_int_equal(utf8_length((struct str){bytes, len}), 1);
    }
}

static void known_code_points_have_their_known_bytes(void **state)
{
    (void)state;
    char bytes[4];
    assert_int_equal(utf8_encode(0xe9, bytes), 2);
    assert_memory_equal(bytes, "\xc3\xa9", 2);
    assert_int_equal(utf8_encode(0x20ac, bytes), 3);
    assert_memory_equal(bytes, "\xe2\x82\xac", 3);
    assert_int_equal(utf8_encode(0x1f600, bytes), 4);
    assert_memory_equal(bytes, "\xf0\x9f\x98\x80", 4);
}

static void the_prefix_ends_where_the_first_bad_sequence_begins(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        size_t prefix;
    } cases[] = {
        {STR_INIT("\x80"), 0},             /* a continuation byte alone */
        {STR_INIT("ab\xff"), 2},           /* never a byte of UTF-8 */
        {STR_INIT("\xc0\x80"), 0},         /* overlong */
        {STR_INIT("\xc1\xbf"), 0},         /* overlong */
        {STR_INIT("\xe0\x9f\xbf"), 0},     /* overlong */
        {STR_INIT("\xf0\x8f\xbf\xbf"), 0}, /* overlong */
        {STR_INIT("\xed\xa0\x80"), 0},     /* a surrogate */
        {STR_INIT("\xed\xbf\xbf"), 0},     /* a surrogate */
        {STR_INIT("\xf4\x90\x80\x80"), 0}, /* above U+10FFFF */
        {STR_INIT("\xf5\x80\x80\x80"), 0}, /* above U+10FFFF */
        {STR_INIT("\xc3\xa9\xc3"), 2},     /* cut */
        {STR_INIT("a\xe2\x82"), 1},        /* cut */
        {STR_INIT("a\xf0\x9f\x98"), 1},    /* cut */
        {STR_INIT("\xe2\x82x"), 0},
        {STR_INIT("\xc3\xc3"), 0},
        {STR_INIT("eight by\xfftes and some more"), 8},
    };
    assert_int_equal(utf8_valid_prefix((struct str){"a\xe2\x82\xac", 3}), 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(utf8_valid_prefix(cases[i].text), cases[i].prefix);
        assert_false(utf8_is_valid(cases[i].text));
    }
}

static void the_edges_of_the_ranges_are_valid(void **state)
{
    (void)state;
    assert_valid(STR("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
    assert_valid(STR("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    assert_valid(STR("\0"));
    assert_valid(STR(""));
    assert_valid((struct str){0});
}

static void a_bad_byte_is_found_at_every_place_of_a_long_text(void **state)
{
    (void)state;
    char text[40];
    for (size_t i = 0; i < sizeof text; i++) {
        memset(text, 'a', sizeof text);
        text[i] = (char)0xfe;
        assert_int_equal(utf8_valid_prefix((struct str){text, sizeof text}), i);
    }
}

static void length_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(STR("")), 0);
    assert_int_equal(utf8_length(STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_is_valid_when_encoded),
        cmocka_unit_test(known_code_points_have_their_known_bytes),
        cmocka_unit_test(the_prefix_ends_where_the_first_bad_sequence_begins),
        cmocka_unit_test(the_edges_of_the_ranges_are_valid),
        cmocka_unit_test(a_bad_byte_is_found_at_every_place_of_a_long_text),
        cmocka_unit_test(length_counts_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
