/* A run of bytes that belongs to somebody else.
 *
 * Not NUL-terminated. Whoever hands one out says how long the bytes live. An absent
 * string is {NULL, 0}; an empty one has a pointer. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

/* A string literal, as a constant expression and as a value. */
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define STR(literal) ((struct str)STR_INIT(literal))

/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str str_from(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || (a.ptr && b.ptr && memcmp(a.ptr, b.ptr, a.len) == 0));
}

/* Equal when ASCII letters are compared without their case. */
bool str_eq_nocase(struct str a, struct str b);

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* Without ASCII spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Take the first `len` bytes, which are there, off `s`, and return them. */
static inline struct str str_shift(struct str *s, size_t len)
{
    struct str head = {s->ptr, len};
    s->ptr += len;
    s->len -= len;
    return head;
}

/* Split at the first `at`: returns what stands before it and moves `rest` behind it. Where
 * there is none, returns all and leaves `rest` absent. */
struct str str_split(struct str *rest, char at);

/* The whole of `s` as decimal digits; false when it is empty, has anything else or does not
 * fit into `max`. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *value);

/* The whole of `s` as 1..16 lower-case hexadecimal digits. */
bool str_hex_to_u64(struct str s, uint64_t *value);

/* A number of 64 bits that stands for `s` and `seed`, the same in every process and version
 * (FNV-1a, then mixed). Anybody can find texts with the same one: tables use hash.h. */
uint64_t str_fingerprint(struct str s, uint64_t seed);

#endif
