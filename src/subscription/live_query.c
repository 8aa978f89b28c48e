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

enum err live_new(struct live **made, struct str id, struct str index, struct str text)
{
    size_t compiled, size = sizeof(struct live) + id.len + index.len + text.len;
    enum err e = measure(text, &compiled);
    if (e)
        return e;
    struct live *live = mem_zalloc(1, size);
    char *at = live->bytes;
    live->id = put(&at, id);
    live->index = put(&at, index);
    live->text = put(&at, text);
    live->size = size + text.len + compiled;
    *made = live;
    return OK;
}

void live_join(struct live *live, struct live_queries *queries)
{
    live->queries = queries;
    live->query = live_queries_share(queries, live->text);
}

void live_free(struct live *live)
{
    if (live && live->query)
        live_queries_leave(live->queries, live->query);
    free(live);
}

struct event *live_event(struct live *live, const struct notice *notice, size_t *cost)
{
    enum live_news news = live_queries_look(live->query, notice, cost);
    return live_queries_event(live->queries, live->query, notice, news, live->id);
}
