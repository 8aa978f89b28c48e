#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH = 20 };

static void assert_str(struct str actual, const char *expected)
{
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.ptr, expected, actual.len);
}

static void assert_reads(enum json_reading reading, const char *text, const char *expected)
{
    struct json_error error = {0};
    struct buf out;
    buf_init(&out, 4096);
    if (!json_compact(str_from(text), reading, DEPTH, &out, &error))
        fail_msg("%s: %s at %zu", text, error.reason, error.offset);
    assert_str(buf_str(&out), expected);
    buf_deinit(&out);
}

static void assert_refuses(enum json_reading reading, struct str text, size_t offset,
                           const char *reason)
{
    struct json_error error = {0};
    struct buf out;
    buf_init(&out, 4096);
    if (json_compact(text, reading, DEPTH, &out, &error))
        fail_msg("accepted: %.*s", STR_ARG(text));
    assert_string_equal(error.reason, reason);
    assert_int_equal(error.offset, offset);
    buf_deinit(&out);
}

static void strict(const char *text, const char *expected)
{
    assert_reads(JSON_STRICT, text, expected);
    assert_reads(JSON_LENIENT, text, expected);
}

static void lenient(const char *text, const char *expected)
{
    struct json_error error;
    struct buf out;
    buf_init(&out, 4096);
    assert_false(json_compact(str_from(text), JSON_STRICT, DEPTH, &out, &error));
    buf_deinit(&out);
    assert_reads(JSON_LENIENT, text, expected);
    assert_reads(JSON_STRICT, expected, expected);
}

static void refused(const char *text, size_t offset, const char *reason)
{
    assert_refuses(JSON_STRICT, str_from(text), offset, reason);
}

static void refused_leniently(const char *text, size_t offset, const char *reason)
{
    assert_refuses(JSON_LENIENT, str_from(text), offset, reason);
}

static void a_text_without_white_space_comes_out_as_it_is(void **state)
{
    (void)state;
    strict("{\"z\":1,\"a\":[true,false,null,{}],\"z\":[]}",
           "{\"z\":1,\"a\":[true,false,null,{}],\"z\":[]}");
    strict("\"\"", "\"\"");
    strict("null", "null");
    strict("0", "0");
}

static void white_space_goes_when_it_is_between_tokens(void **state)
{
    (void)state;
    strict(" \t\r\n{ \"a b\" : [ 1 , 2 ] , \"c\" : { } , \"d\" : [ ] } \n",
           "{\"a b\":[1,2],\"c\":{},\"d\":[]}");
    strict(" 12 ", "12");
    strict("\" \"", "\" \"");
}

static void a_number_keeps_every_digit_when_it_is_grammatical(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0",
                                          "-0",
                                          "1",
                                          "10",
                                          "-12.50",
                                          "0.1e5",
                                          "1E+2",
                                          "1e-0002",
                                          "1.000000000000000000000000001",
                                          "123456789012345678901234567890",
                                          "0e0",
                                          "1e999999"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        strict(numbers[i], numbers[i]);
}

static void a_number_is_refused_when_it_is_ungrammatical(void **state)
{
    (void)state;
    refused("01", 1, "unexpected text after the value");
    refused("-01", 2, "unexpected text after the value");
    refused("1.x", 2, "expected a digit");
    refused("-x", 1, "expected a digit");
    refused("1ex", 2, "expected a digit");
    refused("1e+x", 3, "expected a digit");
    refused("1.", 2, "unexpected end of the text");
    refused("1e", 2, "unexpected end of the text");
    refused("-", 1, "unexpected end of the text");
    refused("+1", 0, "expected a value");
    refused(".5", 0, "expected a value");
    refused("0x10", 1, "unexpected text after the value");
    refused("[1 2]", 3, "expected ',' or ']'");
    refused("[-Infinity]", 2, "expected a digit");
    refused("NaN", 0, "expected a value");
}

static void escapes_stay_as_they_were_written(void **state)
{
    (void)state;
    const char *text = "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uABCD\\ud83d\\ude00\"";
    strict(text, text);
    strict("[\"\\ud800\",\"\\udc00x\"]", "[\"\\ud800\",\"\\udc00x\"]");
}

