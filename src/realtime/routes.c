#include "realtime/routes.h"

#include "base/mem.h"
#include "realtime/configuration.h"
#include "realtime/item_route.h"
#include "realtime/message_route.h"
#include "realtime/object_route.h"
#include "realtime/query_route.h"
#include "realtime/subscription_route.h"

#include <stdio.h>
#include <stdlib.h>

#define ENTITY(folder, kind_)                                                                      \
    {.method = "POST",                                                                             \
     .pattern = "/" folder,                                                                        \
     .verb = VERB_CREATE,                                                                          \
     .kind = kind_,                                                                                \
     .status = 201,                                                                                \
     .prepare = entity_prepare_create,                                                             \
     .render = entity_render_written},                                                             \
        {.method = "GET",                                                                          \
         .pattern = "/" folder "/{id}",                                                            \
         .verb = VERB_FETCH,                                                                       \
         .kind = kind_,                                                                            \
         .status = 200,                                                                            \
         .is_page = entity_is_page,                                                                \
         .prepare = entity_prepare_one,                                                            \
         .render = entity_render,                                                                  \
         .proceed = entity_proceed},                                                               \
        {.method = "POST",                                                                         \
         .pattern = "/" folder "/{id}",                                                            \
         .verb = VERB_UPDATE,                                                                      \
         .kind = kind_,                                                                            \
         .status = 200,                                                                            \
         .prepare = entity_prepare_update,                                                         \
         .render = entity_render_written,                                                          \
         .render_current = entity_render},                                                         \
    {                                                                                              \
        .method = "DELETE", .pattern = "/" folder "/{id}", .verb = VERB_REMOVE, .kind = kind_,     \
        .status = 204, .prepare = entity_prepare_one, .render_current = entity_render              \
    }

#define MEMBERS(folder, container_, kind_)                                                         \
    {.method = "GET",                                                                              \
     .pattern = "/" folder "/{id}/Items",                                                          \
     .verb = VERB_LIST,                                                                            \
     .kind = kind_,                                                                                \
     .container = container_,                                                                      \
     .status = 200,                                                                                \
     .is_page = member_is_page,                                                                    \
     .prepare = member_prepare_page,                                                               \
     .render = member_render_page},                                                                \
        {.method = "POST",                                                                         \
         .pattern = "/" folder "/{id}/Items",                                                      \
         .verb = VERB_CREATE,                                                                      \
         .kind = kind_,                                                                            \
         .container = container_,                                                                  \
         .status = 201,                                                                            \
         .prepare = member_prepare_create,                                                         \
         .render = member_render_written},                                                         \
        {.method = "GET",                                                                          \
         .pattern = "/" folder "/{id}/Items/{name}",                                               \
         .verb = VERB_FETCH,                                                                       \
         .kind = kind_,                                                                            \
         .container = container_,                                                                  \
         .status = 200,                                                                            \
         .prepare = member_prepare_one,                                                            \
         .render = member_render},                                                                 \
        {.method = "POST",                                                                         \
         .pattern = "/" folder "/{id}/Items/{name}",                                               \
         .verb = VERB_UPDATE,                                                                      \
         .kind = kind_,                                                                            \
         .container = container_,                                                                  \
         .status = 200,                                                                            \
         .prepare = member_prepare_update,                                                         \
         .render = member_render_written,                                                          \
         .render_current = member_render},                                                         \
    {                                                                                              \
        .method = "DELETE", .pattern = "/" folder "/{id}/Items/{name}", .verb = VERB_REMOVE,       \
        .kind = kind_, .container = container_, .status = 200, .prepare = member_prepare_remove,   \
        .render = member_render_written, .render_current = member_render                           \
    }

/* clang-format off */
static const struct passage in_service[] = {
    ENTITY("Documents", KIND_DOCUMENT),
    ENTITY("Lists", KIND_LIST),
    ENTITY("Maps", KIND_MAP),
    ENTITY("Streams", KIND_STREAM),
    MEMBERS("Lists", KIND_LIST, KIND_LIST_ITEM),
    MEMBERS("Maps", KIND_MAP, KIND_MAP_ITEM),
    {.method = "PUT", .pattern = "/Maps/{id}/Items/{name}", .verb = VERB_PUT, .kind = KIND_MAP_ITEM,
     .container = KIND_MAP, .status = 200, .prepare = member_prepare_put,
     .render = member_render_written, .render_current = member_render},
    {.method = "GET", .pattern = "/Lists/{id}/Context", .verb = VERB_FETCH, .kind = KIND_LIST,
     .status = 200, .prepare = entity_prepare_one, .render = entity_render_context},
    {.method = "POST", .pattern = "/Streams/{id}/Messages", .verb = VERB_CREATE,
     .kind = KIND_MESSAGE, .container = KIND_STREAM, .status = 201,
     .prepare = published_prepare, .render = published_render},
    {.method = "POST", .pattern = "/Insights/{index}/Items", .verb = VERB_FETCH, .kind = KIND_MAP,
     .status = 200, .is_page = insight_is_page, .missing = ERR_INDEX_MISSING, .prepare = insight_prepare,
     .render = insight_render, .proceed = insight_proceed, .end = insight_end},
};

static const struct passage others[] = {
    {.method = "POST", .pattern = "/v4/Subscriptions", .respond = establish_respond},
    {.method = "GET", .pattern = "/v3/Configuration", .status = 200, .respond = configuration_respond},
};
/* clang-format on */

enum {
    IN_SERVICE = sizeof in_service / sizeof *in_service,
    OTHERS = sizeof others / sizeof *others,
    SPELLINGS = 4,
    ROUTES = SPELLINGS * IN_SERVICE + OTHERS,
    PATTERN_SIZE = 80,
};

static const struct str service_prefix = STR_INIT("/v3/Services/");

struct routes {
    struct route_tree *tree;
    struct route table[ROUTES + 1]; /* ends with an all-zero entry */
    char patterns[ROUTES][PATTERN_SIZE];
    size_t count;
};

static void add(struct routes *routes, const struct passage *passage, const char *prefix,
                struct str pattern)
{
    char *whole = routes->patterns[routes->count];
    snprintf(whole, PATTERN_SIZE, "%s%.*s", prefix, STR_ARG(pattern));
    routes->table[routes->count++] = (struct route){passage->method, whole, passage};
}

/* An item without a name leads to the same passage, which refuses it as one: were there no such
 * path, the SDK would take the map for gone. */
static void add_spellings(struct routes *routes, const struct passage *passage)
{
    static const struct str name = STR_INIT("{name}");
    static const char *const prefixes[] = {"/v3", "/v3/Services/{service}"};
    struct str pattern = str_from(passage->pattern);
    struct str without = {pattern.ptr, pattern.len > name.len ? pattern.len - name.len : 0};
    bool named = str_eq((struct str){pattern.ptr + without.len, pattern.len - without.len}, name);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        add(routes, passage, prefixes[i], pattern);
        if (named)
            add(routes, passage, prefixes[i], without);
    }
}

struct routes *routes_new(void)
{
    struct routes *routes = mem_zalloc(1, sizeof *routes);
    for (size_t i = 0; i < IN_SERVICE; i++)
        add_spellings(routes, &in_service[i]);
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
    *match = (struct routes_match){.passage = found.route->endpoint};
    if (named)
        match->service = found.captures[0];
    for (size_t i = named; i < found.captures_count; i++)
        match->captures[i - named] = found.captures[i];
    return OK;
}
