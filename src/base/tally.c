#include "base/tally.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

/* A slot is a mark in its upper bits and a count in the lower ones; 0: free. */
enum { GROUP_SIZE = 8, COUNT_BITS = 20, SPARE_FACTOR = 4 };

static const uint64_t count_mask = (UINT64_C(1) << COUNT_BITS) - 1;

struct tally {
    size_t groups; /* a power of two */
    tally_slot slots[];
};

struct tally *tally_new(size_t keys_max)
{
    size_t groups = 1;
    while (groups * GROUP_SIZE < keys_max * SPARE_FACTOR)
        groups *= 2;
    struct tally *tally = mem_zalloc(1, sizeof *tally + groups * GROUP_SIZE * sizeof(tally_slot));
    tally->groups = groups;
    return tally;
}

void tally_free(struct tally *tally)
{
    free(tally);
}

/* Where the key's slots are, and its mark. */
static tally_slot *find_group(struct tally *tally, struct str key, uint64_t *mark)
{
    *mark = hash_text(key, 0).bits & ~count_mask;
    if (!*mark)
        *mark = UINT64_C(1) << COUNT_BITS;
    return tally->slots + (hash_text(key, 1).bits & (tally->groups - 1)) * GROUP_SIZE;
}

static uint64_t count_all(tally_slot *group, uint64_t mark)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < GROUP_SIZE; i++) {
        uint64_t word = atomic_load(&group[i]);
        if ((word & ~count_mask) == mark)
            sum += word & count_mask;
    }
    return sum;
}

/* One more in a slot that the key has, or in one that is free. */
static bool add_to(tally_slot *slot, uint64_t mark, bool is_free)
{
    uint64_t word = atomic_load(slot);
    while (is_free ? !word : (word & ~count_mask) == mark && (word & count_mask) < count_mask)
        if (atomic_compare_exchange_weak(slot, &word, is_free ? mark | 1 : word + 1))
            return true;
    return false;
}

static tally_slot *add(tally_slot *group, uint64_t mark)
{
    for (int is_free = 0; is_free <= 1; is_free++)
        for (size_t i = 0; i < GROUP_SIZE; i++)
            if (add_to(&group[i], mark, is_free))
                return &group[i];
    return NULL;
}

/* Counted first and looked at afterwards: two threads may have made a slot each for the same key.
 */
bool tally_take(struct tally *tally, struct str key, uint64_t max, tally_slot **slot)
{
    uint64_t mark;
    tally_slot *group = find_group(tally, key, &mark);
    *slot = add(group, mark);
    if (!*slot || count_all(group, mark) <= max)
        return true;
    tally_give(*slot);
    *slot = NULL;
    return false;
}

void tally_give(tally_slot *slot)
{
    if (!slot)
        return;
    uint64_t word = atomic_load(slot), less;
    do
        less = (word & count_mask) == 1 ? 0 : word - 1;
    while (!atomic_compare_exchange_weak(slot, &word, less));
}