static void an_escape_is_refused_when_it_is_unknown_or_short(void **state)
{
    (void)state;
    refused("\"\\x41\"", 2, "unknown escape in a string");
    refused("\"ab\\'\"", 4, "unknown escape in a string");
    refused("\"\\U0041\"", 2, "unknown escape in a string");
    refused("\"\\u12g4\"", 5, "expected four hexadecimal digits");
    refused("\"\\u123\"", 6, "expected four hexadecimal digits");
    refused("\"\\u12", 5, "unexpected end of the text");
    refused("\"\\", 2, "unexpected end of the text");
    assert_refuses(JSON_STRICT, STR("\"\\\0\""), 2, "unknown escape in a string");
}

static void a_control_character_is_refused_when_it_stands_in_a_string(void **state)
{
    (void)state;
    refused("\"a\nb\"", 2, "control character in a string");
    refused("{\"\t\":1}", 2, "control character in a string");
    assert_refuses(JSON_STRICT, STR("\"\0\""), 1, "control character in a string");
    assert_refuses(JSON_STRICT, STR("\"\x1f\""), 1, "control character in a string");
    strict("\"\x7f\"", "\"\x7f\"");
}

/* In memory of just its size. */
static void what_is_special_in_a_string_is_seen_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t len = 3; len <= 24; len++)
        for (size_t at = 1; at < len - 1; at++) {
            char *text = malloc(len);
            struct str whole = {text, len};
            memset(text, 'a', len);
            text[0] = text[len - 1] = '"';
            text[at] = '\x1f';
            assert_refuses(JSON_STRICT, whole, at, "control character in a string");
            text[at] = '\xff';
            assert_refuses(JSON_STRICT, whole, at, "invalid UTF-8");
            text[at] = '"';
            assert_refuses(JSON_STRICT, whole, at + 1, "unexpected text after the value");
            free(text);
        }
}

static void utf8_is_kept_when_valid_and_located_when_not(void **state)
{
    (void)state;
    strict("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    refused("\"\xc3\xa9\xff\"", 3, "invalid UTF-8");
    refused("\"ab\xc3\"", 3, "invalid UTF-8");
    refused("\"\xed\xa0\x80\"", 1, "invalid UTF-8");
    refused("\"\xc0\x80\"", 1, "invalid UTF-8");
    refused("\xef\xbb\xbf{}", 0, "expected a value");
}

static void the_first_error_is_reported_when_there_are_several(void **state)
{
    (void)state;
    refused("[\"\xff\",}", 2, "invalid UTF-8");
    refused("[\"\\x\",\"\xff\"]", 3, "unknown escape in a string");
}

static void a_text_is_refused_when_it_ends_early_or_late(void **state)
{
    (void)state;
    static const char *const short_texts[] = {"",    "  ",        "{",          "[",   "[1",
                                              "[1,", "{\"a\"",    "{\"a\":",    "\"a", "{\"a\":1",
                                              "[[]", "{\"a\":1,", "[\"\xc3\xa9"};
    for (size_t i = 0; i < sizeof short_texts / sizeof *short_texts; i++)
        refused(short_texts[i], strlen(short_texts[i]), "unexpected end of the text");
    assert_refuses(JSON_STRICT, (struct str){0}, 0, "unexpected end of the text");
    refused("{} {}", 3, "unexpected text after the value");
    refused("{}]", 2, "unexpected text after the value");
    refused("truex", 4, "unexpected text after the value");
    assert_refuses(JSON_STRICT, STR("{}\0"), 2, "unexpected text after the value");
    refused("tru", 0, "expected a value");
}

