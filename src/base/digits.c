#include "base/digits.h"

#include <string.h>

/* Two at a time, out of a table: the division by 100 is what takes the time. */
char *digits_put(char *at, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char digits[DIGITS_MAX];
    size_t from = sizeof digits;
    for (; value >= 100; value /= 100)
        memcpy(digits + (from -= 2), pairs + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(digits + (from -= 2), pairs + value * 2, 2);
    else
        digits[--from] = (char)('0' + value);
    return (char *)mempcpy(at, digits + from, sizeof digits - from);
}

char *digits_put_signed(char *at, int64_t value)
{
    if (value < 0)
        *at++ = '-';
    return digits_put(at, value < 0 ? -(uint64_t)value : (uint64_t)value);
}
