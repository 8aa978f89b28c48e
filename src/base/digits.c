#include "base/digits.h"

#include <string.h>

/* Two at a time: the division by 100 is what takes the time. */
char *digits_put(char *at, uint64_t value)
{
    char digits[DIGITS_MAX];
    size_t from = sizeof digits;
    while (value >= 10) {
        unsigned pair = (unsigned)(value % 100);
        value /= 100;
        digits[--from] = (char)('0' + pair % 10);
        digits[--from] = (char)('0' + pair / 10);
    }
    if (value || from == sizeof digits)
        digits[--from] = (char)('0' + value);
    return (char *)mempcpy(at, digits + from, sizeof digits - from);
}

char *digits_put_signed(char *at, int64_t value)
{
    if (value < 0)
        *at++ = '-';
    return digits_put(at, value < 0 ? -(uint64_t)value : (uint64_t)value);
}
