/* The request target: split, then routed. Input: a method, a space, a target. What holds for
 * every input:
 *  - path and query are parts of the target, with nothing between them but the '?';
 *  - a path is found whether or not the method is served;
 *  - captures are not empty and valid UTF-8, as many as the pattern has;
 *  - with every byte of its captures encoded, so that none is a literal, the pattern is a path
 *    that is found as the same entry with the same captures;
 *  - each capture, and the query as far as it is UTF-8, written as a segment is captured as
 *    itself, and is nothing that a client takes out of a path. */
#include "base/buf.h"
#include "base/utf8.h"
#include "http/route.h"
#include "http/target.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route routes[] = {
    {"GET", "/", NULL},
    {"GET", "/v1/Services", NULL},
    {"POST", "/v1/Services", NULL},
    {"GET", "/v1/Services/{service}", NULL},
    {"GET", "/v1/Services/{service}/Documents/{id}", NULL},
    {"POST", "/v1/Services/{service}/Documents/{id}", NULL},
    {"DELETE", "/v1/Services/default/Documents/{id}", NULL},
    {"GET", "/v1/Services/default/Status", NULL},
    {"PUT", "/v1/{a}/{b}/{c}", NULL},
    {"GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", NULL},
    {0},
};

static const struct route any_segment[] = {{"GET", "/{a}", NULL}, {0}};

static struct str find_query_mark(struct str target)
{
    struct str rest = target;
    str_split(&rest, '?');
    return rest;
}

static void check_split(struct str target, struct str path, struct str query)
{
    struct str expected = find_query_mark(target);
    assert(path.len > 0 && (path.ptr[0] == '/' || str_eq(path, STR("*"))));
    assert(!memchr(path.ptr, '?', path.len));
    assert(query.ptr == expected.ptr && query.len == expected.len);
    assert(path.len + query.len <= target.len + 1);
}

static void encode(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++)
        buf_addf(out, "%%%02X", (unsigned)(unsigned char)s.ptr[i]);
}

/* The pattern with its names replaced by the captures. */
static void fill_pattern(const struct route_match *match, struct buf *path)
{
    struct str rest = str_from(match->route->pattern);
    size_t captures = 0;
    str_split(&rest, '/');
    while (rest.ptr) {
        struct str segment = str_split(&rest, '/');
        bool capture = str_starts(segment, STR("{"));
        buf_add_char(path, '/');
        if (capture)
            encode(match->captures[captures++], path);
        else
            buf_add(path, segment);
    }
    assert(captures == match->captures_count);
}

static void check_segment(struct str text, struct arena *arena)
{
    struct route_tree *tree = route_tree_new(any_segment);
    struct route_match match;
    struct buf path;
    buf_init(&path, 3 * text.len + 2);
    buf_add_char(&path, '/');
    route_add_segment(&path, text);
    assert(!path.failed);
    assert(!str_eq(buf_str(&path), STR("/.")) && !str_eq(buf_str(&path), STR("/..")));
    assert(!memchr(path.ptr + 1, '/', path.len - 1));
    assert(route_find(tree, STR("GET"), buf_str(&path), arena, &match) == OK);
    assert(match.captures_count == 1 && str_eq(match.captures[0], text));
    buf_deinit(&path);
    route_tree_free(tree);
}

static void check_found(const struct route_tree *tree, struct str method, size_t size,
                        const struct route_match *match, struct arena *arena)
{
    struct route_match again;
    struct buf path;
    buf_init(&path, 3 * size + 256);
    fill_pattern(match, &path);
    assert(route_find(tree, method, buf_str(&path), arena, &again) == OK);
    assert(again.route == match->route && again.captures_count == match->captures_count);
    for (size_t i = 0; i < match->captures_count; i++) {
        assert(match->captures[i].len > 0 && utf8_is_valid(match->captures[i]));
        assert(str_eq(match->captures[i], again.captures[i]));
        check_segment(match->captures[i], arena);
    }
    buf_deinit(&path);
}

static void check_route(const struct route_tree *tree, struct str method, struct str path,
                        struct arena *arena)
{
    struct route_match match, other;
    enum err e = route_find(tree, method, path, arena, &match);
    enum err none = route_find(tree, STR("NONE"), path, arena, &other);
    assert((e == ERR_ROUTE) == (none == ERR_ROUTE));
    assert((e == ERR_ROUTE) == (match.allow == NULL));
    assert(match.allow == other.allow);
    if (e == OK)
        check_found(tree, method, path.len, &match, arena);
    else
        assert(e == ERR_ROUTE || e == ERR_METHOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str target = {(const char *)data, size};
    struct str method = str_split(&target, ' ');
    struct str path, query;
    if (!target.ptr || !target_split(target, &path, &query))
        return 0;
    struct arena arena;
    struct route_tree *tree = route_tree_new(routes);
    arena_init(&arena);
    check_split(target, path, query);
    check_route(tree, method, path, &arena);
    query.len = utf8_valid_prefix(query);
    if (query.len)
        check_segment(query, &arena);
    arena_deinit(&arena);
    route_tree_free(tree);
    return 0;
}
