/* Eight bytes looked at together in a 64-bit word (SWAR: SIMD within a register).
 *
 * For loops over text most of which needs no attention: they pass over eight bytes while none of
 * them can be one that does, and go on byte by byte. So these tests may cry wolf at a byte from
 * 0x80 on, but never miss one that is looked for. */
#ifndef BASE_SWAR_H
#define BASE_SWAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SWAR_SIZE = 8 };

static inline uint64_t swar_load(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* The same byte eight times. */
static inline uint64_t swar_each(unsigned char byte)
{
    return 0x0101010101010101u * byte;
}

/* Tests for swar_any, to be combined with |: is one of the bytes below `limit` (at most 0x80), is
 * one of them `c`? The bytes themselves are the test for one from 0x80 on.
 *
 * A byte's top bit is set if it is found; a borrow may set more of them, but only above such a
 * byte. */
static inline uint64_t swar_below(uint64_t bytes, unsigned char limit)
{
    return bytes - swar_each(limit);
}

static inline uint64_t swar_equal(uint64_t bytes, char c)
{
    return swar_below(bytes ^ swar_each((unsigned char)c), 1);
}

static inline bool swar_any(uint64_t tests)
{
    return (tests & swar_each(0x80)) != 0;
}

/* How far from `at` on eight bytes at a time pass the test: a multiple of eight, at most `len`. */
static inline size_t swar_span(const char *at, size_t len, bool (*pass)(uint64_t bytes))
{
    size_t span = 0;
    while (len - span >= SWAR_SIZE && pass(swar_load(at + span)))
        span += SWAR_SIZE;
    return span;
}

#endif
