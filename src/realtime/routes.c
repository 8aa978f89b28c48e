#include "realtime/routes.h"

#include "base/mem.h"
#include "realtime/configuration.h"
#include "realtime/item_route.h"
#include "realtime/message_route.h"
#include "realtime/object_route.h"
#include "realtime/page_route.h"
#include "realtime/query_route.h"
#include "realtime/subscription_route.h"

#include <stdio.h>
#include <stdlib.h>

#define OBJECTS(folder, kind_)                                                                     \
    {.method = "POST",                                                                             \
     .pattern = "/" folder,                                                                        \
     .verb = VERB_CREATE,                                                                          \
     .kind = kind_,                                                                                \
     .status = 201,                                                                                \
     .prepare = object_route_prepare_create,                                                       \
     .render = object_route_render_written},                                                       \
        {.method = "GET",                                                                          \
         .pattern = "/" folder "/{id}",                                                            \
         .verb = VERB_FETCH,                                                                       \
         .kind = kind_,                                                                            \
         .status = 200,                                                                            \
         .is_page = object_route_is_page,                                                          \
         .prepare = object_route_prepare_one,                                                      \
         .render = object_route_render,                                                            \
         .proceed = object_route_proceed},                                                         \
        {.method = "POST",                                                                         \
         .pattern = "/" folder "/{id}",                                                            \
         .verb = VERB_UPDATE,                                                                      \
         .kind = kind_,                                                                            \
         .status = 200,                                                                            \
         .prepare = object_route_prepare_update,                                                   \
         .render = object_route_render_written,                                                    \
         .render_current = object_route_render},                                                   \
    {                                                                                              \
        .method = "DELETE", .pattern = "/" folder "/{id}", .verb = VERB_REMOVE, .kind = kind_,     \
        .status = 204, .prepare = object_route_prepare_one, .render_current = object_route_render  \
    }

#define ITEMS(folder, container_, kind_)                                                           \
    {.method = "GET",                                                                              \
     .pattern = "/" folder "/{id}/Items",                                                          \
     .verb = VERB_LIST,                                                                            \
     .kind = kind_,                                                                                \
     .container = container_,                                                                      \
     .status = 200,                                                                                \
     .is_page = item_route_is_page,                                                                \
     .prepare = page_route_prepare,                                                                \
     .render = page_route_render},                                                                 \
        {.method = "POST",                                                                         \
         .pattern = "/" folder "/{id}/Items",                                                      \
         .verb = VERB_CREATE,                                                                      \
         .kind = kind_,                                                                            \
         .container = container_,                                                                  \
         .status = 201,                                                                            \
         .prepare = item_route_prepare_create,                                                     \
         .render = item_route_render_written},                                                     \
        {.method = "GET",                                                                          \
         .pattern = "/" folder "/{id}/Items/{name}",                                               \
         .verb = VERB_FETCH,                                                                       \
         .kind = kind_,                                                                            \
         .container = container_,                                                                  \
         .status = 200,                                                                            \
         .prepare = item_route_prepare_one,                                                        \
         .render = item_route_render},                                                             \
        {.method = "POST",                                                                         \
         .pattern = "/" folder "/{id}/Items/{name}",                                               \
         .verb = VERB_UPDATE,                                                                      \
         .kind = kind_,                                                                            \
         .container = container_,                                                                  \
         .status = 200,                                                                            \
         .prepare = item_route_prepare_update,                                                     \
         .render = item_route_render_written,                                                      \
         .render_current = item_route_render},                                                     \
    {                                                                                              \
        .method = "DELETE", .pattern = "/" folder "/{id}/Items/{name}", .verb = VERB_REMOVE,       \
        .kind = kind_, .container = container_, .status = 200,                                     \
        .prepare = item_route_prepare_remove, .render = item_route_render_written,                 \
        .render_current = item_route_render                                                        \
    }

