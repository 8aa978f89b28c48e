/* The walk over the data finds where the value of each field stands. What the value is, is found
 * out when the first comparison asks, and kept for the others. */
#include "sync/query_evaluation.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/value.h"
#include "sync/query_program.h"
#include "sync/query_tree.h"

#include <stdlib.h>

enum found_kind {
    UNSEEN, /* nobody has asked */
    ABSENT,
    STRING,
    NUMBER,
    ARRAY,
    OTHER, /* true, false, null, an object; or a string that UTF-8 cannot say */
};

struct found {
    enum found_kind kind;
    struct str text; /* of a string decoded; of all others as it stands */
    struct decimal decimal;
};

struct query_evaluation {
    const struct query_program *program;
    struct json_span *spans;
    struct found *fields;
    struct arena arena; /* what had to be decoded */
    struct str key;
    struct str data;
    size_t cost;
};

struct query_evaluation *query_evaluation_new(const struct query_program *program)
{
    struct query_evaluation *evaluation = mem_zalloc(1, sizeof *evaluation);
    evaluation->program = program;
    evaluation->spans = mem_alloc(json_paths_count(program->paths) * sizeof *evaluation->spans);
    evaluation->fields = mem_alloc(program->fields * sizeof *evaluation->fields);
    arena_init(&evaluation->arena);
    return evaluation;
}

void query_evaluation_free(struct query_evaluation *evaluation)
{
    if (!evaluation)
        return;
    arena_deinit(&evaluation->arena);
    free(evaluation->spans);
    free(evaluation->fields);
    free(evaluation);
}

void query_evaluation_begin(struct query_evaluation *evaluation, struct str key, struct str data,
                            size_t *cost)
{
    const struct query_program *program = evaluation->program;
    evaluation->key = key;
    evaluation->data = data;
    arena_clear(&evaluation->arena);
    json_paths_walk(program->paths, data, evaluation->spans);
    for (size_t i = 0; i < program->fields; i++)
        evaluation->fields[i].kind = UNSEEN;
    *cost += data.len + json_paths_count(program->paths) * sizeof *evaluation->spans;
}

/* --- what a value is --- */

static bool is_number(struct str token)
{
    return token.ptr[0] == '-' || (token.ptr[0] >= '0' && token.ptr[0] <= '9');
}

static struct str without_quotes(struct str token)
{
    return (struct str){token.ptr + 1, token.len - 2};
}

/* In place when no escape is in it, as most have none. */
static void read_string(struct query_evaluation *evaluation, struct str token, struct found *found)
{
    found->kind = STRING;
    found->text = without_quotes(token);
    if (!memchr(token.ptr, '\\', token.len))
        return;
    evaluation->cost += token.len;
    if (!value_decode_string(token, &evaluation->arena, &found->text))
        found->kind = OTHER;
}

static void read_value(struct query_evaluation *evaluation, struct str token, struct found *found)
{
    *found = (struct found){.kind = token.ptr ? OTHER : ABSENT, .text = token};
    if (!token.ptr)
        return;
    if (token.ptr[0] == '"')
        read_string(evaluation, token, found);
    else if (token.ptr[0] == '[')
        found->kind = ARRAY;
    else if (is_number(token)) {
        found->kind = NUMBER;
        found->decimal = decimal_read(token);
        evaluation->cost += token.len;
    }
}

static const struct found *look_at(struct query_evaluation *evaluation, uint32_t field)
{
    const struct query_program *program = evaluation->program;
    struct found *found = &evaluation->fields[field];
    if (found->kind == UNSEEN)
        read_value(evaluation,
                   json_paths_value(program->paths, program->nodes[field], evaluation->data,
                                    evaluation->spans),
                   found);
    return found;
}

/* The first field of the program is the member `data`. */
static const struct found *find_value(struct query_evaluation *evaluation,
                                      const struct query_comparison *comparison)
{
    const struct found *found = look_at(evaluation, comparison->field);
    if (found->kind != ABSENT || comparison->shorter == QUERY_FIELD_NONE ||
        look_at(evaluation, 0)->kind != ABSENT)
        return found;
    return look_at(evaluation, comparison->shorter);
}

