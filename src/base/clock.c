#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t system_now_ms(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct instant system_instant(void *context)
{
    (void)context;
    return (struct instant){(int64_t)(clock_monotonic_ns() / 1000000)};
}

struct clock clock_system(void)
{
    return (struct clock){.now_ms = system_now_ms, .instant = system_instant};
}

struct now clock_read(const struct clock *clock)
{
    return (struct now){clock->now_ms(clock->context), clock->instant(clock->context)};
}

int64_t clock_server_ms(const struct now *began, struct instant instant)
{
    return began->ms + instant_between(began->instant, instant);
}

struct instant clock_server_instant(const struct now *began, int64_t ms)
{
    struct instant instant;
    if (__builtin_sub_overflow(ms, began->ms, &instant.ms) ||
        __builtin_add_overflow(instant.ms, began->instant.ms, &instant.ms))
        return ms < 0 ? (struct instant){INT64_MIN} : INSTANT_NEVER;
    return instant;
}

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void system_fill(void *context, void *bytes, size_t len)
{
    (void)context;
    char *at = bytes;
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0) {
            perror("tutti: getrandom");
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

struct random random_system(void)
{
    return (struct random){.fill = system_fill};
}
