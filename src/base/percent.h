/* Percent-encoding of URLs and forms (RFC 3986 section 2.1; WHATWG URL, urlencoded). */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include "base/arena.h"

enum percent_plus { PERCENT_PLUS_IS_PLUS, PERCENT_PLUS_IS_SPACE };

/* Decode %XX; a `%` without two hexadecimal digits stands for itself. The result is in
 * `arena`, or is `coded` itself where there was nothing to decode. False: the result is not
 * valid UTF-8. */
bool percent_decode(struct str coded, enum percent_plus plus, struct arena *arena,
                    struct str *text);

#endif
