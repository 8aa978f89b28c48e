/* Numbers as JSON writes them, compared by what they are worth: 5, 5.0 and 50e-1 are one number.
 * Exactly, however many digits they have; a binary fraction would not tell 2^53 from 2^53 + 1. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/str.h"

/* A number that was read, to be compared with others; it points into its text.
 * 0.DIGITS times ten to `power`; zero has no digits. */
struct decimal {
    struct str text;
    bool exact; /* false: the exponent has more than nine digits, and only the same text is equal */
    bool negative;
    struct str digits; /* from the first to the last that is not 0; a point may be among them */
    int64_t power;
};

/* `text`: a valid JSON number. */
struct decimal decimal_read(struct str text);
bool decimal_same(const struct decimal *a, const struct decimal *b);

/* Both in one. */
bool decimal_equal(struct str a, struct str b);

#endif
