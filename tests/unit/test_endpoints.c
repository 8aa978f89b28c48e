#include "rest/endpoints.h"

#include "http/route.h"
#include "rest/rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

struct world {
    struct route table[REST_ENDPOINTS_MAX];
    struct route_tree *tree;
    struct arena arena;
};

static int begin(void **state)
{
    static struct world world;
    for (size_t i = 0; i < endpoints_count(); i++) {
        const struct endpoint *endpoint = endpoints_get(i);
        world.table[i] = (struct route){endpoint->method, endpoint->pattern, endpoint};
    }
    world.tree = route_tree_new(world.table);
    arena_init(&world.arena);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    route_tree_free(world->tree);
    arena_deinit(&world->arena);
    return 0;
}

static const struct endpoint *find(struct world *world, const char *method, const char *path)
{
    char whole[256];
    struct route_match match;
    snprintf(whole, sizeof whole, "/v1/Services%s", path);
    if (route_find(world->tree, str_from(method), str_from(whole), &world->arena, &match) != OK)
        fail_msg("%s %s", method, path);
    return match.route->endpoint;
}

static void expect(struct world *world, const char *method, const char *path, enum verb verb,
                   enum kind kind, enum kind container, unsigned status)
{
    const struct endpoint *endpoint = find(world, method, path);
    assert_int_equal(endpoint->verb, verb);
    assert_int_equal(endpoint->kind, kind);
    assert_int_equal(endpoint->container, container);
    assert_int_equal(endpoint->status, status);
    assert_non_null(endpoint->prepare);
    assert_int_equal(endpoint->render == NULL, status == 204);
    assert_false(endpoint->open);
}

/* A collection that is created in, listed, and whose members are read, written and removed. */
static void expect_collection(struct world *world, const char *path, enum kind kind,
                              enum kind container)
{
    char one[256];
    snprintf(one, sizeof one, "%s/x", path);
    expect(world, "POST", path, VERB_CREATE, kind, container, 201);
    expect(world, "GET", path, VERB_LIST, kind, container, 200);
    expect(world, "GET", one, VERB_FETCH, kind, container, 200);
    expect(world, "POST", one, VERB_UPDATE, kind, container, 200);
    expect(world, "DELETE", one, VERB_REMOVE, kind, container, 204);
}

static void expect_permissions(struct world *world, const char *path, enum kind container)
{
    char one[256];
    snprintf(one, sizeof one, "%s/x", path);
    expect(world, "GET", path, VERB_LIST, KIND_PERMISSION, container, 200);
    expect(world, "GET", one, VERB_FETCH, KIND_PERMISSION, container, 200);
    expect(world, "POST", one, VERB_PUT, KIND_PERMISSION, container, 200);
    expect(world, "DELETE", one, VERB_REMOVE, KIND_PERMISSION, container, 204);
}

static void all_operations_of_the_public_api_are_there(void **state)
{
    expect_collection(*state, "", KIND_SERVICE, 0);
    expect_collection(*state, "/s/Documents", KIND_DOCUMENT, 0);
    expect_collection(*state, "/s/Lists", KIND_LIST, 0);
    expect_collection(*state, "/s/Lists/l/Items", KIND_LIST_ITEM, KIND_LIST);
    expect_collection(*state, "/s/Maps", KIND_MAP, 0);
    expect_collection(*state, "/s/Maps/m/Items", KIND_MAP_ITEM, KIND_MAP);
    expect_collection(*state, "/s/Streams", KIND_STREAM, 0);
    expect(*state, "POST", "/s/Streams/o/Messages", VERB_CREATE, KIND_MESSAGE, KIND_STREAM, 201);
    expect_permissions(*state, "/s/Documents/d/Permissions", KIND_DOCUMENT);
    expect_permissions(*state, "/s/Lists/l/Permissions", KIND_LIST);
    expect_permissions(*state, "/s/Maps/m/Permissions", KIND_MAP);
}

static void a_map_item_may_be_put(void **state)
{
    expect(*state, "PUT", "/s/Maps/m/Items/k", VERB_PUT, KIND_MAP_ITEM, KIND_MAP, 200);
}

static void only_health_metrics_and_error_pages_are_open(void **state)
{
    (void)state;
    size_t open = 0;
    for (size_t i = 0; i < endpoints_count(); i++)
        open += endpoints_get(i)->open;
    assert_int_equal(open, 4);
}

static void each_endpoint_has_a_name_and_one_more_is_for_the_rest(void **state)
{
    (void)state;
    assert_true(endpoints_count() < REST_ENDPOINTS_MAX);
    for (size_t i = 0; i < endpoints_count(); i++) {
        assert_string_equal(endpoints_method(i), endpoints_get(i)->method);
        assert_string_equal(endpoints_pattern(i), endpoints_get(i)->pattern);
    }
    assert_string_equal(endpoints_method(endpoints_count()), "any");
    assert_string_equal(endpoints_pattern(endpoints_count()), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_operations_of_the_public_api_are_there),
        cmocka_unit_test(a_map_item_may_be_put),
        cmocka_unit_test(only_health_metrics_and_error_pages_are_open),
        cmocka_unit_test(each_endpoint_has_a_name_and_one_more_is_for_the_rest),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
