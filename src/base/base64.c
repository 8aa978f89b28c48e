#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(struct str bytes, char *at)
{
    uint32_t held = 0; /* the lowest `bits` of it are still to be written */
    unsigned bits = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        held = held << 8 | (unsigned char)bytes.ptr[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *at++ = alphabet[held >> (bits - 6) & 63];
    }
    if (bits)
        *at = alphabet[held << (6 - bits) & 63];
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool base64_decode(struct str text, char *at, size_t *size)
{
    uint32_t held = 0;
    unsigned bits = 0;
    *size = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = digit(text.ptr[i]);
        if (value < 0)
            return false;
        held = held << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            at[(*size)++] = (char)(held >> bits & 0xff);
        }
    }
    /* What is left over of the last byte is zeros: a text stands for nothing twice. */
    return bits < 6 && (held & ((1u << bits) - 1)) == 0;
}
