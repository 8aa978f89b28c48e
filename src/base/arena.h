/* Memory that is given back all at once: one arena a request.
 *
 * Blocks live until arena_clear or arena_deinit. The first chunk is kept over clears, so
 * that an ordinary request allocates nothing from the heap. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; the last one is the first chunk */
    size_t used;                /* in the newest chunk */
};

void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);
void arena_clear(struct arena *arena);

/* `size` bytes, aligned for any type, uninitialised. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of `s`; absent stays absent. */
struct str arena_dup(struct arena *arena, struct str s);

#endif
