#include "base/percent.h"

#include "base/hex.h"
#include "base/swar.h"
#include "base/utf8.h"

/* The byte that %XX at the start of `s` stands for, or -1 when there is no % with two digits. */
static int coded_byte(struct str s)
{
    if (s.len < 3 || s.ptr[0] != '%')
        return -1;
    int high = hex_digit(s.ptr[1]);
    int low = hex_digit(s.ptr[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool has(struct str s, char c)
{
    return s.len && memchr(s.ptr, c, s.len);
}

static bool is_plain(char c)
{
    return c != '%' && c != '+';
}

static bool all_plain(uint64_t bytes)
{
    return !swar_any(swar_equal(bytes, '%') | swar_equal(bytes, '+'));
}

/* How many bytes of `s` stand before a % or +. */
static size_t plain_length(struct str s)
{
    size_t len = swar_span(s.ptr, s.len, all_plain);
    while (len < s.len && is_plain(s.ptr[len]))
        len++;
    return len;
}

/* Take off what starts with a % or +, and return the byte that it stands for. */
static char shift_special(struct str *coded, char space)
{
    int byte = coded_byte(*coded);
    char c = *str_shift(coded, byte < 0 ? 1 : 3).ptr;
    if (byte >= 0)
        return (char)byte;
    return c == '+' ? space : c;
}

static struct str decode(struct str coded, char space, char *out)
{
    size_t len = 0;
    while (coded.len) {
        if (!is_plain(*coded.ptr)) {
            out[len++] = shift_special(&coded, space);
            continue;
        }
        struct str plain = str_shift(&coded, plain_length(coded));
        memcpy(out + len, plain.ptr, plain.len);
        len += plain.len;
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
