#include "base/value.h"

#include "base/hex.h"
#include "base/swar.h"
#include "base/utf8.h"

/* Each byte is looked at once for a quote and once for an escape, whatever the string is made of.
 */
size_t value_string_length(struct str text)
{
    const char *at = text.ptr + 1, *end = text.ptr + text.len;
    const char *quote = memchr(at, '"', (size_t)(end - at)), *escape;
    while ((escape = memchr(at, '\\', (size_t)(quote - at)))) {
        for (at = escape; *at == '\\';)
            at += 2;
        if (at > quote)
            quote = memchr(at, '"', (size_t)(end - at));
    }
    return (size_t)(quote - text.ptr) + 1;
}

static size_t scalar_length(struct str text)
{
    size_t i = 0;
    while (i < text.len && text.ptr[i] != ',' && text.ptr[i] != '}' && text.ptr[i] != ']')
        i++;
    return i;
}

/* Brackets of both kinds differ in one bit, 0x20. */
static inline bool all_within(uint64_t bytes)
{
    uint64_t braces = bytes | swar_each(0x20);
    return !swar_any(swar_equal(bytes, '"') | swar_equal(braces, '{') | swar_equal(braces, '}'));
}

/* Of an array or object. Where nothing stands that opens or closes, eight bytes are passed at once.
 */
static size_t bracketed_length(struct str text)
{
    size_t i = 0, depth = 0;
    do {
        char c = text.ptr[i];
        if (c == '"')
            i += value_string_length((struct str){text.ptr + i, text.len - i});
        else if (c == '{' || c == '[')
            depth++, i++;
        else if (c == '}' || c == ']')
            depth--, i++;
        else if (text.len - i >= SWAR_SIZE && all_within(swar_load(text.ptr + i)))
            i += SWAR_SIZE;
        else
            i++;
    } while (depth);
    return i;
}

size_t value_length(struct str text)
{
    char c = text.len ? text.ptr[0] : 0;
    if (c == '"')
        return value_string_length(text);
    return c == '{' || c == '[' ? bracketed_length(text) : scalar_length(text);
}

static bool is_between(struct str s, char first, char last)
{
    return s.len >= 2 && s.ptr[0] == first && s.ptr[s.len - 1] == last;
}

static struct str inside(struct str s)
{
    return (struct str){s.ptr + 1, s.len - 2};
}

void value_members_init(struct value_members *members, struct str object)
{
    members->rest = is_between(object, '{', '}') ? inside(object) : (struct str){0};
}

/* Take a value off `left`, and the comma behind it. */
static struct str shift_value(struct str *left)
{
    struct str value = str_shift(left, value_length(*left));
    if (left->len)
        str_shift(left, 1);
    return value;
}

bool value_members_next(struct value_members *members, struct str *key, struct str *value)
{
    struct str *left = &members->rest;
    if (left->len == 0)
        return false;
    *key = inside(str_shift(left, value_string_length(*left)));
    str_shift(left, 1);
    *value = shift_value(left);
    return true;
}

void value_elements_init(struct value_elements *elements, struct str array)
{
    elements->rest = is_between(array, '[', ']') ? inside(array) : (struct str){0};
}

bool value_elements_next(struct value_elements *elements, struct str *value)
{
    if (elements->rest.len == 0)
        return false;
    *value = shift_value(&elements->rest);
    return true;
}

/* Of \uXXXX at the start of `coded`. */
static bool read_code(struct str coded, uint32_t *code)
{
    enum { LENGTH = 6 };
    if (coded.len < LENGTH)
        return false;
    *code = 0;
    for (size_t i = 2; i < LENGTH; i++) {
        int digit = hex_digit(coded.ptr[i]);
        if (digit < 0)
            return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* The code point of \uXXXX, or of a pair of them, at the start of `coded`; a surrogate where it
 * stands alone. */
static bool shift_code_point(struct str *coded, uint32_t *code_point)
{
    uint32_t low;
    if (!read_code(*coded, code_point))
        return false;
    str_shift(coded, 6);
    if (*code_point >> 10 != 0xd800 >> 10 || !str_starts(*coded, STR("\\u")) ||
        !read_code(*coded, &low) || low >> 10 != 0xdc00 >> 10)
        return true;
    str_shift(coded, 6);
    *code_point = 0x10000 + ((*code_point & 0x3ff) << 10 | (low & 0x3ff));
    return true;
}

/* Take the next piece off `coded`: a run without escapes, or one escape decoded in `room`.
 * False: it is no escape of JSON's, or a lone surrogate. */
static bool shift_piece(struct str *coded, char room[4], struct str *piece)
{
    static const char names[] = "bfnrt\"\\/", meanings[] = "\b\f\n\r\t\"\\/";
    if (coded->ptr[0] != '\\') {
        const char *escape = memchr(coded->ptr, '\\', coded->len);
        *piece = str_shift(coded, escape ? (size_t)(escape - coded->ptr) : coded->len);
        return true;
    }
    *piece = (struct str){room, 1};
    if (coded->len < 2)
        return false;
    if (coded->ptr[1] != 'u') {
        const char *found = memchr(names, coded->ptr[1], sizeof names - 1);
        room[0] = found ? meanings[found - names] : 0;
        str_shift(coded, 2);
        return found;
    }
    uint32_t code_point;
    if (!shift_code_point(coded, &code_point) || code_point >> 11 == 0xd800 >> 11)
        return false;
    piece->len = utf8_encode(code_point, room);
    return true;
}

/* A look at what costs nothing: decoding makes no text longer. */
static bool may_decode_to(struct str coded, struct str text)
{
    return coded.len >= text.len &&
           (!text.len || !coded.len || coded.ptr[0] == text.ptr[0] || coded.ptr[0] == '\\');
}

bool value_decodes_to(struct str coded, struct str text)
{
    char room[4];
    struct str piece;
    if (!may_decode_to(coded, text))
        return false;
    while (coded.len) {
        if (!shift_piece(&coded, room, &piece) || !str_starts(text, piece))
            return false;
        str_shift(&text, piece.len);
    }
    return text.len == 0;
}

struct str value_get(struct str object, struct str key)
{
    struct value_members members;
    struct str name, value;
    value_members_init(&members, object);
    while (value_members_next(&members, &name, &value))
        if (value_decodes_to(name, key))
            return value;
    return (struct str){0};
}

void value_get_all(struct str object, const struct str *keys, struct str *values, size_t count)
{
    struct value_members members;
    struct str name, value;
    for (size_t i = 0; i < count; i++)
        values[i] = (struct str){0};
    value_members_init(&members, object);
    while (value_members_next(&members, &name, &value))
        for (size_t i = 0; i < count; i++)
            if (!values[i].ptr && value_decodes_to(name, keys[i]))
                values[i] = value;
}

bool value_decode(struct str coded, char *out, size_t *len)
{
    char room[4];
    struct str piece;
    *len = 0;
    while (coded.len) {
        if (!shift_piece(&coded, room, &piece))
            return false;
        memmove(out + *len, piece.ptr, piece.len);
        *len += piece.len;
    }
    return true;
}

bool value_decode_string(struct str token, struct arena *arena, struct str *text)
{
    if (!is_between(token, '"', '"'))
        return false;
    struct str coded = inside(token);
    char *out = arena_alloc(arena, coded.len);
    text->ptr = out;
    return value_decode(coded, out, &text->len);
}
