/* UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* The bytes up to the first that is not valid UTF-8 (overlong forms, surrogates and values
 * above U+10FFFF are not); `s.len` when all are. */
size_t utf8_valid_prefix(struct str s);

static inline bool utf8_is_valid(struct str s)
{
    return utf8_valid_prefix(s) == s.len;
}

/* Code points in `s`, which is valid. */
size_t utf8_length(struct str s);

/* Append one code point (a Unicode scalar value) to `at`, which has room for 4 bytes; returns
 * how many were written. */
size_t utf8_encode(uint32_t code_point, char *at);

#endif