static void brackets_are_refused_when_they_do_not_match(void **state)
{
    (void)state;
    refused("[}", 1, "expected a value");
    refused("{]", 1, "expected a key in double quotes");
    refused("[1}", 2, "expected ',' or ']'");
    refused("{\"a\":1]", 6, "expected ',' or '}'");
    refused("[1,]", 3, "expected a value");
    refused("[,]", 1, "expected a value");
    refused("{\"a\":1,}", 7, "expected a key in double quotes");
    refused("{\"a\" 1}", 5, "expected ':'");
    refused("{a:1}", 1, "expected a key in double quotes");
    refused("{1:1}", 1, "expected a key in double quotes");
    refused("{\"a\":'b'}", 5, "expected a value");
    refused("[1] // a comment", 4, "unexpected text after the value");
}

static bool nests(unsigned levels, unsigned depth_max, struct json_error *error)
{
    char text[4 * JSON_DEPTH_MAX];
    struct buf out;
    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    buf_init(&out, sizeof text);
    bool good = json_compact((struct str){text, 2 * levels}, JSON_STRICT, depth_max, &out, error);
    if (good)
        assert_int_equal(out.len, 2 * levels);
    buf_deinit(&out);
    return good;
}

static void nesting_is_refused_when_it_exceeds_its_limit(void **state)
{
    (void)state;
    struct json_error error;
    assert_true(nests(1, 1, &error));
    assert_true(nests(20, 20, &error));
    assert_false(nests(21, 20, &error));
    assert_int_equal(error.offset, 20);
    assert_string_equal(error.reason, "nested too deep");
    assert_true(nests(JSON_DEPTH_MAX, JSON_DEPTH_MAX, &error));
    assert_false(nests(JSON_DEPTH_MAX + 1, UINT32_MAX, &error));
    assert_int_equal(error.offset, JSON_DEPTH_MAX);
    assert_false(nests(1, 0, &error));
    strict("[[[[[[[[[[{\"a\":[{\"b\":[]}]}]]]]]]]]],[]]",
           "[[[[[[[[[[{\"a\":[{\"b\":[]}]}]]]]]]]]],[]]");
}

static void a_level_keeps_its_kind_when_deeper_levels_were_of_the_other(void **state)
{
    (void)state;
    strict("{\"a\":[{\"b\":[1],\"c\":2},[]],\"d\":{}}",
           "{\"a\":[{\"b\":[1],\"c\":2},[]],\"d\":{}}");
    refused("[{\"a\":[1]],", 9, "expected ',' or '}'");
}

static void the_buffer_fails_and_not_the_text_when_the_ceiling_is_low(void **state)
{
    (void)state;
    struct json_error error;
    struct buf out;
    buf_init(&out, 4);
    assert_true(json_compact(STR(" [ 1 ] "), JSON_STRICT, DEPTH, &out, &error));
    assert_false(out.failed);
    buf_clear(&out);
    assert_true(json_compact(STR("[1,2]"), JSON_STRICT, DEPTH, &out, &error));
    assert_true(out.failed);
    buf_clear(&out);
    assert_false(json_compact(STR("[1, 2, 3, x]"), JSON_STRICT, DEPTH, &out, &error));
    assert_int_equal(error.offset, 10);
    buf_deinit(&out);
}

static void compact_text_is_appended_when_the_buffer_has_something(void **state)
{
    (void)state;
    struct json_error error;
    struct buf out;
    buf_init(&out, 100);
    buf_add_lit(&out, "x=");
    assert_true(json_compact(STR("[1, 2]"), JSON_STRICT, DEPTH, &out, &error));
    assert_str(buf_str(&out), "x=[1,2]");
    buf_deinit(&out);
}

static void bare_words_become_strings_when_read_leniently(void **state)
{
    (void)state;
    lenient("{firstName:Alice,lastName:Xavier}",
            "{\"firstName\":\"Alice\",\"lastName\":\"Xavier\"}");
    lenient("{text:\"welcome!\"}", "{\"text\":\"welcome!\"}");
    lenient("{ first name : Alice  Smith , b:[ x y , z ] }",
            "{\"first name\":\"Alice  Smith\",\"b\":[\"x y\",\"z\"]}");
    lenient("{na\xc3\xafve:\xe2\x82\xac}", "{\"na\xc3\xafve\":\"\xe2\x82\xac\"}");
    lenient("{1:a,true:b,null:c}", "{\"1\":\"a\",\"true\":\"b\",\"null\":\"c\"}");
    lenient("[-,$x,a.b,a/b,(1),%50]", "[\"-\",\"$x\",\"a.b\",\"a/b\",\"(1)\",\"%50\"]");
}

