#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char endpoints[] = "0123456789";

static const struct route routes[] = {
    {"GET", "/", &endpoints[0]},
    {"GET", "/v1/Services", &endpoints[1]},
    {"POST", "/v1/Services", &endpoints[2]},
    {"GET", "/v1/Services/{service}/Documents/{id}", &endpoints[3]},
    {"DELETE", "/v1/Services/{service}/Documents/{id}", &endpoints[4]},
    {"GET", "/v1/Services/default/Status", &endpoints[5]},
    {"POST", "/v1/{what}", &endpoints[6]},
    {"OPTIONS", "/v1/{what}", &endpoints[7]},
    {"HEAD", "/head", &endpoints[8]},
    {"GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", &endpoints[9]},
    {0},
};

struct fixture {
    struct route_tree *tree;
    struct arena arena;
    struct route_match match;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->tree = route_tree_new(routes);
    arena_init(&fixture->arena);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    route_tree_free(fixture->tree);
    arena_deinit(&fixture->arena);
    free(fixture);
    return 0;
}

static enum err find(struct fixture *fixture, const char *method, const char *path)
{
    return route_find(fixture->tree, str_from(method), str_from(path), &fixture->arena,
                      &fixture->match);
}

static void expect(struct fixture *fixture, const char *method, const char *path, int endpoint)
{
    enum err e = find(fixture, method, path);
    if (e || fixture->match.route->endpoint != &endpoints[endpoint])
        fail_msg("%s %s: error %d, or another entry", method, path, e);
}

static void expect_capture(const struct fixture *fixture, size_t at, const char *text)
{
    assert_true(at < fixture->match.captures_count);
    assert_true(str_eq(fixture->match.captures[at], str_from(text)));
}

static void a_literal_path_is_found(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "GET", "/", 0);
    expect(fixture, "GET", "/v1/Services", 1);
    expect(fixture, "POST", "/v1/Services", 2);
    assert_int_equal(fixture->match.captures_count, 0);
}

static void segments_are_captured_in_order(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "DELETE", "/v1/Services/IS1/Documents/my-doc", 4);
    assert_int_equal(fixture->match.captures_count, 2);
    expect_capture(fixture, 0, "IS1");
    expect_capture(fixture, 1, "my-doc");
    expect(fixture, "GET", "/1/2/3/4/5/6/7/8", 9);
    assert_int_equal(fixture->match.captures_count, ROUTE_CAPTURES_MAX);
    expect_capture(fixture, 7, "8");
}

static void captures_are_decoded_after_the_split(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "GET", "/v1/Services/a%2Fb/Documents/%C3%A4+%zz", 3);
    expect_capture(fixture, 0, "a/b");
    expect_capture(fixture, 1, "\xc3\xa4+%zz");
    expect(fixture, "GET", "/v1/Services/../Documents/.", 3);
    expect_capture(fixture, 0, "..");
    expect_capture(fixture, 1, ".");
}

static void dots_with_an_empty_parameter_are_dots(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "GET", "/v1/Services/.;/Documents/..;", 3);
    expect_capture(fixture, 0, ".");
    expect_capture(fixture, 1, "..");
    expect(fixture, "GET", "/v1/Services/.%3B/Documents/%2E;", 3);
    expect_capture(fixture, 0, ".;");
    expect_capture(fixture, 1, ".;");
    expect(fixture, "GET", "/v1/Services/...;/Documents/;", 3);
    expect_capture(fixture, 0, "...;");
    expect_capture(fixture, 1, ";");
    expect(fixture, "GET", "/v1/Services/.;;/Documents/a;", 3);
    expect_capture(fixture, 0, ".;;");
    expect_capture(fixture, 1, "a;");
    expect(fixture, "GET", "/v1/Services/%2E/Documents/%2e%2E", 3);
    expect_capture(fixture, 0, ".");
    expect_capture(fixture, 1, "..");
}

static void a_segment_is_captured_as_what_was_written(void **state)
{
    const struct {
        struct str text;
        const char *segment;
    } rows[] = {
        {STR("a"), "a"},       {STR("."), ".;"},
        {STR(".."), "..;"},    {STR("..."), "..."},
        {STR(".;"), ".%3B"},   {STR("..;"), "..%3B"},
        {STR("%2E"), "%252E"}, {STR("a/b?c#d e+f"), "a%2Fb%3Fc%23d%20e%2Bf"},
        {STR("\0"), "%00"},    {STR("\xc3\xa4\xf0\x9f\x98\x80"), "%C3%A4%F0%9F%98%80"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf path;
        buf_init(&path, 256);
        buf_add_lit(&path, "/v1/Services/x/Documents/");
        size_t start = path.len;
        route_add_segment(&path, rows[i].text);
        struct str segment = {path.ptr + start, path.len - start};
        assert_true(str_eq(segment, str_from(rows[i].segment)));
        assert_int_equal(route_find(fixture->tree, STR("GET"), buf_str(&path), &fixture->arena,
                                    &fixture->match),
                         OK);
        assert_true(str_eq(fixture->match.captures[1], rows[i].text));
        buf_deinit(&path);
    }
}

static void a_capture_that_is_no_utf8_is_no_path(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(find(fixture, "GET", "/v1/Services/%FF/Documents/x"), ERR_ROUTE);
    assert_int_equal(find(fixture, "GET", "/v1/Services/\xff/Documents/x"), ERR_ROUTE);
    assert_int_equal(find(fixture, "PUT", "/v1/Services/%C0%80/Documents/x"), ERR_ROUTE);
}

static void a_literal_wins_over_a_capture(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "GET", "/v1/Services/default/Status", 5);
    assert_int_equal(fixture->match.captures_count, 0);
    expect(fixture, "GET", "/v1/Services", 1);
    expect(fixture, "POST", "/v1/Other", 6);
}

