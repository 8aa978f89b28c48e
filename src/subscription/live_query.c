#include "subscription/live_query.h"

#include "base/mem.h"
#include "sync/query_program.h"

#include <stdlib.h>

/* Bytes that the query is compiled to. */
static enum err measure(struct str text, size_t *size)
{
    struct arena arena;
    struct query *query;
    struct why why;
    arena_init(&arena);
    enum err e = query_parse(text, &arena, &query, &why);
    *size = e ? 0 : query_program_share(query);
    arena_deinit(&arena);
    return e;
}

static struct str put(char **at, struct str text)
{
    char *copy = *at;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    *at += text.len;
    return (struct str){copy, text.len};
}

enum err live_query_new(struct live_query **made, struct str id, struct str index, struct str text)
{
    size_t compiled, size = sizeof(struct live_query) + id.len + index.len + text.len;
    enum err e = measure(text, &compiled);
    if (e)
        return e;
    struct live_query *query = mem_zalloc(1, size);
    char *at = query->bytes;
    query->id = put(&at, id);
    query->index = put(&at, index);
    query->text = put(&at, text);
    query->size = size + text.len + compiled;
    *made = query;
    return OK;
}

void live_query_join(struct live_query *query, struct shared_queries *queries)
{
    query->queries = queries;
    query->shared = shared_queries_join(queries, query->text);
}

void live_query_free(struct live_query *query)
{
    if (query && query->shared)
        shared_queries_leave(query->queries, query->shared);
    free(query);
}

struct event *live_query_event(struct live_query *query, const struct notice *notice, size_t *cost)
{
    enum query_effect effect = shared_queries_evaluate(query->shared, notice, cost);
    return shared_queries_event(query->queries, query->shared, notice, effect, query->id);
}