static void a_bare_literal_or_number_keeps_its_meaning(void **state)
{
    (void)state;
    lenient("{a:true,b:false,c:null,d:-1.50e3 }",
            "{\"a\":true,\"b\":false,\"c\":null,\"d\":-1.50e3}");
    lenient("[nullx,true story,tree,full,nu,none,t]",
            "[\"nullx\",\"true story\",\"tree\",\"full\",\"nu\",\"none\",\"t\"]");
}

static void a_word_is_refused_when_it_was_hardly_meant_as_one(void **state)
{
    (void)state;
    static const char number[] =
        "expected a number; a text that begins with a digit stands in double quotes";
    static const char literal[] =
        "expected true, false or null; a text like them stands in double quotes";
    static const char foreign[] = "JSON has no undefined, NaN, Infinity or None";
    static const char *const numbers[] = {"007", "1.2.3", "12abc",      "1e",    "+1",
                                          ".5",  "0x1F",  "2026-01-02", "10:30", "-.5"};
    static const char *const literals[] = {"tru", "True", "FALSE", "fals", "nul", "NULL", "Null"};
    static const char *const foreigners[] = {"NaN",      "nan",       "undefined",
                                             "Infinity", "-Infinity", "None"};
    char text[64];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(text, sizeof text, "{x: %s}", numbers[i]);
        refused_leniently(text, 4, number);
    }
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        snprintf(text, sizeof text, "[a,%s]", literals[i]);
        refused_leniently(text, 3, literal);
    }
    for (size_t i = 0; i < sizeof foreigners / sizeof *foreigners; i++) {
        snprintf(text, sizeof text, "{x:%s}", foreigners[i]);
        refused_leniently(text, 3, foreign);
    }
}

static void a_colon_belongs_to_a_value_when_the_word_goes_on(void **state)
{
    (void)state;
    lenient("{url:http://x/y?a=1,at:at 10:30:00,c:[a:b]}",
            "{\"url\":\"http://x/y?a=1\",\"at\":\"at 10:30:00\",\"c\":[\"a:b\"]}");
    refused_leniently("{a:b c: d}", 6, "expected ',' or '}'");
    refused_leniently("{a:b:}", 4, "expected ',' or '}'");
    refused_leniently("{a::b}", 3, "expected a value");
    refused_leniently("{a:b:", 4, "expected ',' or '}'");
}

static void values_are_strict_when_there_are_double_quotes(void **state)
{
    (void)state;
    lenient("{text:\"welcome!\",n:1,t:[true]}", "{\"text\":\"welcome!\",\"n\":1,\"t\":[true]}");
    refused_leniently("{\"x\":tru}", 5, "expected a value");
    refused_leniently("{\"x\":NaN}", 5, "expected a value");
    refused_leniently("{\"x\":undefined}", 5, "expected a value");
    refused_leniently("{x:b,y:\"c\"}", 3, "expected a value");
    refused_leniently("{\"a\":01}", 6, "expected ',' or '}'");
    refused_leniently("{\"a\":1,}", 7, "expected a key");
    refused_leniently("{\"a\":[1,]}", 8, "expected a value");
}

static void other_spellings_are_refused_when_read_leniently(void **state)
{
    (void)state;
    refused_leniently("{'a':1}", 1, "expected a key");
    refused_leniently("{a:'b'}", 3, "expected a value");
    refused_leniently("'top'", 0, "expected a value");
    refused_leniently("{a:[1,2,],}", 8, "expected a value");
    refused_leniently("[1,]", 3, "expected a value");
    refused_leniently("{a:1,}", 5, "expected a key");
    refused_leniently("[,]", 1, "expected a value");
    refused_leniently("{,}", 1, "expected a key");
    refused_leniently("[1],", 3, "unexpected text after the value");
}

