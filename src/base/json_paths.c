/* The nodes are made level by level, so that the children of each stand together, in order, and are
 * found by halving. The walk needs no stack: when an object ends, the walk goes on in the parent of
 * its node.
 *
 * When a name comes again its span is overwritten, but those of the nodes below it are not: they
 * still show what was in the earlier member. They lie outside of the later one, and so are known to
 * count no more. */
#include "base/json_paths.h"

#include "base/mem.h"
#include "base/value.h"

#include <assert.h>
#include <stdlib.h>

enum { ESCAPE_LENGTH = 6 }; /* of \u0041, at most so many bytes for one of a name */

struct node {
    uint32_t name; /* where in `text` */
    uint32_t name_len;
    uint32_t parent;
    uint32_t children; /* the first of them */
    uint32_t count;    /* of children; while they are being made, of the paths through here */
};

struct json_paths {
    struct node *nodes; /* the first is the object itself */
    size_t count;
    char *text;
    size_t text_len;
    char *decoded; /* room for a name with escapes */
    size_t decoded_size;
};

/* --- making nodes --- */

/* A path, as far as it has not been made into nodes. */
struct path {
    struct str name; /* its next part; absent: it has ended */
    struct str rest;
    uint32_t *node;
};

struct making {
    struct json_paths *made;
    struct path *paths; /* those through one node stand together */
    size_t *from;       /* where, for each node */
};

static void take_part(struct path *path)
{
    path->name = path->rest.ptr ? str_split(&path->rest, '.') : (struct str){0};
}

static int compare(struct str a, struct str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

static int compare_paths(const void *a, const void *b)
{
    return compare(((const struct path *)a)->name, ((const struct path *)b)->name);
}

/* Paths that begin alike need no sorting until they part. */
static bool are_sorted(const struct path *at, size_t count)
{
    size_t i = 1;
    while (i < count && compare(at[i - 1].name, at[i].name) <= 0)
        i++;
    return i >= count;
}

/* Those that end at `node` are done with; returns how many go on, moved to the front. */
static size_t end_paths(struct path *at, size_t count, uint32_t node)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i].name.ptr)
            at[left++] = at[i];
        else
            *at[i].node = node;
    }
    return left;
}

/* For the paths at `from`, which go on with the same name; returns how many these are. */
static size_t add_node(struct making *making, uint32_t parent, size_t from, size_t until)
{
    struct json_paths *made = making->made;
    struct str name = making->paths[from].name;
    size_t at = from;
    for (; at < until && compare(making->paths[at].name, name) == 0; at++)
        take_part(&making->paths[at]);
    making->from[made->count] = from;
    made->nodes[made->count++] = (struct node){
        .name = (uint32_t)(name.ptr - made->text),
        .name_len = (uint32_t)name.len,
        .parent = parent,
        .count = (uint32_t)(at - from),
    };
    if (made->decoded_size < ESCAPE_LENGTH * name.len)
        made->decoded_size = ESCAPE_LENGTH * name.len;
    return at - from;
}

static void add_children(struct making *making, uint32_t node)
{
    struct json_paths *made = making->made;
    size_t from = making->from[node];
    size_t count = end_paths(making->paths + from, made->nodes[node].count, node);
    if (!are_sorted(making->paths + from, count))
        qsort(making->paths + from, count, sizeof *making->paths, compare_paths);
    made->nodes[node].children = (uint32_t)made->count;
    for (size_t at = from; at < from + count;)
        at += add_node(making, node, at, from + count);
    made->nodes[node].count = (uint32_t)made->count - made->nodes[node].children;
}

/* Names are looked for in a copy, one path behind the other. */
static void copy_text(struct making *making, const struct str *paths, size_t count, uint32_t *nodes)
{
    char *at = making->made->text;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, paths[i].ptr, paths[i].len);
        making->paths[i] = (struct path){.rest = {at, paths[i].len}, .node = &nodes[i]};
        take_part(&making->paths[i]);
        at += paths[i].len;
    }
}

static size_t parts_of(struct str path)
{
    size_t parts = 1;
    for (size_t i = 0; i < path.len; i++)
        parts += path.ptr[i] == '.';
    return parts;
}