static void a_literal_that_leads_nowhere_gives_way_to_the_capture(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "GET", "/v1/Services/default/Documents/x", 3);
    expect_capture(fixture, 0, "default");
    expect(fixture, "GET", "/v1/Services/default/Documents/x/6/7/8", 9);
    assert_int_equal(fixture->match.captures_count, 8);
    expect_capture(fixture, 0, "v1");
    expect_capture(fixture, 4, "x");
}

static void other_paths_are_not_found(void **state)
{
    static const char *const paths[] = {
        "",
        "*",
        "v1",
        "//",
        "/v1",
        "/v1/",
        "/v1/Services/",
        "/v1/services",
        "/v1/Services/x",
        "/v1/Services//Documents/x",
        "/v1/Services/x/Documents/",
        "/v1/Services/x/Documents/y/",
        "/v1/Service",
        "/v1/Servicess",
        "/%76%31/Services",
        "/1/2/3/4/5/6/7/8/9",
        "//v1/Services",
        "/v1/Services%2Fx",
        "/v1//",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (find(fixture, "GET", paths[i]) == OK)
            fail_msg("%s", paths[i]);
    assert_int_equal(find(fixture, "GET", "/v1/Services/"), ERR_ROUTE);
    assert_int_equal(find(fixture, "GET", ""), ERR_ROUTE);
    assert_int_equal(route_find(fixture->tree, STR("GET"), (struct str){0}, &fixture->arena,
                                &fixture->match),
                     ERR_ROUTE);
}

static void another_method_is_told_what_is_allowed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(find(fixture, "PUT", "/v1/Services"), ERR_METHOD);
    assert_string_equal(fixture->match.allow, "GET, HEAD, POST, OPTIONS");
    assert_int_equal(find(fixture, "OPTIONS", "/v1/Services/a/Documents/b"), ERR_METHOD);
    assert_string_equal(fixture->match.allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(find(fixture, "GET", "/v1/x"), ERR_METHOD);
    assert_string_equal(fixture->match.allow, "POST, OPTIONS");
    assert_int_equal(find(fixture, "GET", "/head"), ERR_METHOD);
    assert_string_equal(fixture->match.allow, "HEAD, OPTIONS");
    assert_int_equal(find(fixture, "get", "/"), ERR_METHOD);
}

static void get_serves_head(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "HEAD", "/v1/Services", 1);
    expect(fixture, "HEAD", "/head", 8);
    assert_int_equal(find(fixture, "HEAD", "/v1/x"), ERR_METHOD);
}

static void options_may_have_an_entry(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "OPTIONS", "/v1/x", 7);
    assert_string_equal(fixture->match.allow, "POST, OPTIONS");
}

static void an_empty_table_finds_nothing(void **state)
{
    static const struct route none[] = {{0}};
    struct fixture *fixture = *state;
    struct route_tree *tree = route_tree_new(none);
    assert_int_equal(route_find(tree, STR("GET"), STR("/"), &fixture->arena, &fixture->match),
                     ERR_ROUTE);
    route_tree_free(tree);
    route_tree_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_literal_path_is_found),
        cmocka_unit_test(segments_are_captured_in_order),
        cmocka_unit_test(captures_are_decoded_after_the_split),
        cmocka_unit_test(dots_with_an_empty_parameter_are_dots),
        cmocka_unit_test(a_segment_is_captured_as_what_was_written),
        cmocka_unit_test(a_capture_that_is_no_utf8_is_no_path),
        cmocka_unit_test(a_literal_wins_over_a_capture),
        cmocka_unit_test(a_literal_that_leads_nowhere_gives_way_to_the_capture),
        cmocka_unit_test(other_paths_are_not_found),
        cmocka_unit_test(another_method_is_told_what_is_allowed),
        cmocka_unit_test(get_serves_head),
        cmocka_unit_test(options_may_have_an_entry),
        cmocka_unit_test(an_empty_table_finds_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
