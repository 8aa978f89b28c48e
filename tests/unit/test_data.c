#include "sync/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { SIZE_MAX_SMALL = 20, DEPTH_MAX = 4 };

struct reading {
    struct arena arena;
    struct limits limits;
    size_t size_max;
    struct str data;
    struct why why;
};

static int begin(void **state)
{
    static struct reading reading;
    reading = (struct reading){.limits = {.data_depth_max = DEPTH_MAX}, .size_max = SIZE_MAX_SMALL};
    arena_init(&reading.arena);
    *state = &reading;
    return 0;
}

static int end(void **state)
{
    struct reading *reading = *state;
    arena_deinit(&reading->arena);
    return 0;
}

static enum err parse(struct reading *reading, const char *text)
{
    reading->data = (struct str){0};
    reading->why = (struct why){{0}};
    return data_parse(str_from(text), &reading->limits, reading->size_max, &reading->arena,
                      &reading->data, &reading->why);
}

static void assert_kept(struct reading *reading, const char *text, const char *expected)
{
    assert_int_equal(parse(reading, text), OK);
    assert_true(str_eq(reading->data, str_from(expected)));
    assert_string_equal(reading->why.text, "");
}

static void assert_refused(struct reading *reading, const char *text, enum err err, const char *why)
{
    assert_int_equal(parse(reading, text), err);
    assert_string_equal(reading->why.text, why);
    assert_null(reading->data.ptr);
}

static void an_object_is_kept_without_white_space(void **state)
{
    assert_kept(*state, " {\"b\" : 1.0,\n\"a\":[ ] } ", "{\"b\":1.0,\"a\":[]}");
    assert_kept(*state, "{}", "{}");
}

