#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdlib.h>

enum { CHUNK_SIZE = 4096 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    alignas(max_align_t) char bytes[];
};

static void push_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + size);
    chunk->older = arena->chunks;
    chunk->size = size;
    arena->chunks = chunk;
    arena->used = 0;
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_clear(struct arena *arena)
{
    while (arena->chunks && arena->chunks->older) {
        struct arena_chunk *older = arena->chunks->older;
        free(arena->chunks);
        arena->chunks = older;
    }
    arena->used = 0;
}

void arena_deinit(struct arena *arena)
{
    arena_clear(arena);
    free(arena->chunks);
    *arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    size = (size + align - 1) & ~(align - 1);
    if (!arena->chunks)
        push_chunk(arena, CHUNK_SIZE);
    if (size > arena->chunks->size - arena->used)
        push_chunk(arena, size > CHUNK_SIZE ? size : CHUNK_SIZE);
    void *block = arena->chunks->bytes + arena->used;
    arena->used += size;
    return block;
}

struct str arena_dup(struct arena *arena, struct str s)
{
    if (!s.ptr)
        return s;
    char *copy = arena_alloc(arena, s.len);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}
