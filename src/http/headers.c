#include "http/headers.h"

const struct header *headers_add(struct headers *headers, struct arena *arena, struct str name,
                                 struct str value)
{
    struct header *header = arena_alloc(arena, sizeof *header);
    *header = (struct header){headers->last, name, value};
    headers->last = header;
    return header;
}

static struct str join(struct arena *arena, struct str a, struct str b)
{
    char *text = arena_alloc(arena, a.len + 2 + b.len);
    memcpy(text, a.ptr, a.len);
    memcpy(text + a.len, ", ", 2);
    memcpy(text + a.len + 2, b.ptr, b.len);
    return (struct str){text, a.len + 2 + b.len};
}

struct str headers_find(const struct headers *headers, struct arena *arena, struct str name)
{
    struct str value = {0};
    for (const struct header *at = headers->last; at; at = at->next)
        if (at->name.len == name.len && str_eq_nocase(at->name, name))
            value = value.ptr ? join(arena, at->value, value) : at->value;
    return value;
}
