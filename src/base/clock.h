/* Time and randomness, as things that are passed in: real ones for the server, chosen ones
 * for tests. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A moment of a clock that never jumps. Intervals are measured between two of them; dates and times
 * to live are in milliseconds since 1970 (UTC), by a calendar that somebody may set. It is no
 * number, so that the two cannot be mixed. */
struct instant {
    int64_t ms;
};

#define INSTANT_NEVER ((struct instant){INT64_MAX})

static inline struct instant instant_after(struct instant from, int64_t ms)
{
    return (struct instant){from.ms > INT64_MAX - ms ? INT64_MAX : from.ms + ms};
}

/* How long from `from` to `to`; negative when `to` was earlier. */
static inline int64_t instant_between(struct instant from, struct instant to)
{
    return to.ms - from.ms;
}

/* Has `due` come? */
static inline bool instant_has_come(struct instant due, struct instant now)
{
    return due.ms <= now.ms;
}

struct clock {
    int64_t (*now_ms)(void *context);         /* the calendar: since 1970, UTC; it may jump */
    struct instant (*instant)(void *context); /* never goes back */
    void *context;
};

/* Both clocks, read at one time. */
struct now {
    int64_t ms; /* the calendar */
    struct instant instant;
};

struct now clock_read(const struct clock *clock);

/* The server's time, which clients reckon with: what the calendar said when the server `began`, and
 * how long that is ago by the monotonic clock. It does not jump when somebody sets the calendar. */
int64_t clock_server_ms(const struct now *began, struct instant instant);

/* Which instant that was or will be; `ms` may be any number, for clients tell it. */
struct instant clock_server_instant(const struct now *began, int64_t ms);

struct random {
    void (*fill)(void *context, void *bytes, size_t len);
    void *context;
};

/* CLOCK_REALTIME, and CLOCK_MONOTONIC for instants. */
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
