#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_vectors_of_the_rfc_are_written_without_padding(void **state)
{
    (void)state;
    const struct {
        struct str bytes;
        const char *text;
    } rows[] = {
        {STR(""), ""},
        {STR("f"), "Zg"},
        {STR("fo"), "Zm8"},
        {STR("foo"), "Zm9v"},
        {STR("foob"), "Zm9vYg"},
        {STR("fooba"), "Zm9vYmE"},
        {STR("foobar"), "Zm9vYmFy"},
        {STR("\xfb\xff\xbf"), "-_-_"},
        {STR("\0\0"), "AAA"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16] = "", bytes[16];
        size_t size;
        base64_encode(rows[i].bytes, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(base64_length(rows[i].bytes.len), strlen(text));
        assert_true(base64_decode(str_from(text), bytes, &size));
        assert_true(str_eq((struct str){bytes, size}, rows[i].bytes));
    }
}

static void every_byte_comes_back_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 7; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char bytes[8] = {0}, text[16], again[16];
                size_t size;
                bytes[at] = (char)byte;
                base64_encode((struct str){bytes, len}, text);
                assert_true(base64_decode((struct str){text, base64_length(len)}, again, &size));
                assert_int_equal(size, len);
                assert_memory_equal(again, bytes, len);
            }
        }
    }
}

/* What decodes is what is written for the bytes it decodes to: of all texts of three letters. */
static void nothing_is_written_in_two_ways(void **state)
{
    (void)state;
    unsigned good = 0;
    for (unsigned i = 0; i < 1u << 21; i++) {
        char text[3] = {(char)(i & 127), (char)(i >> 7 & 127), (char)(i >> 14)}, bytes[3], again[3];
        size_t size;
        if (!base64_decode((struct str){text, 3}, bytes, &size))
            continue;
        good++;
        assert_int_equal(size, 2);
        base64_encode((struct str){bytes, 2}, again);
        assert_memory_equal(again, text, 3);
    }
    assert_int_equal(good, 65536);
}

static void what_is_no_base64url_is_refused(void **state)
{
    (void)state;
    const struct str texts[] = {
        STR("Z"),     STR("A"),    STR("Zm9vA"),      STR("Zm9vY"),     STR("Zg=="),  STR("Zg="),
        STR("Zh"),    STR("Zm9"),  STR("+/+/"),       STR("Zm 9v"),     STR("Zm9v "), STR("Zm9v\n"),
        STR("\0gAA"), STR("Zm9!"), STR("\xc3\xa4ZZ"), STR("Zm9v.Zm9v"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char bytes[16];
        size_t size;
        assert_false(base64_decode(texts[i], bytes, &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_are_written_without_padding),
        cmocka_unit_test(every_byte_comes_back_at_every_place),
        cmocka_unit_test(nothing_is_written_in_two_ways),
        cmocka_unit_test(what_is_no_base64url_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
