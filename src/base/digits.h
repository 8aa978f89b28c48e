/* Decimal digits. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_MAX = 20 }; /* of a 64-bit number, its sign included */

/* Both return the place behind; without a NUL. */
char *digits_put(char *at, uint64_t value);
char *digits_put_signed(char *at, int64_t value);

#endif
