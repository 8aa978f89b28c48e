/* Hexadecimal digits. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEX_LENGTH = 16 }; /* digits of a 64-bit number */

/* 0..15, in either case; -1: not a digit. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* `value` as HEX_LENGTH lower-case digits, without a NUL. */
void hex_put(char *at, uint64_t value);

/* The same without zeros before it: 1..HEX_LENGTH digits. Returns how many. */
size_t hex_put_short(char *at, uint64_t value);

/* Read HEX_LENGTH lower-case digits; false when one is none. */
bool hex_get(const char *at, uint64_t *value);

#endif