/* clang-format off */
static const struct realtime_route in_service[] = {
    OBJECTS("Documents", KIND_DOCUMENT),
    OBJECTS("Lists", KIND_LIST),
    OBJECTS("Maps", KIND_MAP),
    OBJECTS("Streams", KIND_STREAM),
    ITEMS("Lists", KIND_LIST, KIND_LIST_ITEM),
    ITEMS("Maps", KIND_MAP, KIND_MAP_ITEM),
    {.method = "PUT", .pattern = "/Maps/{id}/Items/{name}", .verb = VERB_PUT, .kind = KIND_MAP_ITEM,
     .container = KIND_MAP, .status = 200, .prepare = item_route_prepare_update,
     .render = item_route_render_written, .render_current = item_route_render},
    {.method = "GET", .pattern = "/Lists/{id}/Context", .verb = VERB_FETCH, .kind = KIND_LIST,
     .status = 200, .prepare = object_route_prepare_one, .render = object_route_render_context},
    {.method = "POST", .pattern = "/Streams/{id}/Messages", .verb = VERB_CREATE,
     .kind = KIND_MESSAGE, .container = KIND_STREAM, .status = 201,
     .prepare = request_data, .render = message_route_render},
    {.method = "POST", .pattern = "/Insights/{index}/Items", .verb = VERB_FETCH, .kind = KIND_MAP,
     .status = 200, .is_page = query_route_is_page, .missing = ERR_INDEX_MISSING, .prepare = query_route_prepare,
     .render = query_route_render, .proceed = query_route_proceed, .end = query_route_end},
};

static const struct realtime_route others[] = {
    {.method = "POST", .pattern = "/v4/Subscriptions", .respond = subscription_route_respond},
    {.method = "GET", .pattern = "/v3/Configuration", .status = 200, .respond = configuration_respond},
};
/* clang-format on */

enum {
    IN_SERVICE = sizeof in_service / sizeof *in_service,
    OTHERS = sizeof others / sizeof *others,
    ALIASES = 4,
    ROUTES = ALIASES * IN_SERVICE + OTHERS,
    PATTERN_SIZE = 80,
};

static const struct str service_prefix = STR_INIT("/v3/Services/");

struct routes {
    struct route_tree *tree;
    struct route table[ROUTES + 1]; /* ends with an all-zero entry */
    char patterns[ROUTES][PATTERN_SIZE];
    size_t count;
};

static void add(struct routes *routes, const struct realtime_route *route, const char *prefix,
                struct str pattern)
{
    char *whole = routes->patterns[routes->count];
    snprintf(whole, PATTERN_SIZE, "%s%.*s", prefix, STR_ARG(pattern));
    routes->table[routes->count++] = (struct route){route->method, whole, route};
}

/* An item without a name leads to the same route, which refuses it as one: were there no such
 * path, the SDK would take the map for gone. */
static void add_aliases(struct routes *routes, const struct realtime_route *route)
{
    static const struct str name = STR_INIT("{name}");
    static const char *const prefixes[] = {"/v3", "/v3/Services/{service}"};
    struct str pattern = str_from(route->pattern);
    struct str without = {pattern.ptr, pattern.len > name.len ? pattern.len - name.len : 0};
    bool named = str_eq((struct str){pattern.ptr + without.len, pattern.len - without.len}, name);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        add(routes, route, prefixes[i], pattern);
        if (named)
            add(routes, route, prefixes[i], without);
    }
}

struct routes *routes_new(void)
{
    struct routes *routes = mem_zalloc(1, sizeof *routes);
    for (size_t i = 0; i < IN_SERVICE; i++)
        add_aliases(routes, &in_service[i]);
    for (size_t i = 0; i < OTHERS; i++)
        add(routes, &others[i], "", str_from(others[i].pattern));
    routes->tree = route_tree_new(routes->table);
    return routes;
}

void routes_free(struct routes *routes)
{
    route_tree_free(routes->tree);
    free(routes);
}

enum err routes_find(const struct routes *routes, struct str method, struct str path,
                     struct arena *arena, struct routes_match *match)
{
    struct route_match found;
    enum err e = route_find(routes->tree, method, path, arena, &found);
    if (e)
        return e;
    bool named = str_starts(path, service_prefix);
    *match = (struct routes_match){.route = found.route->endpoint};
    if (named)
        match->service = found.captures[0];
    for (size_t i = named; i < found.captures_count; i++)
        match->captures[i - named] = found.captures[i];
    return OK;
}
