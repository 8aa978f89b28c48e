/* The comparisons of all queries stand in one row, in the order in which they were read. Each names
 * one path or two; paths that end at the same node are one field. */
#include "sync/query_program.h"

#include "base/mem.h"
#include "sync/query_tree.h"

#include <stdlib.h>

#define PREFIX STR("data.")

/* What the program is made from. */
struct making {
    struct query_program *program;
    const struct query **comparisons; /* as they are in the program */
    size_t count;
    struct str *paths; /* the first is `data` */
    size_t paths_count;
};

static size_t count_comparisons(const struct query *query)
{
    if (!query)
        return 0;
    if (query_is_comparison(query))
        return 1;
    return count_comparisons(query->left) + count_comparisons(query->right);
}

static void place_comparisons(struct making *making, const struct query *query, size_t first)
{
    if (!query)
        return;
    if (query_is_comparison(query)) {
        making->comparisons[first + query->number] = query;
        return;
    }
    place_comparisons(making, query->left, first);
    place_comparisons(making, query->right, first);
}

static uint32_t add_path(struct making *making, struct str path)
{
    making->paths[making->paths_count] = path;
    return (uint32_t)making->paths_count++;
}

/* For now, which paths. */
static struct query_comparison add_paths(struct making *making, struct str field)
{
    struct query_comparison comparison = {QUERY_FIELD_NONE, QUERY_FIELD_NONE};
    if (str_eq(field, STR("key")))
        return comparison;
    comparison.field = add_path(making, field);
    if (str_starts(field, PREFIX))
        comparison.shorter =
            add_path(making, (struct str){field.ptr + PREFIX.len, field.len - PREFIX.len});
    return comparison;
}

/* Make paths into fields: `field_of` has the field of each path. */
static void number_fields(struct query_program *program, const uint32_t *nodes, size_t count,
                          uint32_t *field_of)
{
    size_t nodes_count = json_paths_count(program->paths);
    uint32_t *of_node = mem_alloc(nodes_count * sizeof *of_node);
    memset(of_node, 0xff, nodes_count * sizeof *of_node); /* QUERY_FIELD_NONE */
    program->nodes = mem_alloc(count * sizeof *program->nodes);
    for (size_t i = 0; i < count; i++) {
        uint32_t *field = &of_node[nodes[i]];
        if (*field == QUERY_FIELD_NONE) {
            *field = (uint32_t)program->fields;
            program->nodes[program->fields++] = nodes[i];
        }
        field_of[i] = *field;
    }
    free(of_node);
}

static void compile_fields(struct making *making)
{
    struct query_program *program = making->program;
    uint32_t *nodes = mem_alloc(making->paths_count * sizeof *nodes);
    uint32_t *field_of = mem_alloc(making->paths_count * sizeof *field_of);
    program->paths = json_paths_new(making->paths, making->paths_count, nodes);
    number_fields(program, nodes, making->paths_count, field_of);
    for (size_t i = 0; i < making->count; i++) {
        struct query_comparison *comparison = &program->comparisons[i];
        if (comparison->field != QUERY_FIELD_NONE)
            comparison->field = field_of[comparison->field];
        if (comparison->shorter != QUERY_FIELD_NONE)
            comparison->shorter = field_of[comparison->shorter];
    }
    free(nodes);
    free(field_of);
}

static void compile_comparisons(struct making *making)
{
    struct query_program *program = making->program;
    making->paths = mem_alloc((2 * making->count + 1) * sizeof *making->paths);
    add_path(making, STR("data"));
    program->comparisons = mem_alloc((making->count + 1) * sizeof *program->comparisons);
    for (size_t i = 0; i < making->count; i++)
        program->comparisons[i] = add_paths(making, making->comparisons[i]->field);
    compile_fields(making);
    free(making->paths);
}

struct query_program *query_program_new(const struct query *const *queries, size_t count)
{
    struct query_program *program = mem_zalloc(1, sizeof *program);
    struct making making = {.program = program};
    program->queries = queries;
    program->first = mem_alloc((count + 1) * sizeof *program->first);
    for (size_t i = 0; i < count; i++) {
        program->first[i] = making.count;
        making.count += count_comparisons(queries[i]);
    }
    making.comparisons = mem_alloc((making.count + 1) * sizeof *making.comparisons);
    for (size_t i = 0; i < count; i++)
        place_comparisons(&making, queries[i], program->first[i]);
    compile_comparisons(&making);
    free(making.comparisons);
    return program;
}

void query_program_free(struct query_program *program)
{
    if (!program)
        return;
    json_paths_free(program->paths);
    free(program->nodes);
    free(program->comparisons);
    free(program->first);
    free(program);
}

/* Each part of a path is a node, which has a span in each evaluation; a field with the prefix has
 * two paths, which are fields of their own. */
static size_t share_of(const struct query *query)
{
    enum { NODE = 40, FIELD = 224 };
    size_t parts = 1, paths = 1 + str_starts(query->field, PREFIX);
    for (size_t i = 0; i < query->field.len; i++)
        parts += query->field.ptr[i] == '.';
    size_t size = sizeof *query + query->field.len;
    size += paths * (FIELD + query->field.len + parts * NODE);
    for (size_t i = 0; i < query->count; i++)
        size += sizeof query->values[i] + query->values[i].text.len;
    return size;
}

size_t query_program_share(const struct query *query)
{
    if (!query)
        return 0;
    if (query_is_comparison(query))
        return share_of(query);
    return sizeof *query + query_program_share(query->left) + query_program_share(query->right);
}
