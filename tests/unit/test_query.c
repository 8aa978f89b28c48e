#include "sync/query.h"

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
    bool good = query_matches(query, str_from(key), str_from(data));
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
        {"n == 5.0", false},
        {"f == 1.50", true},
        {"yes == true", true},
        {"yes == \"true\"", true},
        {"none == null", true},
        {"missing == null", false},
        {"missing == \"x\"", false},
        {"missing != \"x\"", true},
        {"missing not_in [\"x\"]", true},
        {"by.name == \"B\\u00f6b\"", true},
        {"by.name == \"Böb\"", true},
        {"by.name.first == \"x\"", false},
        {"by == \"x\"", false},
        {"state in [\"shut\", \"open\"]", true},
        {"state in []", false},
        {"n in [4, 5]", true},
        {"state not_in [\"open\"]", false},
        {"state contains \"pe\"", true},
        {"state contains \"\"", true},
        {"state contains \"px\"", false},
        {"tags contains \"red\"", true},
        {"tags contains 7", true},
        {"tags contains \"re\"", false},
        {"key == \"k1\"", true},
        {"key contains \"1\"", true},
        {"key in [\"k2\"]", false},
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
        cmocka_unit_test(what_is_no_query_is_refused_with_its_place),
        cmocka_unit_test(there_are_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