struct json_paths *json_paths_new(const struct str *paths, size_t count, uint32_t *nodes)
{
    struct json_paths *made = mem_zalloc(1, sizeof *made);
    size_t parts = 1;
    for (size_t i = 0; i < count; i++) {
        made->text_len += paths[i].len;
        parts += parts_of(paths[i]);
    }
    assert(made->text_len < UINT32_MAX && parts < UINT32_MAX);
    made->text = mem_alloc(made->text_len + 1);
    made->nodes = mem_alloc(parts * sizeof *made->nodes);
    struct making making = {
        .made = made,
        .paths = mem_alloc((count + 1) * sizeof *making.paths),
        .from = mem_alloc(parts * sizeof *making.from),
    };
    copy_text(&making, paths, count, nodes);
    making.from[0] = 0;
    made->nodes[0] = (struct node){.count = (uint32_t)count};
    made->count = 1;
    for (uint32_t node = 0; node < made->count; node++)
        add_children(&making, node);
    made->nodes = mem_realloc(made->nodes, made->count * sizeof *made->nodes);
    made->decoded = mem_alloc(made->decoded_size + 1);
    free(making.paths);
    free(making.from);
    return made;
}

void json_paths_free(struct json_paths *paths)
{
    if (!paths)
        return;
    free(paths->nodes);
    free(paths->text);
    free(paths->decoded);
    free(paths);
}

size_t json_paths_count(const struct json_paths *paths)
{
    return paths->count;
}

size_t json_paths_size(const struct json_paths *paths)
{
    return sizeof *paths + paths->count * sizeof *paths->nodes + paths->text_len +
           paths->decoded_size;
}

/* --- the walk --- */

static struct str name_of(const struct json_paths *paths, const struct node *node)
{
    return (struct str){paths->text + node->name, node->name_len};
}

/* 0: none. */
static uint32_t find_child(const struct json_paths *paths, uint32_t parent, struct str name)
{
    uint32_t low = paths->nodes[parent].children, high = low + paths->nodes[parent].count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(name, name_of(paths, &paths->nodes[middle]));
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

/* `coded`: the name of a member as it stands. */
static uint32_t find_member(const struct json_paths *paths, uint32_t parent, struct str coded)
{
    struct str name = {paths->decoded, 0};
    if (coded.len > paths->decoded_size || !paths->nodes[parent].count)
        return 0; /* longer than any name can be written */
    if (!coded.len || !memchr(coded.ptr, '\\', coded.len))
        return find_child(paths, parent, coded);
    return value_decode(coded, paths->decoded, &name.len) ? find_child(paths, parent, name) : 0;
}

/* Pass over the name of a member and its colon. */
static uint32_t take_name(const struct json_paths *paths, uint32_t parent, struct str object,
                          size_t *at)
{
    struct str rest = {object.ptr + *at, object.len - *at};
    size_t len = value_string_length(rest);
    *at += len + 1;
    return find_member(paths, parent, (struct str){rest.ptr + 1, len - 2});
}

static void take_value(struct str object, size_t *at)
{
    *at += value_length((struct str){object.ptr + *at, object.len - *at});
}

void json_paths_walk(const struct json_paths *paths, struct str object, struct json_span *spans)
{
    uint32_t node = 0;
    memset(spans, 0, paths->count * sizeof *spans);
    spans[0].end = (uint32_t)object.len;
    for (size_t at = 1; at < object.len;) {
        if (object.ptr[at] == '}') {
            spans[node].end = (uint32_t)++at;
            node = paths->nodes[node].parent;
            continue;
        }
        at += object.ptr[at] == ',';
        uint32_t child = take_name(paths, node, object, &at);
        spans[child].begin = child ? (uint32_t)at : 0;
        if (child && object.ptr[at] == '{' && paths->nodes[child].count) {
            node = child;
            at++;
            continue;
        }
        take_value(object, &at);
        if (child)
            spans[child].end = (uint32_t)at;
    }
}

static bool is_within(struct json_span inner, struct json_span outer)
{
    return inner.begin > outer.begin && inner.end < outer.end;
}

struct str json_paths_value(const struct json_paths *paths, uint32_t node, struct str object,
                            const struct json_span *spans)
{
    struct json_span span = spans[node];
    for (uint32_t at = node; at; at = paths->nodes[at].parent)
        if (!is_within(spans[at], spans[paths->nodes[at].parent]))
            return (struct str){0};
    return (struct str){object.ptr + span.begin, span.end - span.begin};
}
