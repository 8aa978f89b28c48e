/* A hash table from hashes (hash.h) to pointers.
 *
 * The table knows hashes only; several elements may share one. The caller walks those with
 * dict_first/dict_next and compares. Robin-Hood open addressing; it doubles at 3/4. */
#ifndef BASE_DICT_H
#define BASE_DICT_H

#include "base/hash.h"

struct dict_slot {
    struct hash hash;
    void *element; /* NULL: free */
};

struct dict {
    struct dict_slot *slots;
    size_t mask; /* slots - 1, or 0 before the first insertion */
    size_t count;
};

struct dict_cursor {
    struct hash hash;
    size_t at;
    size_t distance;
};

void dict_init(struct dict *dict);
void dict_deinit(struct dict *dict);

/* Remove all, keep the memory. */
void dict_clear(struct dict *dict);

/* `element` is not NULL and not in the table. */
void dict_add(struct dict *dict, struct hash hash, void *element);

/* `element` is in the table under `hash`. */
void dict_remove(struct dict *dict, struct hash hash, const void *element);

/* The elements with that hash, one after the other, then NULL. The table does not change
 * in between. */
void *dict_first(const struct dict *dict, struct hash hash, struct dict_cursor *cursor);
void *dict_next(const struct dict *dict, struct dict_cursor *cursor);

/* Have the memory where dict_first will look brought near. */
static inline void dict_prefetch(const struct dict *dict, struct hash hash)
{
    if (dict->slots)
        __builtin_prefetch(&dict->slots[hash.bits & dict->mask]);
}

#endif
