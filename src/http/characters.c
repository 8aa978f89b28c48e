#include "http/characters.h"

#include "base/swar.h"

/* Which of the ASCII characters belong to it, a bit each. */
struct set {
    uint64_t bits[2];
};

/* Letters, digits and !#$%&'*+-.^_`|~ */
static const struct set token_set = {{0x03ff6cfa00000000u, 0x57ffffffc7fffffeu}};

/* Letters, digits and !$%&'()*+,-.:;=[]_~ */
static const struct set host_set = {{0x2fff7ff200000000u, 0x47fffffeaffffffeu}};

static bool has(const struct set *set, char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x80 && (set->bits[byte >> 6] >> (byte & 63) & 1);
}

static bool all_are(struct str s, const struct set *set)
{
    size_t i = 0;
    while (i < s.len && has(set, s.ptr[i]))
        i++;
    return i == s.len;
}

bool characters_are_token(struct str s)
{
    return s.len && all_are(s, &token_set);
}

bool characters_are_host(struct str s)
{
    return all_are(s, &host_set);
}

static bool all_printable(uint64_t bytes)
{
    return !swar_any(swar_below(bytes, ' ' + 1) | swar_equal(bytes, 0x7f));
}

bool characters_are_target(struct str s)
{
    for (size_t i = swar_span(s.ptr, s.len, all_printable); i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return true;
}

static bool all_visible(uint64_t bytes)
{
    return !swar_any(bytes | swar_below(bytes, ' ') | swar_equal(bytes, 0x7f));
}

bool characters_are_field(struct str s)
{
    for (size_t i = swar_span(s.ptr, s.len, all_visible); i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool characters_list_has(struct str list, struct str token)
{
    while (list.ptr)
        if (str_eq_nocase(str_trim(str_split(&list, ',')), token))
            return true;
    return false;
}