static void what_is_no_object_is_refused(void **state)
{
    const char *const texts[] = {"null", "[]", " [{}] ", "\"{}\"", "1", "true"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused(*state, texts[i], ERR_DATA, "expected an object at byte 0");
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
    assert_refused(*state, "", ERR_JSON, "unexpected end of the text at byte 0");
    assert_refused(*state, "{\"a\":1,}", ERR_JSON, "expected a key in double quotes at byte 7");
    assert_refused(*state, "{\"a\" 1}", ERR_JSON, "expected ':' at byte 5");
    assert_refused(*state, "{\"a\":1 2}", ERR_JSON, "expected ',' or '}' at byte 7");
    assert_refused(*state, "{\"a\":1}x", ERR_JSON, "unexpected text after the value at byte 7");
    assert_refused(*state, "{\"a\":1", ERR_JSON, "unexpected end of the text at byte 6");
    assert_refused(*state, "{\"a\":\"\xff\"}", ERR_JSON, "invalid UTF-8 at byte 6");
    assert_refused(*state, "{a:1}", ERR_JSON, "expected a key in double quotes at byte 1");
}

static void lenient_json_is_read_where_it_is_allowed(void **state)
{
    struct reading *reading = *state;
    reading->limits.lenient_json = true;
    reading->size_max = 100;
    assert_kept(reading, "{firstName:Alice,lastName:Xavier}",
                "{\"firstName\":\"Alice\",\"lastName\":\"Xavier\"}");
    assert_kept(reading, "{a:b, n: 1, t: true}", "{\"a\":\"b\",\"n\":1,\"t\":true}");
    assert_refused(reading, "{\"x\":tru}", ERR_JSON, "expected a value at byte 5");
    assert_refused(reading, "{x:NaN}", ERR_JSON,
                   "JSON has no undefined, NaN, Infinity or None at byte 3");
    assert_kept(reading, "{\"a\":1}", "{\"a\":1}");
    assert_refused(reading, "word", ERR_JSON, "expected a value at byte 0");
    assert_refused(reading, "[word]", ERR_DATA, "expected an object at byte 0");
}

/* Not where strict JSON would have ended: nobody who writes {a:1,b:} wants to hear of quotes. */
static void the_reading_that_got_further_tells_what_is_wrong(void **state)
{
    struct reading *reading = *state;
    const char *text = "{a:1,b:}";
    assert_refused(reading, text, ERR_JSON, "expected a key in double quotes at byte 1");
    reading->limits.lenient_json = true;
    assert_refused(reading, text, ERR_JSON, "expected a value at byte 7");
    assert_refused(reading, "{\"a\":1", ERR_JSON, "unexpected end of the text at byte 6");
}

/* {"a":"xxx"} of so many bytes, in `text`. */
static const char *filled(char *text, size_t size)
{
    memset(text, 'x', size);
    memcpy(text, "{\"a\":\"", 6);
    strcpy(text + size - 2, "\"}");
    return text;
}

static void the_size_is_limited_to_the_byte(void **state)
{
    struct reading *reading = *state;
    char text[4 * SIZE_MAX_SMALL];
    for (int lenient = 0; lenient < 2; lenient++) {
        reading->limits.lenient_json = lenient;
        assert_kept(reading, filled(text, SIZE_MAX_SMALL - 1), text);
        assert_kept(reading, filled(text, SIZE_MAX_SMALL), text);
        assert_refused(reading, filled(text, SIZE_MAX_SMALL + 1), ERR_TOO_LARGE,
                       "at most 20 bytes are kept");
        assert_refused(reading, filled(text, 3 * SIZE_MAX_SMALL), ERR_TOO_LARGE,
                       "at most 20 bytes are kept");
    }
}

static void the_size_that_counts_is_the_one_given(void **state)
{
    struct reading *reading = *state;
    reading->limits.data_size_max = 8;
    reading->limits.message_size_max = 6;
    reading->size_max = 7;
    assert_kept(reading, "{\"a\":1}", "{\"a\":1}");
    assert_refused(reading, "{\"a\":12}", ERR_TOO_LARGE, "at most 7 bytes are kept");
}

static void the_size_is_that_of_the_compact_text(void **state)
{
    assert_kept(*state, "{   \"a\"   :   \"xxxxxxxxxxxx\"   }", "{\"a\":\"xxxxxxxxxxxx\"}");
    assert_kept(*state, "{\"a\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}",
                "{\"a\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}");
    assert_refused(*state, "{\"a\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}",
                   ERR_TOO_LARGE, "at most 20 bytes are kept");
}

/* The quotes that the lenient reading adds count too. */
static void the_size_of_lenient_json_is_that_of_what_is_kept(void **state)
{
    struct reading *reading = *state;
    reading->limits.lenient_json = true;
    assert_kept(reading, "{a:xxxxxxxxxxxx}", "{\"a\":\"xxxxxxxxxxxx\"}");
    assert_refused(reading, "{a:xxxxxxxxxxxxx}", ERR_TOO_LARGE, "at most 20 bytes are kept");
}

static void the_depth_is_limited(void **state)
{
    struct reading *reading = *state;
    assert_kept(reading, "{\"a\":[[[]]]}", "{\"a\":[[[]]]}");
    for (int lenient = 0; lenient < 2; lenient++) {
        reading->limits.lenient_json = lenient;
        assert_refused(reading, "{\"a\":[[[[]]]]}", ERR_JSON, "nested too deep at byte 8");
    }
}

static void broken_json_is_no_large_json(void **state)
{
    char text[4 * SIZE_MAX_SMALL];
    filled(text, 3 * SIZE_MAX_SMALL);
    text[3 * SIZE_MAX_SMALL - 1] = 0;
    assert_refused(*state, text, ERR_JSON, "unexpected end of the text at byte 59");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_object_is_kept_without_white_space),
        TEST(what_is_no_object_is_refused),
        TEST(what_is_no_json_is_refused_with_its_place),
        TEST(lenient_json_is_read_where_it_is_allowed),
        TEST(the_reading_that_got_further_tells_what_is_wrong),
        TEST(the_size_is_limited_to_the_byte),
        TEST(the_size_that_counts_is_the_one_given),
        TEST(the_size_is_that_of_the_compact_text),
        TEST(the_size_of_lenient_json_is_that_of_what_is_kept),
        TEST(the_depth_is_limited),
        TEST(broken_json_is_no_large_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
