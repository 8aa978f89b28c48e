#include "base/hex.h"

#include "base/swar.h"

#include <endian.h>

enum { HALF_LENGTH = HEX_LENGTH / 2 };

/* The four-bit parts of `value`, each in a byte of its own. */
static uint64_t spread(uint32_t value)
{
    uint64_t parts = value;
    parts = (parts | parts << 16) & 0x0000ffff0000ffffu;
    parts = (parts | parts << 8) & 0x00ff00ff00ff00ffu;
    return (parts | parts << 4) & swar_each(0x0f);
}

static uint32_t gather(uint64_t parts)
{
    parts = (parts | parts >> 4) & 0x00ff00ff00ff00ffu;
    parts = (parts | parts >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(parts | parts >> 16);
}

/* A digit for each part; the letters do not stand right behind the figures. */
static uint64_t digits_of(uint64_t parts)
{
    uint64_t letters = (parts + swar_each(16 - 10)) >> 4 & swar_each(1);
    return parts + swar_each('0') + letters * ('a' - '0' - 10);
}

/* The parts that these digits are for, and anything where they are none. */
static uint64_t parts_of(uint64_t digits)
{
    uint64_t letters = digits >> 6 & swar_each(1);
    return ((digits & swar_each(0x0f)) + letters * 9) & swar_each(0x0f);
}

static inline void put_half(char *at, uint32_t value)
{
    uint64_t digits = htobe64(digits_of(spread(value)));
    memcpy(at, &digits, sizeof digits);
}

void hex_put(char *at, uint64_t value)
{
    put_half(at, (uint32_t)(value >> 32));
    put_half(at + HALF_LENGTH, (uint32_t)value);
}

size_t hex_put_short(char *at, uint64_t value)
{
    size_t len = 1;
    while (len < HEX_LENGTH && value >> 4 * len)
        len++;
    for (size_t i = len; i > 0; i--) {
        at[i - 1] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    return len;
}

static bool get_half(const char *at, uint32_t *value)
{
    uint64_t digits = be64toh(swar_load(at));
    uint64_t parts = parts_of(digits);
    *value = gather(parts);
    return digits_of(parts) == digits;
}

bool hex_get(const char *at, uint64_t *value)
{
    uint32_t high, low;
    bool good = get_half(at, &high) && get_half(at + HALF_LENGTH, &low);
    if (good)
        *value = (uint64_t)high << 32 | low;
    return good;
}
