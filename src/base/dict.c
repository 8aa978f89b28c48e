#include "base/dict.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 16 };

void dict_init(struct dict *dict)
{
    *dict = (struct dict){0};
}

void dict_deinit(struct dict *dict)
{
    free(dict->slots);
    *dict = (struct dict){0};
}

void dict_clear(struct dict *dict)
{
    if (dict->count)
        memset(dict->slots, 0, (dict->mask + 1) * sizeof *dict->slots);
    dict->count = 0;
}

static size_t distance_of(const struct dict *dict, struct hash hash, size_t at)
{
    return (at - (size_t)hash.bits) & dict->mask;
}

/* The one who has come farther from home keeps the slot; the other moves on. */
static void place(struct dict *dict, struct dict_slot carried)
{
    size_t at = (size_t)carried.hash.bits & dict->mask;
    for (size_t distance = 0; dict->slots[at].element; distance++) {
        size_t theirs = distance_of(dict, dict->slots[at].hash, at);
        if (theirs < distance) {
            struct dict_slot swap = dict->slots[at];
            dict->slots[at] = carried;
            carried = swap;
            distance = theirs;
        }
        at = (at + 1) & dict->mask;
    }
    dict->slots[at] = carried;
}

static void grow(struct dict *dict)
{
    size_t old_count = dict->slots ? dict->mask + 1 : 0;
    struct dict_slot *old = dict->slots;
    size_t count = old_count ? old_count * 2 : FIRST_SLOTS;
    dict->slots = mem_zalloc(count, sizeof *dict->slots);
    dict->mask = count - 1;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].element)
            place(dict, old[i]);
    free(old);
}

void dict_add(struct dict *dict, struct hash hash, void *element)
{
    assert(element);
    if (!dict->slots || (dict->count + 1) * 4 > (dict->mask + 1) * 3)
        grow(dict);
    place(dict, (struct dict_slot){hash, element});
    dict->count++;
}

static void *walk(const struct dict *dict, struct dict_cursor *cursor)
{
    for (;;) {
        const struct dict_slot *slot = &dict->slots[cursor->at];
        if (!slot->element || distance_of(dict, slot->hash, cursor->at) < cursor->distance)
            return NULL;
        if (hash_eq(slot->hash, cursor->hash))
            return slot->element;
        cursor->at = (cursor->at + 1) & dict->mask;
        cursor->distance++;
    }
}

void *dict_first(const struct dict *dict, struct hash hash, struct dict_cursor *cursor)
{
    if (!dict->slots)
        return NULL;
    *cursor = (struct dict_cursor){hash, (size_t)hash.bits & dict->mask, 0};
    return walk(dict, cursor);
}

void *dict_next(const struct dict *dict, struct dict_cursor *cursor)
{
    cursor->at = (cursor->at + 1) & dict->mask;
    cursor->distance++;
    return walk(dict, cursor);
}

void dict_remove(struct dict *dict, struct hash hash, const void *element)
{
    struct dict_cursor cursor;
    void *found = dict_first(dict, hash, &cursor);
    while (found && found != element)
        found = dict_next(dict, &cursor);
    assert(found);
    /* Those behind move up one slot, until a free one or one that is at home. */
    size_t hole = cursor.at;
    for (;;) {
        size_t next = (hole + 1) & dict->mask;
        if (!dict->slots[next].element || distance_of(dict, dict->slots[next].hash, next) == 0)
            break;
        dict->slots[hole] = dict->slots[next];
        hole = next;
    }
    dict->slots[hole] = (struct dict_slot){0};
    dict->count--;
}
