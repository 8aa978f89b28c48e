#include "sync/query_evaluation.h"
#include "sync/query_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static enum err parse(const char *text, struct why *why)
{
    struct arena arena;
    struct query *query;
    arena_init(&arena);
    enum err e = query_parse(str_from(text), &arena, &query, why);
    arena_deinit(&arena);
    return e;
}

static bool matches(const char *text, const char *key, const char *data)
{
    struct arena arena;
    struct query *query;
    struct why why = {0};
    arena_init(&arena);
    assert_int_equal(query_parse(str_from(text), &arena, &query, &why), OK);
    const struct query *queries[] = {query};
    struct query_program *program = query_program_new(queries, 1);
    struct query_evaluation *evaluation = query_evaluation_new(program);
    size_t cost = 0;
    query_evaluation_begin(evaluation, str_from(key), str_from(data), &cost);
    bool good = query_evaluation_matches(evaluation, 0, &cost);
    query_evaluation_free(evaluation);
    query_program_free(program);
    arena_deinit(&arena);
    return good;
}

static const char data[] = "{\"state\":\"open\",\"n\":5,\"f\":1.50,\"yes\":true,\"none\":null,"
                           "\"by\":{\"name\":\"B\\u00f6b\"},\"tags\":[\"red\",\"blue\",7]}";

