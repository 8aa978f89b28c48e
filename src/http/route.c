/* The patterns as a tree of segments: each node has its literal children in a list and at most
 * one child that captures. Finding a path is a walk down, with a step back where a literal
 * child led nowhere. */
#include "http/route.h"

#include "base/mem.h"
#include "base/percent.h"

#include <assert.h>
#include <stdlib.h>

enum { ALLOW_SIZE_MAX = 256 };

/* One entry of the table at the path where it ends. */
struct way {
    struct way *next;
    const struct route *route;
    struct str method;
};

struct node {
    struct node *sibling; /* the parent's next literal child */
    struct node *literals;
    struct node *capture;
    struct str segment;
    struct way *ways; /* NULL: no path ends here */
    char *allow;
};

struct route_tree {
    struct node root;
};

/* ---- making the tree ---- */

static bool is_capture(struct str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static struct node *node_new(struct str segment)
{
    struct node *node = mem_zalloc(1, sizeof *node);
    node->segment = segment;
    return node;
}

static struct node *find_literal(const struct node *parent, struct str segment)
{
    struct node *node = parent->literals;
    while (node && !str_eq(node->segment, segment))
        node = node->sibling;
    return node;
}

static struct node *add_capture(struct node *parent, struct str segment)
{
    if (!parent->capture)
        parent->capture = node_new(segment);
    return parent->capture;
}

static struct node *add_literal(struct node *parent, struct str segment)
{
    struct node *node = find_literal(parent, segment);
    if (node)
        return node;
    struct node **end = &parent->literals;
    while (*end)
        end = &(*end)->sibling;
    *end = node_new(segment);
    return *end;
}

static struct way *find_way(const struct node *node, struct str method)
{
    struct way *way = node->ways;
    while (way && !str_eq(way->method, method))
        way = way->next;
    return way;
}

static void add_way(struct node *node, const struct route *route)
{
    struct str method = str_from(route->method);
    assert(!find_way(node, method));
    struct way **end = &node->ways;
    while (*end)
        end = &(*end)->next;
    *end = mem_zalloc(1, sizeof **end);
    **end = (struct way){.route = route, .method = method};
}

static void add_route(struct route_tree *tree, const struct route *route)
{
    struct str rest = str_from(route->pattern);
    struct node *node = &tree->root;
    size_t captures = 0;
    assert(str_starts(rest, STR("/")));
    str_split(&rest, '/');
    while (rest.ptr) {
        struct str segment = str_split(&rest, '/');
        bool capture = is_capture(segment);
        captures += capture;
        node = capture ? add_capture(node, segment) : add_literal(node, segment);
    }
    assert(captures <= ROUTE_CAPTURES_MAX);
    add_way(node, route);
}

/* In the order of the table, HEAD behind GET, OPTIONS last. */
static char *allow_new(const struct node *node)
{
    struct buf text;
    size_t len;
    buf_init(&text, ALLOW_SIZE_MAX);
    for (const struct way *way = node->ways; way; way = way->next) {
        if (str_eq(way->method, STR("OPTIONS")) || str_eq(way->method, STR("HEAD")))
            continue;
        buf_add(&text, way->method);
        buf_add_lit(&text, ", ");
        if (str_eq(way->method, STR("GET")))
            buf_add_lit(&text, "HEAD, ");
    }
    if (find_way(node, STR("HEAD")) && !find_way(node, STR("GET")))
        buf_add_lit(&text, "HEAD, ");
    buf_add(&text, (struct str){"OPTIONS", sizeof "OPTIONS"});
    assert(!text.failed);
    return buf_take(&text, &len);
}

static void name_methods(struct node *node)
{
    if (node->ways)
        node->allow = allow_new(node);
    for (struct node *child = node->literals; child; child = child->sibling)
        name_methods(child);
    if (node->capture)
        name_methods(node->capture);
}

struct route_tree *route_tree_new(const struct route *routes)
{
    struct route_tree *tree = mem_zalloc(1, sizeof *tree);
    for (const struct route *route = routes; route->method; route++)
        add_route(tree, route);
    name_methods(&tree->root);
    return tree;
}

static void deinit(struct node *node)
{
    while (node->ways) {
        struct way *way = node->ways;
        node->ways = way->next;
        free(way);
    }
    while (node->literals) {
        struct node *child = node->literals;
        node->literals = child->sibling;
        deinit(child);
        free(child);
    }
    if (node->capture)
        deinit(node->capture);
    free(node->capture);
    free(node->allow);
}

void route_tree_free(struct route_tree *tree)
{
    if (!tree)
        return;
    deinit(&tree->root);
    free(tree);
}

/* ---- finding ---- */

/* The node where `rest`, the path below `node`, ends; absent: here. Captured segments go into
 * `match`, still encoded. */
static const struct node *walk(const struct node *node, struct str rest, struct route_match *match)
{
    if (!rest.ptr)
        return node->ways ? node : NULL;
    struct str segment = str_split(&rest, '/');
    const struct node *literal = find_literal(node, segment);
    const struct node *found = literal ? walk(literal, rest, match) : NULL;
    if (found || !node->capture || segment.len == 0)
        return found;
    size_t at = match->captures_count++;
    match->captures[at] = segment;
    found = walk(node->capture, rest, match);
    if (!found)
        match->captures_count = at;
    return found;
}

static bool is_dots(struct str text)
{
    return str_eq(text, STR(".")) || str_eq(text, STR(".."));
}

static bool decode(struct str segment, struct arena *arena, struct str *text)
{
    struct str before = {segment.ptr, segment.len - 1};
    if (segment.ptr[before.len] == ';' && is_dots(before)) {
        *text = before;
        return true;
    }
    return percent_decode(segment, PERCENT_PLUS_IS_PLUS, arena, text);
}

static bool decode_captures(struct route_match *match, struct arena *arena)
{
    for (size_t i = 0; i < match->captures_count; i++)
        if (!decode(match->captures[i], arena, &match->captures[i]))
            return false;
    return true;
}

enum err route_find(const struct route_tree *tree, struct str method, struct str path,
                    struct arena *arena, struct route_match *match)
{
    *match = (struct route_match){0};
    if (!str_starts(path, STR("/")))
        return ERR_ROUTE;
    str_split(&path, '/');
    const struct node *node = walk(&tree->root, path, match);
    if (!node || !decode_captures(match, arena))
        return ERR_ROUTE;
    match->allow = node->allow;
    const struct way *way = find_way(node, method);
    if (!way && str_eq(method, STR("HEAD")))
        way = find_way(node, STR("GET"));
    if (!way)
        return ERR_METHOD;
    match->route = way->route;
    return OK;
}

void route_add_segment(struct buf *path, struct str text)
{
    buf_add_percent(path, text);
    if (is_dots(text))
        buf_add_char(path, ';');
}