static void a_bare_word_is_refused_when_it_stands_alone(void **state)
{
    (void)state;
    refused_leniently("hello", 0, "expected a value");
    refused_leniently("not json", 0, "expected a value");
    refused_leniently("007", 1, "unexpected text after the value");
    refused_leniently("", 0, "unexpected end of the text");
}

static void a_bare_word_is_refused_when_its_end_is_doubtful(void **state)
{
    (void)state;
    refused_leniently("{a:b\"c\"}", 3, "expected a value");
    refused_leniently("{a:it's}", 5, "expected ',' or '}'");
    refused_leniently("{a:x\\n}", 4, "expected ',' or '}'");
    refused_leniently("{a:1\nb:2}", 5, "expected ',' or '}'");
    refused_leniently("{a:b{}}", 4, "expected ',' or '}'");
    refused_leniently("{a b}", 4, "expected ':'");
    refused_leniently("{a}", 2, "expected ':'");
    refused_leniently("{:1}", 1, "expected a key");
    refused_leniently("{a:}", 3, "expected a value");
    refused_leniently("{a:\xff}", 3, "invalid UTF-8");
    refused_leniently("{a:x", 4, "unexpected end of the text");
}

static void only_an_object_is_one(void **state)
{
    (void)state;
    struct json_error error;
    struct arena arena;
    struct str object;
    arena_init(&arena);
    assert_true(json_compact_object(STR(" { \"a\" : [ ] } "), DEPTH, &arena, &object, &error));
    assert_str(object, "{\"a\":[]}");
    assert_false(json_compact_object(STR("[{}]"), DEPTH, &arena, &object, &error));
    assert_string_equal(error.reason, "expected an object");
    assert_int_equal(error.offset, 0);
    assert_false(json_compact_object(STR("{a:1}"), DEPTH, &arena, &object, &error));
    assert_int_equal(error.offset, 1);
    assert_false(json_compact_object((struct str){0}, DEPTH, &arena, &object, &error));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_without_white_space_comes_out_as_it_is),
        cmocka_unit_test(white_space_goes_when_it_is_between_tokens),
        cmocka_unit_test(a_number_keeps_every_digit_when_it_is_grammatical),
        cmocka_unit_test(a_number_is_refused_when_it_is_ungrammatical),
        cmocka_unit_test(escapes_stay_as_they_were_written),
        cmocka_unit_test(an_escape_is_refused_when_it_is_unknown_or_short),
        cmocka_unit_test(a_control_character_is_refused_when_it_stands_in_a_string),
        cmocka_unit_test(what_is_special_in_a_string_is_seen_wherever_it_stands),
        cmocka_unit_test(utf8_is_kept_when_valid_and_located_when_not),
        cmocka_unit_test(the_first_error_is_reported_when_there_are_several),
        cmocka_unit_test(a_text_is_refused_when_it_ends_early_or_late),
        cmocka_unit_test(brackets_are_refused_when_they_do_not_match),
        cmocka_unit_test(nesting_is_refused_when_it_exceeds_its_limit),
        cmocka_unit_test(a_level_keeps_its_kind_when_deeper_levels_were_of_the_other),
        cmocka_unit_test(the_buffer_fails_and_not_the_text_when_the_ceiling_is_low),
        cmocka_unit_test(compact_text_is_appended_when_the_buffer_has_something),
        cmocka_unit_test(bare_words_become_strings_when_read_leniently),
        cmocka_unit_test(a_bare_literal_or_number_keeps_its_meaning),
        cmocka_unit_test(a_word_is_refused_when_it_was_hardly_meant_as_one),
        cmocka_unit_test(a_colon_belongs_to_a_value_when_the_word_goes_on),
        cmocka_unit_test(values_are_strict_when_there_are_double_quotes),
        cmocka_unit_test(other_spellings_are_refused_when_read_leniently),
        cmocka_unit_test(a_bare_word_is_refused_when_it_stands_alone),
        cmocka_unit_test(a_bare_word_is_refused_when_its_end_is_doubtful),
        cmocka_unit_test(only_an_object_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
