/* Bytes as text that a URL can hold: base64url without padding (RFC 4648 section 5). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/str.h"

/* So many characters for `size` bytes. */
static inline size_t base64_length(size_t size)
{
    return size / 3 * 4 + (size % 3 * 4 + 2) / 3;
}

/* Write `bytes` as base64_length(bytes.len) characters at `at`, without a NUL. */
void base64_encode(struct str bytes, char *at);

/* Read `text` into at most text.len * 3 / 4 bytes at `at`, `*size` of them. False: it is not what
 * base64_encode writes of any bytes. */
bool base64_decode(struct str text, char *at, size_t *size);

#endif
