#include "base/percent.h"

#include "base/hex.h"
#include "base/utf8.h"

/* The byte that %XX at the start of `s` stands for, or -1 when no two digits follow the %. */
static int coded_byte(struct str s)
{
    if (s.len < 3)
        return -1;
    int high = hex_digit(s.ptr[1]);
    int low = hex_digit(s.ptr[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool has(struct str s, char c)
{
    return s.len && memchr(s.ptr, c, s.len);
}

static struct str decode(struct str coded, char space, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < coded.len; i++) {
        char c = coded.ptr[i];
        if (c == '%') {
            int byte = coded_byte((struct str){coded.ptr + i, coded.len - i});
            if (byte >= 0) {
                c = (char)byte;
                i += 2;
            }
        } else if (c == '+') {
            c = space;
        }
        out[len++] = c;
    }
    return (struct str){out, len};
}

bool percent_decode(struct str coded, enum percent_plus plus, struct arena *arena, struct str *text)
{
    bool plus_is_space = plus == PERCENT_PLUS_IS_SPACE;
    *text = coded;
    if (has(coded, '%') || (plus_is_space && has(coded, '+')))
        *text = decode(coded, plus_is_space ? ' ' : '+', arena_alloc(arena, coded.len));
    return utf8_is_valid(*text);
}
