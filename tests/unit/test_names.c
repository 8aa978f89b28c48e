#include "rest/names.h"

#include "sync/item_name.h"
#include "sync/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct reading {
    struct arena arena;
    struct names names;
    struct why why;
};

static int begin(void **state)
{
    static struct reading reading;
    reading = (struct reading){0};
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

static enum err parse(struct reading *reading, enum kind kind, struct str text)
{
    reading->why = (struct why){{0}};
    return names_parse(kind, text, &reading->arena, &reading->names, &reading->why);
}

static uint64_t index_at(const struct reading *reading, size_t at)
{
    struct change item = {.kind = KIND_LIST_ITEM, .name = reading->names.items[at]};
    assert_true(at < reading->names.count);
    return item_name_index(&item);
}

static struct str key_at(struct reading *reading, size_t at)
{
    struct change item = {.kind = KIND_MAP_ITEM, .name = reading->names.items[at]};
    assert_true(at < reading->names.count);
    return item_name_key(&item, &reading->arena);
}

static void indexes_come_plain_or_as_json(void **state)
{
    const struct str texts[] = {STR("0,5,9223372036854775807,5"),
                                STR(" 0 , 5,9223372036854775807,5"),
                                STR("[0,5,9223372036854775807,5]"),
                                STR(" [ 0 ,5,\n9223372036854775807, 5 ] ")};
    struct reading *reading = *state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(parse(reading, KIND_LIST_ITEM, texts[i]), OK);
        assert_int_equal(reading->names.count, 4);
        assert_int_equal(index_at(reading, 0), 0);
        assert_int_equal(index_at(reading, 1), 5);
        assert_int_equal(index_at(reading, 2), INT64_MAX);
        assert_int_equal(index_at(reading, 3), 5);
    }
}

static void keys_come_as_json(void **state)
{
    struct reading *reading = *state;
    struct str text =
        STR("[ \"b\", \"a,\\\"]\", \"\\u0000\", \"\\ud83d\\ude00\", \"\xef\xbf\xbf\"]");
    assert_int_equal(parse(reading, KIND_MAP_ITEM, text), OK);
    assert_int_equal(reading->names.count, 5);
    assert_true(str_eq(key_at(reading, 0), STR("b")));
    assert_true(str_eq(key_at(reading, 1), STR("a,\"]")));
    assert_true(str_eq(key_at(reading, 2), STR("\0")));
    assert_true(str_eq(key_at(reading, 3), STR("\xf0\x9f\x98\x80")));
    assert_true(str_eq(key_at(reading, 4), STR("\xef\xbf\xbf")));
}

static void there_may_be_none(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(parse(reading, KIND_LIST_ITEM, STR("[]")), OK);
    assert_int_equal(reading->names.count, 0);
    assert_int_equal(parse(reading, KIND_MAP_ITEM, STR(" [ ] ")), OK);
    assert_int_equal(reading->names.count, 0);
}

/* `count` times `one`, separated by commas, between brackets. */
static struct str repeat(char *text, size_t size, const char *one, int count)
{
    int len = snprintf(text, size, "[%s", one);
    for (int i = 1; i < count; i++)
        len += snprintf(text + len, size - (size_t)len, ",%s", one);
    len += snprintf(text + len, size - (size_t)len, "]");
    return (struct str){text, (size_t)len};
}

static void there_are_at_most_as_many_as_in_a_page(void **state)
{
    struct reading *reading = *state;
    char text[1024];
    struct str array = repeat(text, sizeof text, "7", PAGE_SIZE_MAX);
    assert_int_equal(parse(reading, KIND_LIST_ITEM, array), OK);
    assert_int_equal(reading->names.count, PAGE_SIZE_MAX);
    struct str plain = {array.ptr + 1, array.len - 2};
    assert_int_equal(parse(reading, KIND_LIST_ITEM, plain), OK);
    assert_int_equal(reading->names.count, PAGE_SIZE_MAX);
    array = repeat(text, sizeof text, "7", PAGE_SIZE_MAX + 1);
    assert_int_equal(parse(reading, KIND_LIST_ITEM, array), ERR_PARAMETER);
    plain = (struct str){array.ptr + 1, array.len - 2};
    assert_int_equal(parse(reading, KIND_LIST_ITEM, plain), ERR_PARAMETER);
    array = repeat(text, sizeof text, "\"a\"", PAGE_SIZE_MAX);
    assert_int_equal(parse(reading, KIND_MAP_ITEM, array), OK);
    array = repeat(text, sizeof text, "\"a\"", PAGE_SIZE_MAX + 1);
    assert_int_equal(parse(reading, KIND_MAP_ITEM, array), ERR_PARAMETER);
}

static void what_is_no_list_of_indexes_is_refused(void **state)
{
    const struct str texts[] = {
        STR(""),           STR(","),    STR("1,"),      STR("1,,2"),
        STR("a"),          STR("-1"),   STR("1.0"),     STR("9223372036854775808"),
        STR("[0"),         STR("0]"),   STR("[\"0\"]"), STR("[1,]"),
        STR("[[1]]"),      STR("[-1]"), STR("[1e2]"),   STR("[null]"),
        STR("{\"0\":[]}"), STR("1[2]"), STR("[1]2"),    STR("\0"),
    };
    struct reading *reading = *state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(parse(reading, KIND_LIST_ITEM, texts[i]), ERR_PARAMETER);
        assert_string_equal(reading->why.text,
                            "Indexes is a list of at most 100 indexes, as [0,5,7] or 0,5,7");
    }
}

static void what_is_no_array_of_keys_is_refused(void **state)
{
    const struct str texts[] = {
        STR(""),           STR("a"),         STR("\"a\""),  STR("[a]"),
        STR("['a']"),      STR("[\"\"]"),    STR("[1]"),    STR("[null]"),
        STR("{}"),         STR("[[\"a\"]]"), STR("[\"a\""), STR("[\"\\ud800\"]"),
        STR("[\"\xff\"]"), STR("[{}]"),
    };
    struct reading *reading = *state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(parse(reading, KIND_MAP_ITEM, texts[i]), ERR_PARAMETER);
        assert_string_equal(reading->why.text,
                            "Keys is a JSON array of at most 100 keys, as [\"a\",\"b\"]");
    }
}

static void a_key_has_its_greatest_length(void **state)
{
    struct reading *reading = *state;
    char text[NAME_LENGTH_MAX + 8];
    memset(text, 'x', sizeof text);
    memcpy(text, "[\"", 2);
    memcpy(text + 2 + NAME_LENGTH_MAX, "\"]", 2);
    assert_int_equal(parse(reading, KIND_MAP_ITEM, (struct str){text, NAME_LENGTH_MAX + 4}), OK);
    assert_int_equal(key_at(reading, 0).len, NAME_LENGTH_MAX);
    memcpy(text + 2 + NAME_LENGTH_MAX, "x\"]", 3);
    assert_int_equal(parse(reading, KIND_MAP_ITEM, (struct str){text, NAME_LENGTH_MAX + 5}),
                     ERR_PARAMETER);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(indexes_come_plain_or_as_json),
        TEST(keys_come_as_json),
        TEST(there_may_be_none),
        TEST(there_are_at_most_as_many_as_in_a_page),
        TEST(what_is_no_list_of_indexes_is_refused),
        TEST(what_is_no_array_of_keys_is_refused),
        TEST(a_key_has_its_greatest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
