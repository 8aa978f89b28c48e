/* What several resources have alike stands once, as a macro of rows; clang-format would not leave
 * them as rows. */
#include "rest/endpoints.h"

#include "rest/items.h"
#include "rest/keys.h"
#include "rest/messages.h"
#include "rest/permissions.h"
#include "rest/resources.h"
#include "rest/rest.h"
#include "rest/services.h"
#include "rest/system.h"

#include <assert.h>

#define OPEN(pattern_, respond_)                                                                   \
    {                                                                                              \
        .method = "GET", .pattern = pattern_, .open = true, .status = 200, .respond = respond_     \
    }

#define ROW(method_, pattern_, verb_, kind_, container_, status_, prepare_, render_)               \
    {                                                                                              \
        .method = method_, .pattern = pattern_, .verb = VERB_##verb_, .kind = kind_,               \
        .container = container_, .status = status_, .prepare = prepare_, .render = render_         \
    }

#define SERVICE(method_, path_, verb_, status_, prepare_, render_)                                 \
    ROW(method_, "/v1/Services" path_, verb_, KIND_SERVICE, 0, status_, prepare_, render_)

#define KEY(method_, path_, verb_, status_, prepare_, render_)                                     \
    ROW(method_, "/2010-04-01/Accounts/{account}/Keys" path_, verb_, KIND_KEY, 0, status_,         \
        prepare_, render_)

#define IN_SERVICE "/v1/Services/{service}"

/* clang-format off */

#define RESOURCES(path, kind)                                                                      \
    ROW("POST", path, CREATE, kind, 0, 201, resources_prepare_create, resources_render_one),       \
    ROW("GET", path, LIST, kind, 0, 200, resources_prepare_list, resources_render_list),           \
    ROW("GET", path "/{id}", FETCH, kind, 0, 200, resources_prepare_one, resources_render_one),    \
    ROW("POST", path "/{id}", UPDATE, kind, 0, 200, resources_prepare_update,                      \
        resources_render_one),                                                                     \
    ROW("DELETE", path "/{id}", REMOVE, kind, 0, 204, resources_prepare_remove, NULL)

#define ITEMS(path, name, kind, container)                                                         \
    ROW("POST", path, CREATE, kind, container, 201, items_prepare_create, items_render_one),       \
    ROW("GET", path, LIST, kind, container, 200, items_prepare_list, items_render_list),           \
    ROW("GET", path name, FETCH, kind, container, 200, items_prepare_one, items_render_one),       \
    ROW("POST", path name, UPDATE, kind, container, 200, items_prepare_update, items_render_one),  \
    ROW("DELETE", path name, REMOVE, kind, container, 204, items_prepare_remove, NULL)

#define PERMISSIONS(path, container)                                                               \
    ROW("GET", path, LIST, KIND_PERMISSION, container, 200, permissions_prepare_list,              \
        permissions_render_list),                                                                  \
    ROW("GET", path "/{identity}", FETCH, KIND_PERMISSION, container, 200,                         \
        permissions_prepare_one, permissions_render_one),                                          \
    ROW("POST", path "/{identity}", PUT, KIND_PERMISSION, container, 200,                          \
        permissions_prepare_put, permissions_render_one),                                          \
    ROW("DELETE", path "/{identity}", REMOVE, KIND_PERMISSION, container, 204,                     \
        permissions_prepare_one, NULL)

/* clang-format on */

static const struct endpoint endpoints[] = {
    OPEN("/healthz", system_health),
    {.method = "GET",
     .pattern = "/readyz",
     .open = true,
     .verb = VERB_CHECK,
     .status = 200,
     .prepare = system_prepare_ready,
     .render = system_render_ready},
    OPEN("/metrics", system_metrics),
    OPEN("/docs/errors/{code}", system_error_page),

    SERVICE("POST", "", CREATE, 201, services_prepare_create, services_render_one),
    SERVICE("GET", "", LIST, 200, services_prepare_list, services_render_list),
    SERVICE("GET", "/{service}", FETCH, 200, services_prepare_one, services_render_one),
    SERVICE("POST", "/{service}", UPDATE, 200, services_prepare_update, services_render_one),
    SERVICE("DELETE", "/{service}", REMOVE, 204, services_prepare_one, NULL),

    RESOURCES(IN_SERVICE "/Documents", KIND_DOCUMENT),
    PERMISSIONS(IN_SERVICE "/Documents/{document}/Permissions", KIND_DOCUMENT),

    RESOURCES(IN_SERVICE "/Lists", KIND_LIST),
    ITEMS(IN_SERVICE "/Lists/{list}/Items", "/{index}", KIND_LIST_ITEM, KIND_LIST),
    PERMISSIONS(IN_SERVICE "/Lists/{list}/Permissions", KIND_LIST),

    RESOURCES(IN_SERVICE "/Maps", KIND_MAP),
    ITEMS(IN_SERVICE "/Maps/{map}/Items", "/{key}", KIND_MAP_ITEM, KIND_MAP),
    ROW("PUT", IN_SERVICE "/Maps/{map}/Items/{key}", PUT, KIND_MAP_ITEM, KIND_MAP, 200,
        items_prepare_put, items_render_put),
    PERMISSIONS(IN_SERVICE "/Maps/{map}/Permissions", KIND_MAP),

    RESOURCES(IN_SERVICE "/Streams", KIND_STREAM),
    ROW("POST", IN_SERVICE "/Streams/{stream}/Messages", CREATE, KIND_MESSAGE, KIND_STREAM, 201,
        messages_prepare_create, messages_render_one),

    KEY("POST", "", CREATE, 201, keys_prepare_create, keys_render_created),
    KEY("POST", ".json", CREATE, 201, keys_prepare_create, keys_render_created),
    KEY("GET", "", LIST, 200, keys_prepare_list, keys_render_list),
    KEY("GET", ".json", LIST, 200, keys_prepare_list, keys_render_list),
    KEY("GET", "/{id}", FETCH, 200, keys_prepare_one, keys_render_one),
    KEY("POST", "/{id}", UPDATE, 200, keys_prepare_update, keys_render_one),
    KEY("DELETE", "/{id}", REMOVE, 204, keys_prepare_one, NULL),
};

enum { ENDPOINTS = sizeof endpoints / sizeof *endpoints };
static_assert((int)ENDPOINTS < (int)REST_ENDPOINTS_MAX, "one column is for paths that are none");

size_t endpoints_count(void)
{
    return ENDPOINTS;
}

const struct endpoint *endpoints_get(size_t at)
{
    return &endpoints[at];
}

const char *endpoints_method(size_t at)
{
    return at < ENDPOINTS ? endpoints[at].method : "any";
}

const char *endpoints_pattern(size_t at)
{
    return at < ENDPOINTS ? endpoints[at].pattern : "none";
}
