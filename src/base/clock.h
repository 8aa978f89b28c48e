/* Time and randomness, as things that are passed in: real ones for the server, chosen ones
 * for tests. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*now_ms)(void *context); /* since 1970, UTC */
    void *context;
};

struct random {
    void (*fill)(void *context, void *bytes, size_t len);
    void *context;
};

/* CLOCK_REALTIME. */
struct clock clock_system(void);

/* CLOCK_MONOTONIC, in nanoseconds, for measuring durations. */
uint64_t clock_monotonic_ns(void);

/* getrandom(2): fit for keys. */
struct random random_system(void);

static inline uint64_t random_u64(const struct random *random)
{
    uint64_t value;
    random->fill(random->context, &value, sizeof value);
    return value;
}

#endif
