/* Numbers as JSON writes them, compared by what they are worth: 5, 5.0 and 50e-1 are one number.
 * Exactly, however many digits they have; a binary fraction would not tell 2^53 from 2^53 + 1. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/str.h"

/* Both are valid JSON numbers. Beyond exponents of nine digits only the same text is equal. */
bool decimal_equal(struct str a, struct str b);

#endif
