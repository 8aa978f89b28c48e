#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void assert_str(struct str actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.ptr, expected, actual.len);
}

static void members_come_in_order_with_their_whole_values(void **state)
{
    (void)state;
    static const char *const expected[][2] = {{"a", "1"},
                                              {"b\\\"", "{\"x\":[1,{\"y\":\"},\"}]}"},
                                              {"", "[]"},
                                              {"a", "\"s\\\\\""}};
    struct value_members members;
    struct str key, value;
    value_members_init(
        &members, STR("{\"a\":1,\"b\\\"\":{\"x\":[1,{\"y\":\"},\"}]},\"\":[],\"a\":\"s\\\\\"}"));
    for (size_t i = 0; i < 4; i++) {
        assert_true(value_members_next(&members, &key, &value));
        assert_str(key, expected[i][0]);
        assert_str(value, expected[i][1]);
    }
    assert_false(value_members_next(&members, &key, &value));
}

static void there_are_no_members_when_it_is_empty_or_no_object(void **state)
{
    (void)state;
    struct value_members members;
    struct str key, value;
    value_members_init(&members, STR("{}"));
    assert_false(value_members_next(&members, &key, &value));
    value_members_init(&members, STR("[1]"));
    assert_false(value_members_next(&members, &key, &value));
    value_members_init(&members, STR("1"));
    assert_false(value_members_next(&members, &key, &value));
}

static void the_length_of_a_value_is_found_whatever_is_in_it(void **state)
{
    (void)state;
    static const char *const values[] = {
        "1",
        "-1.5e+10",
        "true",
        "\"\"",
        "\"\\\\\"",
        "\"0123456789\\\"abcdefgh\\\\\"",
        "[]",
        "{}",
        "[[[]],{},\"]]]]]]]]]]]]]]]]]\"]",
        "{\"aaaaaaaaaaaaaaaaaaaaaaaaa\":{\"b}\":[1,2,3]},\"\\\"\":12345678901234567890}",
    };
    static const char *const behind[] = {"", ",1", "}", "],\"x\":{}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t j = 0; j < sizeof behind / sizeof *behind; j++) {
            char text[128];
            snprintf(text, sizeof text, "%s%s", values[i], behind[j]);
            assert_int_equal(value_length(str_from(text)), strlen(values[i]));
        }
    }
}

static void elements_come_in_order_with_their_whole_values(void **state)
{
    (void)state;
    static const char *const expected[] = {"1", "\",]\"", "[2,[]]", "{\"a\":[1,2]}", "null"};
    struct value_elements elements;
    struct str value;
    value_elements_init(&elements, STR("[1,\",]\",[2,[]],{\"a\":[1,2]},null]"));
    for (size_t i = 0; i < 5; i++) {
        assert_true(value_elements_next(&elements, &value));
        assert_str(value, expected[i]);
    }
    assert_false(value_elements_next(&elements, &value));
}

static void there_are_no_elements_when_it_is_empty_or_no_array(void **state)
{
    (void)state;
    const struct str texts[] = {STR("[]"), STR("{\"a\":1}"), STR("1"), STR("")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct value_elements elements;
        struct str value;
        value_elements_init(&elements, texts[i]);
        assert_false(value_elements_next(&elements, &value));
    }
}

static void get_finds_the_first_member_whose_decoded_key_matches(void **state)
{
    (void)state;
    struct str object = STR("{\"ab\":1,\"\\u0061\":2,\"a\":3,\"\\ud83d\\ude00\":4,\"\\ud83d\":5,"
                            "\"\":6,\"x\\ny\":7}");
    assert_str(value_get(object, STR("a")), "2");
    assert_str(value_get(object, STR("ab")), "1");
    assert_str(value_get(object, STR("\xf0\x9f\x98\x80")), "4");
    assert_str(value_get(object, STR("")), "6");
    assert_str(value_get(object, STR("x\ny")), "7");
    assert_null(value_get(object, STR("abc")).ptr);
    assert_null(value_get(object, STR("\xed\xa0\xbd")).ptr);
    assert_null(value_get(STR("{}"), STR("a")).ptr);
}

