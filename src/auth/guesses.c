/* A slot has a mark of the network in its upper bits, then the number of wrong ones, then when the
 * last one was; 0: free. */
#include "auth/guesses.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    GROUPS = 4096, /* a power of two */
    GROUP_SIZE = 8,
    COUNT_BITS = 8,
    TIME_BITS = 32,
    COUNT_MAX = (1 << COUNT_BITS) - 1,
    TICKS_A_SECOND = 16,
    FREE_MAX = 10, /* wrong ones without a pause */
    PAUSE_MAX_S = 60,
    KEEP_S = 60,
};

struct guesses {
    struct guesses_metrics metrics;
    _Atomic uint32_t latest; /* tick of the last wrong one, of any network; 0: none yet */
    _Atomic uint64_t slots[GROUPS][GROUP_SIZE];
};

struct guesses *guesses_new(void)
{
    return mem_zalloc(1, sizeof(struct guesses));
}

void guesses_free(struct guesses *guesses)
{
    free(guesses);
}

const struct guesses_metrics *guesses_metrics(const struct guesses *guesses)
{
    return &guesses->metrics;
}

/* By any thread, unlike metric_add. */
static void count(struct metric *metric)
{
    atomic_fetch_add_explicit(&metric->value, 1, memory_order_relaxed);
}

/* --- a slot's word --- */

/* Never 0. It goes round after eight years. */
static uint32_t tick_of(uint64_t now_ns)
{
    return (uint32_t)(now_ns / (1000000000u / TICKS_A_SECOND)) | 1;
}

/* Two threads may have read the clock in the other order. */
static uint32_t ticks_since(uint32_t then, uint32_t now)
{
    int32_t ticks = (int32_t)(now - then);
    return ticks > 0 ? (uint32_t)ticks : 0;
}

static unsigned count_in(uint64_t word)
{
    return (unsigned)(word >> TIME_BITS) & COUNT_MAX;
}

static uint64_t mark_in(uint64_t word)
{
    return word >> (TIME_BITS + COUNT_BITS);
}

static uint64_t word_of(uint64_t mark, unsigned wrong, uint32_t tick)
{
    return mark << (TIME_BITS + COUNT_BITS) | (uint64_t)wrong << TIME_BITS | tick;
}

/* The pause that so many wrong ones bring. */
static uint32_t pause_of(unsigned wrong)
{
    unsigned doublings = wrong - FREE_MAX;
    if (wrong < FREE_MAX)
        return 0;
    unsigned pause_s = doublings < 6 ? 1u << doublings : PAUSE_MAX_S;
    return pause_s * TICKS_A_SECOND;
}

static bool is_kept(uint64_t word, uint32_t now)
{
    return word &&
           ticks_since((uint32_t)word, now) <= pause_of(count_in(word)) + KEEP_S * TICKS_A_SECOND;
}

/* --- a network's slot --- */

static _Atomic uint64_t *find_group(struct guesses *guesses, uint64_t network, uint64_t *mark)
{
    struct str key = {(const char *)&network, sizeof network};
    uint64_t bits = hash_text(key, 0).bits;
    *mark = bits >> (TIME_BITS + COUNT_BITS);
    return guesses->slots[bits & (GROUPS - 1)];
}

static _Atomic uint64_t *find(_Atomic uint64_t *group, uint64_t mark, uint32_t now)
{
    for (size_t i = 0; i < GROUP_SIZE; i++) {
        uint64_t word = atomic_load(&group[i]);
        if (mark_in(word) == mark && is_kept(word, now))
            return &group[i];
    }
    return NULL;
}

/* A free one, or that of the network that has been quiet the longest. */
static _Atomic uint64_t *find_stalest(_Atomic uint64_t *group, uint32_t now)
{
    _Atomic uint64_t *stalest = group;
    uint32_t longest = 0;
    for (size_t i = 0; i < GROUP_SIZE; i++) {
        uint64_t word = atomic_load(&group[i]);
        if (!word)
            return &group[i];
        uint32_t ticks = ticks_since((uint32_t)word, now);
        if (ticks >= longest) {
            longest = ticks;
            stalest = &group[i];
        }
    }
    return stalest;
}

/* --- what it is for --- */

/* Where nobody has been wrong lately, as nearly always, that is seen without looking further. */
static bool is_quiet(const struct guesses *guesses, uint32_t now)
{
    uint32_t latest = atomic_load_explicit(&guesses->latest, memory_order_relaxed);
    return !latest || ticks_since(latest, now) > PAUSE_MAX_S * TICKS_A_SECOND;
}

unsigned guesses_pause_s(struct guesses *guesses, uint64_t network, uint64_t now_ns)
{
    uint32_t now = tick_of(now_ns);
    uint64_t mark;
    if (!guesses || !network || is_quiet(guesses, now))
        return 0;
    _Atomic uint64_t *group = find_group(guesses, network, &mark);
    const _Atomic uint64_t *slot = find(group, mark, now);
    if (!slot)
        return 0;
    uint64_t word = atomic_load(slot);
    uint32_t passed = ticks_since((uint32_t)word, now), pause = pause_of(count_in(word));
    if (passed >= pause)
        return 0;
    count(&guesses->metrics.paused);
    return (pause - passed + TICKS_A_SECOND - 1) / TICKS_A_SECOND;
}

void guesses_wrong(struct guesses *guesses, uint64_t network, uint64_t now_ns)
{
    uint32_t now = tick_of(now_ns);
    uint64_t mark, word, next;
    if (!guesses)
        return;
    count(&guesses->metrics.wrong);
    if (!network)
        return;
    _Atomic uint64_t *group = find_group(guesses, network, &mark), *slot;
    do {
        slot = find(group, mark, now);
        if (!slot)
            slot = find_stalest(group, now);
        word = atomic_load(slot);
        unsigned wrong = mark_in(word) == mark && is_kept(word, now) ? count_in(word) : 0;
        next = word_of(mark, wrong < COUNT_MAX ? wrong + 1 : wrong, now);
    } while (!atomic_compare_exchange_weak(slot, &word, next));
    atomic_store_explicit(&guesses->latest, now, memory_order_relaxed);
}
