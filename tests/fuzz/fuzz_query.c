/* Queries, and evaluating them: the first line is the query, the rest the data of an item. It is
 * compiled alone and between others, which must not make a difference. */
#include "base/json.h"
#include "sync/query_evaluation.h"
#include "sync/query_program.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool matches(const struct query *const *queries, size_t count, size_t which, struct str data)
{
    size_t cost = 0;
    struct query_program *program = query_program_new(queries, count);
    struct query_evaluation *evaluation = query_evaluation_new(program);
    query_evaluation_begin(evaluation, STR("key"), data, &cost);
    bool match = query_evaluation_matches(evaluation, which, &cost);
    assert(cost >= data.len);
    assert(query_evaluation_matches(evaluation, which, &cost) == match);
    query_evaluation_free(evaluation);
    query_program_free(program);
    return match;
}

static void evaluate(const struct query *query, struct str text, struct arena *arena)
{
    struct buf data;
    struct json_error error;
    struct why why;
    struct query *other;
    buf_init(&data, 1 << 20);
    if (json_compact(text, JSON_STRICT, 64, &data, &error) && data.len && data.ptr[0] == '{') {
        enum err e = query_parse(STR("data.a.b == 1 or a contains \"x\""), arena, &other, &why);
        assert(e == OK);
        const struct query *queries[] = {other, query, NULL};
        bool among = matches(queries, 3, 1, buf_str(&data));
        assert(matches(queries + 1, 1, 0, buf_str(&data)) == among);
    }
    buf_deinit(&data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {size ? (const char *)data : "", size}, text = str_split(&rest, '\n');
    struct arena arena;
    struct query *query;
    struct why why = {0};
    arena_init(&arena);
    enum err e = query_parse(text, &arena, &query, &why);
    if (e == OK && rest.ptr)
        evaluate(query, rest, &arena);
    assert(e != ERR_QUERY || why.text[0]);
    arena_deinit(&arena);
    return 0;
}