static void assert_decodes(struct arena *arena, const char *token, struct str expected)
{
    struct str text;
    assert_true(value_decode_string(str_from(token), arena, &text));
    assert_int_equal(text.len, expected.len);
    assert_memory_equal(text.ptr, expected.ptr, expected.len);
}

static void a_string_token_is_decoded_to_utf8(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_decodes(&arena, "\"\"", STR(""));
    assert_decodes(&arena, "\"plain \xc3\xa9\"", STR("plain \xc3\xa9"));
    assert_decodes(&arena, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", STR("\"\\/\b\f\n\r\t"));
    assert_decodes(&arena, "\"\\u0000\\u0041\\u00e9\\u20AC\"", STR("\0A\xc3\xa9\xe2\x82\xac"));
    assert_decodes(&arena, "\"x\\uD83D\\uDE00y\"", STR("x\xf0\x9f\x98\x80y"));
    assert_decodes(&arena, "\"\\udbff\\udfff\\ue000\\ud7ff\"",
                   STR("\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf"));
    arena_deinit(&arena);
}

static void decoding_fails_when_it_is_no_string_or_a_surrogate_stands_alone(void **state)
{
    (void)state;
    static const char *const tokens[] = {"\"\\ud800\"",
                                         "\"\\udc00\"",
                                         "\"\\u0041\\udc00\"",
                                         "\"\\ud800x\"",
                                         "\"\\ud800\\u0041\"",
                                         "\"\\ud800\\n\"",
                                         "1",
                                         "true",
                                         "[\"a\"]",
                                         "\""};
    struct arena arena;
    struct str text;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_false(value_decode_string(str_from(tokens[i]), &arena, &text));
    assert_false(value_decode_string((struct str){0}, &arena, &text));
    arena_deinit(&arena);
}

/* Each byte behind the text is out of bounds, for the sanitizer to see. */
static bool decodes(const char *coded, size_t len)
{
    char *copy = test_malloc(len ? len : 1);
    size_t out_len;
    memcpy(copy, coded, len);
    bool good = value_decode((struct str){copy, len}, copy, &out_len);
    test_free(copy);
    return good;
}

static void what_was_not_checked_is_decoded_within_its_bounds(void **state)
{
    (void)state;
    static const char *const broken[] = {"\\",         "a\\",      "\\u", "\\u12",
                                         "\\u123",     "\\u123g",  "\\q", "\\ud83d\\ude0",
                                         "\\ud83d\\u", "\\ud83d\\"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_false(decodes(broken[i], strlen(broken[i])));
    assert_false(decodes("\\\0", 2));
    assert_true(decodes("", 0));
    assert_true(decodes("\xfe\xff\0x", 4));
}

static void decoding_may_happen_in_place(void **state)
{
    (void)state;
    char text[] = "a\\n\\ud83d\\ude00bc\\\\d";
    size_t len;
    assert_true(value_decode(str_from(text), text, &len));
    assert_true(str_eq((struct str){text, len}, STR("a\n\xf0\x9f\x98\x80"
                                                    "bc\\d")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_in_order_with_their_whole_values),
        cmocka_unit_test(there_are_no_members_when_it_is_empty_or_no_object),
        cmocka_unit_test(the_length_of_a_value_is_found_whatever_is_in_it),
        cmocka_unit_test(elements_come_in_order_with_their_whole_values),
        cmocka_unit_test(there_are_no_elements_when_it_is_empty_or_no_array),
        cmocka_unit_test(get_finds_the_first_member_whose_decoded_key_matches),
        cmocka_unit_test(a_string_token_is_decoded_to_utf8),
        cmocka_unit_test(decoding_fails_when_it_is_no_string_or_a_surrogate_stands_alone),
        cmocka_unit_test(what_was_not_checked_is_decoded_within_its_bounds),
        cmocka_unit_test(decoding_may_happen_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
