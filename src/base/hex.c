#include "base/hex.h"

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

void hex_put(char *at, uint64_t value)
{
    for (int i = HEX_LENGTH - 1; i >= 0; i--) {
        at[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}
