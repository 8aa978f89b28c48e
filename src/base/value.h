/* Taking apart a JSON value, as json_compact made it: checked, and without white space between
 * tokens. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/arena.h"

/* The length of the value at the start of `text`, and of the string there, with its quotes. */
size_t value_length(struct str text);
size_t value_string_length(struct str text);

/* The members of an object, one after the other; keys and values point into it. */
struct value_members {
    struct str rest;
};

void value_members_init(struct value_members *members, struct str object);

/* `key`: the text between the quotes, still escaped. `value`: one value's text. */
bool value_members_next(struct value_members *members, struct str *key, struct str *value);

/* The elements of an array, one after the other; they point into it. */
struct value_elements {
    struct str rest;
};

void value_elements_init(struct value_elements *elements, struct str array);

/* `value`: one value's text. */
bool value_elements_next(struct value_elements *elements, struct str *value);

/* The value of the first member whose decoded key is `key`; absent when there is none. */
struct str value_get(struct str object, struct str key);

/* The same for several keys in one go: values[i] of keys[i]. */
void value_get_all(struct str object, const struct str *keys, struct str *values, size_t count);

/* What stands between the quotes of a JSON string, decoded to UTF-8 at `out`, which has room for as
 * many bytes and may be where `coded` is. It need not have been checked; what is no escape is taken
 * as it is. False: an escape is none of JSON's, or a surrogate that stands alone. */
bool value_decode(struct str coded, char *out, size_t *len);

/* Is that the text which `coded` would be decoded to? */
bool value_decodes_to(struct str coded, struct str text);

/* The text of a JSON string with its quotes, decoded to UTF-8 in `arena`. False: not a string,
 * or an escaped surrogate stands alone, which UTF-8 cannot say. */
bool value_decode_string(struct str token, struct arena *arena, struct str *text);

#endif