/* --- comparing --- */

static bool is_part(struct query_evaluation *evaluation, struct str part, struct str text)
{
    evaluation->cost += text.len;
    return !part.len || memmem(text.ptr, text.len, part.ptr, part.len);
}

static bool number_equals(const struct decimal *decimal, const struct query_value *value)
{
    return value->number ? decimal_same(decimal, &value->decimal)
                         : str_eq(decimal->text, value->text);
}

/* Of neither a string nor a number. */
static bool other_equals(struct str token, const struct query_value *value)
{
    bool boolean = str_eq(token, STR("true")) || str_eq(token, STR("false"));
    return (boolean || !value->quoted) && str_eq(token, value->text);
}

static bool equals(const struct found *found, const struct query_value *value)
{
    switch (found->kind) {
    case STRING:
        return value->quoted && str_eq(found->text, value->text);
    case NUMBER:
        return number_equals(&found->decimal, value);
    case OTHER:
        return other_equals(found->text, value);
    default:
        return false;
    }
}

static bool element_equals(struct str token, const struct query_value *value)
{
    if (token.ptr[0] == '"')
        return value->quoted && value_decodes_to(without_quotes(token), value->text);
    if (!is_number(token))
        return other_equals(token, value);
    struct decimal decimal = decimal_read(token);
    return number_equals(&decimal, value);
}

static bool array_contains(struct query_evaluation *evaluation, struct str token,
                           const struct query_value *value)
{
    struct value_elements elements;
    struct str element;
    evaluation->cost += token.len;
    value_elements_init(&elements, token);
    while (value_elements_next(&elements, &element))
        if (element_equals(element, value))
            return true;
    return false;
}

static bool contains(struct query_evaluation *evaluation, const struct found *found,
                     const struct query_value *value)
{
    if (found->kind == ARRAY)
        return array_contains(evaluation, found->text, value);
    return found->kind == STRING && value->quoted && is_part(evaluation, value->text, found->text);
}

static bool key_matches(struct query_evaluation *evaluation, enum query_op op,
                        const struct query_value *value)
{
    if (!value->quoted)
        return false;
    return op == QUERY_CONTAINS ? is_part(evaluation, value->text, evaluation->key)
                                : str_eq(evaluation->key, value->text);
}

/* Is any of the query's values the one that is asked for? */
static bool any_matches(struct query_evaluation *evaluation, const struct query *query,
                        const struct query_comparison *comparison)
{
    bool is_key = comparison->field == QUERY_FIELD_NONE;
    const struct found *found = is_key ? NULL : find_value(evaluation, comparison);
    for (size_t i = 0; i < query->count; i++) {
        const struct query_value *value = &query->values[i];
        bool match = is_key                        ? key_matches(evaluation, query->op, value)
                     : query->op == QUERY_CONTAINS ? contains(evaluation, found, value)
                                                   : equals(found, value);
        evaluation->cost += QUERY_VALUE_COST;
        if (match)
            return true;
    }
    return false;
}

static bool matches(struct query_evaluation *evaluation, const struct query *query,
                    const struct query_comparison *comparisons)
{
    switch (query->op) {
    case QUERY_AND:
        return matches(evaluation, query->left, comparisons) &&
               matches(evaluation, query->right, comparisons);
    case QUERY_OR:
        return matches(evaluation, query->left, comparisons) ||
               matches(evaluation, query->right, comparisons);
    case QUERY_NOT_EQUAL:
    case QUERY_NOT_IN:
        return !any_matches(evaluation, query, &comparisons[query->number]);
    default:
        return any_matches(evaluation, query, &comparisons[query->number]);
    }
}

bool query_evaluation_matches(struct query_evaluation *evaluation, size_t query, size_t *cost)
{
    const struct query_program *program = evaluation->program;
    const struct query *asked = program->queries[query];
    evaluation->cost = QUERY_VALUE_COST;
    bool match = !asked || matches(evaluation, asked, &program->comparisons[program->first[query]]);
    *cost += evaluation->cost;
    return match;
}
