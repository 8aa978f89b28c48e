#include "realtime/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

struct world {
    struct routes *routes;
    struct arena arena;
    struct routes_match match;
};

static int begin(void **state)
{
    static struct world world;
    world = (struct world){.routes = routes_new()};
    arena_init(&world.arena);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    routes_free(world->routes);
    arena_deinit(&world->arena);
    return 0;
}

static enum err find(struct world *world, const char *method, const char *path)
{
    world->match = (struct routes_match){0};
    return routes_find(world->routes, str_from(method), str_from(path), &world->arena,
                       &world->match);
}

/* What there is in a service, below /v3 and below /v3/Services/{service}. */
static const struct {
    const char *method, *path;
    enum verb verb;
    enum kind kind, container;
    unsigned status;
} ways[] = {
    {"POST", "/Documents", VERB_CREATE, KIND_DOCUMENT, 0, 201},
    {"GET", "/Documents/x", VERB_FETCH, KIND_DOCUMENT, 0, 200},
    {"POST", "/Documents/x", VERB_UPDATE, KIND_DOCUMENT, 0, 200},
    {"DELETE", "/Documents/x", VERB_REMOVE, KIND_DOCUMENT, 0, 204},
    {"POST", "/Lists", VERB_CREATE, KIND_LIST, 0, 201},
    {"GET", "/Lists/x", VERB_FETCH, KIND_LIST, 0, 200},
    {"POST", "/Lists/x", VERB_UPDATE, KIND_LIST, 0, 200},
    {"DELETE", "/Lists/x", VERB_REMOVE, KIND_LIST, 0, 204},
    {"GET", "/Lists/x/Context", VERB_FETCH, KIND_LIST, 0, 200},
    {"GET", "/Lists/x/Items", VERB_LIST, KIND_LIST_ITEM, KIND_LIST, 200},
    {"POST", "/Lists/x/Items", VERB_CREATE, KIND_LIST_ITEM, KIND_LIST, 201},
    {"GET", "/Lists/x/Items/1", VERB_FETCH, KIND_LIST_ITEM, KIND_LIST, 200},
    {"POST", "/Lists/x/Items/1", VERB_UPDATE, KIND_LIST_ITEM, KIND_LIST, 200},
    {"DELETE", "/Lists/x/Items/1", VERB_REMOVE, KIND_LIST_ITEM, KIND_LIST, 200},
    {"POST", "/Maps", VERB_CREATE, KIND_MAP, 0, 201},
    {"GET", "/Maps/x", VERB_FETCH, KIND_MAP, 0, 200},
    {"POST", "/Maps/x", VERB_UPDATE, KIND_MAP, 0, 200},
    {"DELETE", "/Maps/x", VERB_REMOVE, KIND_MAP, 0, 204},
    {"GET", "/Maps/x/Items", VERB_LIST, KIND_MAP_ITEM, KIND_MAP, 200},
    {"POST", "/Maps/x/Items", VERB_CREATE, KIND_MAP_ITEM, KIND_MAP, 201},
    {"GET", "/Maps/x/Items/k", VERB_FETCH, KIND_MAP_ITEM, KIND_MAP, 200},
    {"POST", "/Maps/x/Items/k", VERB_UPDATE, KIND_MAP_ITEM, KIND_MAP, 200},
    {"PUT", "/Maps/x/Items/k", VERB_PUT, KIND_MAP_ITEM, KIND_MAP, 200},
    {"DELETE", "/Maps/x/Items/k", VERB_REMOVE, KIND_MAP_ITEM, KIND_MAP, 200},
    {"POST", "/Streams", VERB_CREATE, KIND_STREAM, 0, 201},
    {"GET", "/Streams/x", VERB_FETCH, KIND_STREAM, 0, 200},
    {"POST", "/Streams/x", VERB_UPDATE, KIND_STREAM, 0, 200},
    {"DELETE", "/Streams/x", VERB_REMOVE, KIND_STREAM, 0, 204},
    {"POST", "/Streams/x/Messages", VERB_CREATE, KIND_MESSAGE, KIND_STREAM, 201},
    {"POST", "/Insights/x/Items", VERB_FETCH, KIND_MAP, 0, 200},
};

