/* The fields of a request: name and value, from a query, a form or a JSON body.
 *
 * Names and values are decoded UTF-8 in the arena given. */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include "base/arena.h"
#include "base/err.h"

struct field {
    struct str name;
    struct str value;
    bool is_null; /* JSON null: named, but without a value */
};

struct fields {
    struct field *items;
    size_t count;
};

enum { FIELDS_MAX = 128 }; /* more in one request: ERR_BODY */

/* application/x-www-form-urlencoded (WHATWG URL); also for a query string.
 * ERR_BODY: not UTF-8 after decoding, or too many. */
must_check enum err fields_parse_form(struct str text, struct arena *arena, struct fields *fields,
                                      struct why *why);

/* One JSON object. A string becomes its text; true, false, numbers, arrays and objects become
 * their JSON text as given, without white space between tokens.
 * ERR_BODY: not a JSON object, not UTF-8, nested deeper than `depth_max`, or too many. */
must_check enum err fields_parse_json(struct str text, unsigned depth_max, struct arena *arena,
                                      struct fields *fields, struct why *why);

/* The last field of that name: a repeated field counts with its last value. NULL: none. */
const struct field *fields_find(const struct fields *fields, struct str name);

#endif
