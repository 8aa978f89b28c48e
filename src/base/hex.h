/* Hexadecimal digits. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdint.h>

enum { HEX_LENGTH = 16 }; /* digits of a 64-bit number */

/* 0..15, in either case; -1: not a digit. */
int hex_digit(char c);

/* `value` as HEX_LENGTH lower-case digits, without a NUL. */
void hex_put(char *at, uint64_t value);

#endif
