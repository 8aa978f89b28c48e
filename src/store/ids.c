#include "store/ids.h"

#include "base/mem.h"

#include <stdlib.h>

enum { CAPACITY_MIN = 64, DIGIT_BITS = 11, DIGIT_VALUES = 1 << DIGIT_BITS };

void ids_deinit(struct ids *ids)
{
    free(ids->ptr);
}

static void reserve(struct ids *ids, size_t capacity)
{
    if (capacity <= ids->capacity)
        return;
    ids->ptr = mem_realloc(ids->ptr, capacity * sizeof *ids->ptr);
    ids->capacity = capacity;
}

void ids_add(struct ids *ids, uint64_t id)
{
    if (ids->count == ids->capacity)
        reserve(ids, ids->count ? 2 * ids->count : CAPACITY_MIN);
    ids->ptr[ids->count++] = id;
}

static size_t digit(uint64_t id, unsigned shift)
{
    return (id >> shift) % DIGIT_VALUES;
}

static uint64_t differing_bits(const struct ids *ids)
{
    uint64_t bits = 0;
    for (size_t i = 1; i < ids->count; i++)
        bits |= ids->ptr[i] ^ ids->ptr[0];
    return bits;
}

/* What has the same digit keeps its order. */
static void sort_by_digit(const struct ids *from, uint64_t *to, unsigned shift)
{
    size_t places[DIGIT_VALUES] = {0}, place = 0;
    for (size_t i = 0; i < from->count; i++)
        places[digit(from->ptr[i], shift)]++;
    for (size_t value = 0; value < DIGIT_VALUES; value++) {
        size_t count = places[value];
        places[value] = place;
        place += count;
    }
    for (size_t i = 0; i < from->count; i++)
        to[places[digit(from->ptr[i], shift)]++] = from->ptr[i];
}

static void swap(struct ids *a, struct ids *b)
{
    struct ids a_was = *a;
    *a = *b;
    *b = a_was;
}

void ids_sort(struct ids *ids, struct ids *scratch)
{
    uint64_t bits = differing_bits(ids);
    reserve(scratch, ids->count);
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
        if (!digit(bits, shift))
            continue;
        sort_by_digit(ids, scratch->ptr, shift);
        scratch->count = ids->count;
        swap(ids, scratch);
    }
}
