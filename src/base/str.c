#include "base/str.h"

#include "base/swar.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    size_t i = 0;
    while (a.len - i >= SWAR_SIZE && swar_load(a.ptr + i) == swar_load(b.ptr + i))
        i += SWAR_SIZE;
    for (; i < a.len; i++)
        if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len && blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len && blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_split(struct str *rest, char at)
{
    struct str first = *rest;
    const char *found = first.len ? memchr(first.ptr, at, first.len) : NULL;
    if (!found) {
        *rest = (struct str){0};
        return first;
    }
    first.len = (size_t)(found - first.ptr);
    rest->ptr = found + 1;
    rest->len -= first.len + 1;
    return first;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (sum > max / 10 || digit > max - sum * 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool str_hex_to_u64(struct str s, uint64_t *value)
{
    uint64_t sum = 0;
    if (s.len == 0 || s.len > 16)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        int digit = hex_digit(s.ptr[i]);
        if (digit < 0)
            return false;
        sum = sum << 4 | (uint64_t)digit;
    }
    *value = sum;
    return true;
}

uint64_t str_fingerprint(struct str s, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}