enum { WAYS = sizeof ways / sizeof *ways };

static void assert_leads(struct world *world, const char *prefix, size_t i)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s", prefix, ways[i].path);
    assert_int_equal(find(world, ways[i].method, path), OK);
    assert_int_equal(world->match.route->verb, ways[i].verb);
    assert_int_equal(world->match.route->kind, ways[i].kind);
    assert_int_equal(world->match.route->container, ways[i].container);
    assert_int_equal(world->match.route->status, ways[i].status);
    assert_non_null(world->match.route->prepare);
}

static void every_way_has_two_spellings(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < WAYS; i++) {
        assert_leads(world, "/v3", i);
        const struct realtime_route *brief = world->match.route;
        assert_null(world->match.service.ptr);
        assert_leads(world, "/v3/Services/a%2Fb", i);
        assert_ptr_equal(world->match.route, brief);
        assert_true(str_eq(world->match.service, STR("a/b")));
    }
}

/* Else the SDK, which sends it, would take the map for gone. */
static void an_item_without_a_name_has_its_way_too(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < 2; i++) {
        const char *prefix = i ? "/v3/Services/s" : "/v3";
        char path[64];
        snprintf(path, sizeof path, "%s/Maps/x/Items/", prefix);
        assert_int_equal(find(world, "PUT", path), OK);
        assert_int_equal(world->match.route->verb, VERB_PUT);
        assert_true(str_eq(world->match.captures[0], STR("x")));
        assert_int_equal(world->match.captures[1].len, 0);
        snprintf(path, sizeof path, "%s/Lists/x/Items/", prefix);
        assert_int_equal(find(world, "DELETE", path), OK);
        snprintf(path, sizeof path, "%s/Lists/", prefix);
        assert_int_equal(find(world, "POST", path), ERR_ROUTE);
    }
}

static void captures_begin_behind_the_service(void **state)
{
    struct world *world = *state;
    const char *const paths[] = {"/v3/Maps/m/Items/..", "/v3/Services/s/Maps/m/Items/.."};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(find(world, "GET", paths[i]), OK);
        assert_true(str_eq(world->match.captures[0], STR("m")));
        assert_true(str_eq(world->match.captures[1], STR("..")));
        assert_null(world->match.captures[2].ptr);
    }
}

static void what_is_of_no_service_has_one_spelling(void **state)
{
    struct world *world = *state;
    assert_int_equal(find(world, "POST", "/v4/Subscriptions"), OK);
    assert_non_null(world->match.route->respond);
    assert_int_equal(find(world, "GET", "/v3/Configuration"), OK);
    assert_non_null(world->match.route->respond);
    assert_int_equal(find(world, "GET", "/v3/Services/s/Configuration"), ERR_ROUTE);
    assert_int_equal(find(world, "POST", "/v3/Subscriptions"), ERR_ROUTE);
}

static void other_paths_lead_nowhere(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "v3/Documents",
        "/v3",
        "/v3/Documents/",
        "/v3/Nouns",
        "/v1/Documents",
        "/v3/Documents/x/Items",
        "/v3/documents",
        "/v3/Maps/%ff",
        "/v3/Services/s",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(find(*state, "GET", paths[i]), ERR_ROUTE);
}

static void other_methods_are_told_apart_from_other_paths(void **state)
{
    static const struct {
        const char *method, *path;
    } calls[] = {
        {"GET", "/v3/Documents"},        {"PUT", "/v3/Documents/x"}, {"PUT", "/v3/Lists/x/Items/1"},
        {"DELETE", "/v4/Subscriptions"}, {"", "/v3/Maps/m"},         {"get", "/v3/Maps/m"}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        assert_int_equal(find(*state, calls[i].method, calls[i].path), ERR_METHOD);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_way_has_two_spellings),
        TEST(an_item_without_a_name_has_its_way_too),
        TEST(captures_begin_behind_the_service),
        TEST(what_is_of_no_service_has_one_spelling),
        TEST(other_paths_lead_nowhere),
        TEST(other_methods_are_told_apart_from_other_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
