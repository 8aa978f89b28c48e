#include "base/json_paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PATHS_MAX = 8, NODES_MAX = 32 };

/* The value of each path in `object`; expected[i] NULL: none. */
static void finds(const char *const *paths, const char *object, const char *const *expected)
{
    struct str texts[PATHS_MAX] = {0}, data = str_from(object);
    struct json_span spans[NODES_MAX];
    uint32_t nodes[PATHS_MAX] = {0};
    size_t count = 0;
    for (; paths[count]; count++)
        texts[count] = str_from(paths[count]);
    struct json_paths *made = json_paths_new(texts, count, nodes);
    assert_in_range(json_paths_count(made), 1, NODES_MAX);
    memset(spans, 0xff, sizeof spans);
    json_paths_walk(made, data, spans);
    for (size_t i = 0; i < count; i++) {
        struct str value = json_paths_value(made, nodes[i], data, spans);
        bool same = expected[i] ? str_eq(value, str_from(expected[i])) && value.ptr : !value.ptr;
        if (!same)
            fail_msg("%s in %s is %.*s", paths[i], object, STR_ARG(value));
    }
    json_paths_free(made);
}

#define FINDS(object, ...) finds(paths, object, (const char *const[]){__VA_ARGS__})

static void values_are_found_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const paths[] = {"a", "b", "a.b", "a.b.c", "c.a", NULL};
    FINDS("{}", NULL, NULL, NULL, NULL, NULL);
    FINDS("{\"a\":1,\"b\":\"x\"}", "1", "\"x\"", NULL, NULL, NULL);
    FINDS("{\"c\":{\"z\":[{\"a\":0}],\"a\":[1,{\"a\":2}]},\"a\":{\"b\":{\"c\":null}}}",
          "{\"b\":{\"c\":null}}", NULL, "{\"c\":null}", "null", "[1,{\"a\":2}]");
    FINDS("{\"a\":{\"b\":{}},\"x\":{\"a\":9},\"b\":false}", "{\"b\":{}}", "false", "{}", NULL,
          NULL);
    FINDS("{\"a\":[{\"b\":1}],\"c\":\"}\\\"{\"}", "[{\"b\":1}]", NULL, NULL, NULL, NULL);
    FINDS("{\"aa\":1,\"A\":2,\"ab\":3}", NULL, NULL, NULL, NULL, NULL);
}

static void of_members_with_the_same_name_the_last_counts_with_all_that_is_in_it(void **state)
{
    (void)state;
    static const char *const paths[] = {"a", "a.b", "a.b.c", NULL};
    FINDS("{\"a\":1,\"a\":2}", "2", NULL, NULL);
    FINDS("{\"a\":{\"b\":{\"c\":1}},\"a\":2}", "2", NULL, NULL);
    FINDS("{\"a\":{\"b\":{\"c\":1}},\"a\":{}}", "{}", NULL, NULL);
    FINDS("{\"a\":{\"b\":{\"c\":1}},\"a\":{\"b\":3}}", "{\"b\":3}", "3", NULL);
    FINDS("{\"a\":2,\"a\":{\"b\":1,\"b\":{\"c\":4,\"c\":5}}}", "{\"b\":1,\"b\":{\"c\":4,\"c\":5}}",
          "{\"c\":4,\"c\":5}", "5");
}

static void names_may_be_empty_and_written_with_escapes(void **state)
{
    (void)state;
    static const char *const paths[] = {"", ".", "a.", "\xc3\xb6", "\n", NULL};
    FINDS("{\"\":{\"\":1},\"\\u0061\":{\"\":2},\"\\u00f6\":3,\"\\n\":4}", "{\"\":1}", "1", "2", "3",
          "4");
    FINDS("{\"\\ud800\":1,\"\\u0061\\u0061\\u0061\\u0061\\u0061\":2}", NULL, NULL, NULL, NULL,
          NULL);
}

static void equal_paths_and_common_beginnings_share_nodes(void **state)
{
    (void)state;
    struct str texts[] = {STR("a.b.c"), STR("a.b"), STR("a.b.c"), STR("a.d")};
    uint32_t nodes[4];
    struct json_paths *made = json_paths_new(texts, 4, nodes);
    assert_int_equal(json_paths_count(made), 5);
    assert_int_equal(nodes[0], nodes[2]);
    assert_int_not_equal(nodes[0], nodes[1]);
    json_paths_free(made);
}

static void without_paths_there_is_nothing_to_find(void **state)
{
    (void)state;
    static const char *const paths[] = {NULL};
    FINDS("{\"a\":{\"b\":1}}", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_wherever_they_stand),
        cmocka_unit_test(of_members_with_the_same_name_the_last_counts_with_all_that_is_in_it),
        cmocka_unit_test(names_may_be_empty_and_written_with_escapes),
        cmocka_unit_test(equal_paths_and_common_beginnings_share_nodes),
        cmocka_unit_test(without_paths_there_is_nothing_to_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
