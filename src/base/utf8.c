#include "base/utf8.h"

#include "base/swar.h"

/* The lowest and highest second byte and the length for each kind of first byte
 * (RFC 3629 section 4). */
struct kind {
    unsigned char first, last;
    unsigned char second_min, second_max;
    unsigned char len;
};

static const struct kind kinds[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const struct kind *kind_of(unsigned char first)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (first >= kinds[i].first && first <= kinds[i].last)
            return &kinds[i];
    return NULL;
}

/* The length of the multi-byte sequence at `at`, or 0 when it is not valid. */
static size_t sequence_length(const unsigned char *at, size_t left)
{
    const struct kind *kind = kind_of(at[0]);
    if (!kind || left < kind->len)
        return 0;
    if (at[1] < kind->second_min || at[1] > kind->second_max)
        return 0;
    for (size_t i = 2; i < kind->len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return kind->len;
}

static bool all_ascii(uint64_t bytes)
{
    return !swar_any(bytes);
}

/* From `i` to the next byte that is not ASCII. */
static size_t skip_ascii(struct str s, size_t i)
{
    i += swar_span(s.ptr + i, s.len - i, all_ascii);
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
        i++;
    return i;
}

size_t utf8_valid_prefix(struct str s)
{
    const unsigned char *bytes = (const unsigned char *)s.ptr;
    size_t i = 0;
    for (;;) {
        if (i < s.len)
            i = skip_ascii(s, i);
        if (i == s.len)
            return i;
        size_t len = sequence_length(bytes + i, s.len - i);
        if (len == 0)
            return i;
        i += len;
    }
}

size_t utf8_length(struct str s)
{
    size_t length = 0;
    for (size_t i = 0; i < s.len; i++)
        length += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return length;
}

size_t utf8_encode(uint32_t code_point, char *at)
{
    if (code_point < 0x80) {
        at[0] = (char)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        at[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    at[0] = (char)(lead[len] | code_point);
    return len;
}