static void expressions_match_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        bool matches;
    } cases[] = {
        {"", true},
        {"  ", true},
        {"state == \"open\"", true},
        {"state==\"open\"", true},
        {"state EQ \"open\"", true},
        {"state eq \"shut\"", false},
        {"state != \"open\"", false},
        {"state not_eq \"shut\"", true},
        {"n == 5", true},
        {"n == \"5\"", true},
        {"n == 5.0", true},
        {"n == 50e-1", true},
        {"n == 5.1", false},
        {"n == \"5.0\"", false},
        {"n == true", false},
        {"f == 1.50", true},
        {"f == 1.5", true},
        {"yes == true", true},
        {"yes == \"true\"", true},
        {"yes == false", false},
        {"state == true", false},
        {"none == null", true},
        {"none == \"null\"", false},
        {"n == null", false},
        {"missing == null", false},
        {"missing == \"x\"", false},
        {"missing != \"x\"", true},
        {"missing not_in [\"x\"]", true},
        {"by.name == \"B\\u00f6b\"", true},
        {"by.name == \"Böb\"", true},
        {"by.name.first == \"x\"", false},
        {"by == \"x\"", false},
        {"by == \"{\\\"name\\\":\\\"B\\\\u00f6b\\\"}\"", false},
        {"data.state == \"open\"", true},
        {"data.by.name == \"Böb\"", true},
        {"data.missing != 1", true},
        {"data.missing == 1", false},
        {"data == \"open\"", false},
        {"data.key == \"k1\"", false},
        {"path.data.x == 1", false},
        {"state in [\"shut\", \"open\"]", true},
        {"state in []", false},
        {"n in [4, 5]", true},
        {"state not_in [\"open\"]", false},
        {"state contains \"pe\"", true},
        {"state contains \"\"", true},
        {"state contains \"px\"", false},
        {"tags contains \"red\"", true},
        {"tags contains 7", true},
        {"tags contains 7.0", true},
        {"tags contains \"7\"", true},
        {"tags contains \"re\"", false},
        {"tags == \"red\"", false},
        {"tags.0 == \"red\"", false},
        {"by.name contains \"ö\"", true},
        {"n contains \"5\"", false},
        {"n contains 5", false},
        {"missing contains \"\"", false},
        {"state CONTAINS \"open\" AND n Not_Eq 6 Or n IN [1]", true},
        {"key == \"k1\"", true},
        {"key contains \"1\"", true},
        {"key in [\"k2\"]", false},
        {"key not_in [\"k2\", \"k3\"]", true},
        {"key == 1", false},
        {"key != 1", true},
        {"n == 5 and state == \"shut\"", false},
        {"n == 5 or state == \"shut\"", true},
        {"n == 5 && yes == true || n == 6", true},
        {"n == 6 || n == 5 && yes == false", false},
        {"(n == 6 or n == 5) and yes == true", true},
        {"n == 5 or n == 6 and n == 7", true},
        {"((n == 5))", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (matches(cases[i].query, "k1", data) != cases[i].matches)
            fail_msg("%s", cases[i].query);
}

static void a_member_called_data_is_meant_before_the_item_itself(void **state)
{
    (void)state;
    static const char both[] = "{\"x\":1,\"data\":{\"x\":2}}";
    assert_true(matches("data.x == 2", "k", both));
    assert_false(matches("data.x == 1", "k", both));
    assert_false(matches("data.y == 1", "k", "{\"y\":1,\"data\":null}"));
    assert_true(matches("data.data.x == 2", "k", "{\"data\":{\"data\":{\"x\":2}}}"));
    assert_true(matches("x == 1", "k", both));
}

static void of_members_with_the_same_name_the_last_counts(void **state)
{
    (void)state;
    assert_true(matches("a == 2", "k", "{\"a\":1,\"a\":2}"));
    assert_false(matches("a == 1", "k", "{\"a\":1,\"a\":2}"));
    assert_true(matches("a == 2", "k", "{\"a\":1,\"\\u0061\":2}"));
    assert_true(matches("a.b == 2", "k", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}"));
    assert_false(matches("a.b == 1", "k", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}"));
    assert_false(matches("a.b == 1", "k", "{\"a\":{\"b\":1},\"a\":3}"));
    assert_true(matches("a.b == 1", "k", "{\"a\":3,\"a\":{\"b\":2,\"b\":1}}"));
    assert_true(matches("data.x == 1", "k", "{\"data\":{\"x\":2},\"data\":{\"x\":1}}"));
}

static void what_utf8_cannot_say_equals_nothing(void **state)
{
    (void)state;
    assert_false(matches("a == \"\"", "k", "{\"a\":\"\\ud800\"}"));
    assert_true(matches("a == \"\\ud83d\\ude00\"", "k", "{\"a\":\"😀\"}"));
    assert_true(matches("a contains \"😀\"", "k", "{\"a\":\"x\\ud83d\\ude00\"}"));
    assert_true(matches("a == \"\\u0000\"", "k", "{\"a\":\"\\u0000\"}"));
}

static void what_is_no_query_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        const char *why;
    } cases[] = {
        {"state", "at byte 5"},
        {"state = \"x\"", "at byte 6"},
        {"== \"x\"", "at byte 0"},
        {"state ==", "at byte 8"},
        {"state == open", "at byte 9"},
        {"state == \"open", "the end of a string"},
        {"state == \"\\x\"", "a string as JSON has them"},
        {"state in \"open\"", "[ at byte 9"},
        {"state in [\"a\" \"b\"]", "] or ,"},
        {"(n == 5", "at byte 7"},
        {"n == 5)", "at byte 6"},
        {"n == 5 and", "at byte 10"},
        {"n == 5 n == 6", "at byte 7"},
        {"n === 5", "at byte 2"},
        {"a == \"\\ud800\"", "a string as JSON has them"},
        {"\xff == 1", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct why why = {0};
        if (parse(cases[i].query, &why) != ERR_QUERY || !strstr(why.text, cases[i].why))
            fail_msg("%s: %s", cases[i].query, why.text);
    }
}

/* `part`, so many times, with ` or ` in between. */
static void repeat(char *text, const char *part, size_t times)
{
    *text = 0;
    for (size_t i = 0; i < times; i++)
        strcat(strcat(text, i ? " or " : ""), part);
}

static void there_are_limits(void **state)
{
    (void)state;
    char text[8192];
    struct why why;
    repeat(text, "a==1", 15); /* 15 comparisons and 14 ors */
    assert_int_equal(parse(text, &why), OK);
    repeat(text, "a==1", 16);
    assert_int_equal(parse(text, &why), ERR_QUERY_OPERATORS);
    repeat(text, "a==1", 400);
    assert_int_equal(parse(text, &why), ERR_QUERY_OPERATORS);
    strcpy(text, "a in [1");
    for (int i = 1; i < QUERY_VALUES_MAX; i++)
        strcat(text, ",1");
    size_t len = strlen(text);
    strcat(text, "]");
    assert_int_equal(parse(text, &why), OK);
    strcpy(text + len, ",1]");
    assert_int_equal(parse(text, &why), ERR_QUERY_ARRAY);
    memset(text, '(', 100);
    strcpy(text + 100, "a==1");
    assert_int_equal(parse(text, &why), ERR_QUERY);
    memset(text, ' ', sizeof text);
    text[QUERY_SIZE_MAX + 1] = 0;
    assert_int_equal(parse(text, &why), ERR_QUERY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_match_what_they_say),
        cmocka_unit_test(a_member_called_data_is_meant_before_the_item_itself),
        cmocka_unit_test(of_members_with_the_same_name_the_last_counts),
        cmocka_unit_test(what_utf8_cannot_say_equals_nothing),
        cmocka_unit_test(what_is_no_query_is_refused_with_its_place),
        cmocka_unit_test(there_are_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
