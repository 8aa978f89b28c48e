#include "base/decimal.h"

enum { POWER_MAX = 999999999 };

/* How many bytes come before the first of `stops`. */
static size_t span(struct str text, const char *stops)
{
    size_t len = 0;
    while (len < text.len && !strchr(stops, text.ptr[len]))
        len++;
    return len;
}

/* What stands behind the "e". */
static bool read_power(struct str text, int64_t *power)
{
    uint64_t value;
    bool negative = text.ptr[0] == '-', sign = negative || text.ptr[0] == '+';
    if (!str_to_u64((struct str){text.ptr + sign, text.len - sign}, POWER_MAX, &value))
        return false;
    *power = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* The digits, and the power that their place adds. */
static void read_digits(struct str digits, struct decimal *decimal)
{
    size_t point = span(digits, "."), first = 0;
    while (first < digits.len && strchr("0.", digits.ptr[first]))
        first++;
    while (digits.len > first && strchr("0.", digits.ptr[digits.len - 1]))
        digits.len--;
    if (first == digits.len) { /* -0e5 is zero as well */
        decimal->negative = false;
        decimal->power = 0;
        return;
    }
    decimal->digits = (struct str){digits.ptr + first, digits.len - first};
    decimal->power += (int64_t)point - (int64_t)first + (first > point);
}

struct decimal decimal_read(struct str text)
{
    struct decimal decimal = {.text = text, .exact = true, .negative = text.ptr[0] == '-'};
    size_t end = span(text, "eE");
    if (end < text.len)
        decimal.exact =
            read_power((struct str){text.ptr + end + 1, text.len - end - 1}, &decimal.power);
    if (decimal.exact)
        read_digits((struct str){text.ptr + decimal.negative, end - decimal.negative}, &decimal);
    return decimal;
}

static bool next_digit(struct str *digits, char *digit)
{
    if (digits->len && digits->ptr[0] == '.')
        *digits = (struct str){digits->ptr + 1, digits->len - 1};
    if (!digits->len)
        return false;
    *digit = digits->ptr[0];
    *digits = (struct str){digits->ptr + 1, digits->len - 1};
    return true;
}

static bool same_digits(struct str a, struct str b)
{
    char in_a, in_b;
    while (next_digit(&a, &in_a))
        if (!next_digit(&b, &in_b) || in_a != in_b)
            return false;
    return !next_digit(&b, &in_b);
}

bool decimal_same(const struct decimal *a, const struct decimal *b)
{
    if (!a->exact || !b->exact)
        return str_eq(a->text, b->text);
    return a->negative == b->negative && a->power == b->power && same_digits(a->digits, b->digits);
}

bool decimal_equal(struct str a, struct str b)
{
    struct decimal of_a = decimal_read(a), of_b = decimal_read(b);
    return decimal_same(&of_a, &of_b);
}
