/* Queries, and matching with them: the first line is the query, the rest the data. */
#include "base/json.h"
#include "sync/query.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(const struct query *query, struct str text)
{
    struct buf data;
    struct json_error error;
    buf_init(&data, 1 << 20);
    if (json_compact(text, JSON_STRICT, 64, &data, &error) && data.len && data.ptr[0] == '{')
        query_matches(query, STR("key"), buf_str(&data));
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
        match(query, rest);
    assert(e != ERR_QUERY || why.text[0]);
    arena_deinit(&arena);
    return 0;
}
