/* JSON text (RFC 8259), checked and copied byte for byte; never a tree.
 *
 * What a user stored must come back as it was given: the order of keys, every digit of a
 * number, every escape of a string. So a value is kept as text, and only the white space
 * between its tokens goes. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"

enum json_reading {
    JSON_STRICT,
    /* Keys may be bare words, and so may values in a text without any double quote. Bare true,
     * false, null and numbers keep their meaning. What comes out is strict JSON. */
    JSON_LENIENT,
};

struct json_error {
    size_t offset;      /* of the byte where reading stopped */
    const char *reason; /* static text: "expected ',' or '}'" */
};

enum { JSON_DEPTH_MAX = 1024 };

/* Check that `text` is one JSON value, in valid UTF-8 and nested at most `depth_max` deep
 * (an array or object of scalars is 1 deep; never more than JSON_DEPTH_MAX), and append it to
 * `out` without white space between tokens.
 *
 * The lenient reading gives the same output where the strict one gives any. Beyond it:
 *  - A bare word ends before , { } [ ] quotes, a backslash or a control character, a key also
 *    before a colon. Spaces inside it belong to it, spaces around it do not.
 *  - In a value a colon belongs to the word (http://x, at 10:30) unless a space or the end of the
 *    word is next: that is rather a key after a forgotten comma.
 *  - A value that was probably meant as something else than a string is an error: what begins like
 *    a number and is none (007, 1.2.3, .5), what is nearly a literal (tru, True, NULL), and
 *    undefined, NaN, Infinity, None.
 *  - Words stand inside objects and arrays only; `hello` alone is no JSON.
 *
 * False: `error` says where and why; what was appended is to be thrown away. Exceeding the
 * ceiling of `out` is no error of the text: then the result is true and `out->failed`. */
bool json_compact(struct str text, enum json_reading reading, unsigned depth_max, struct buf *out,
                  struct json_error *error);

/* The same, strictly, of an object; what comes out lies in `arena`. */
bool json_compact_object(struct str text, unsigned depth_max, struct arena *arena,
                         struct str *object, struct json_error *error);

#endif
