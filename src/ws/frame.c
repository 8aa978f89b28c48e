#include "ws/frame.h"

enum { FIN = 0x80, MASKED = 0x80, LENGTH_16 = 126, LENGTH_64 = 127 };

static uint64_t read_big_endian(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static size_t length_size(unsigned first)
{
    if (first == LENGTH_16)
        return 2;
    return first == LENGTH_64 ? 8 : 0;
}

static bool length_is_shortest(unsigned first, uint64_t length)
{
    if (first == LENGTH_16)
        return length >= LENGTH_16;
    return first != LENGTH_64 || (length > UINT16_MAX && length <= INT64_MAX);
}

enum frame_result frame_parse(struct str bytes, struct frame *frame)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    if (bytes.len < 2)
        return FRAME_MORE;
    unsigned first = at[1] & ~(unsigned)MASKED;
    size_t size = length_size(first);
    frame->fin = at[0] & FIN;
    frame->reserved = at[0] >> 4 & 7;
    frame->opcode = at[0] & 15;
    frame->masked = at[1] & MASKED;
    frame->header_size = 2 + size + (frame->masked ? sizeof frame->mask : 0);
    if (bytes.len < frame->header_size)
        return FRAME_MORE;
    frame->length = size ? read_big_endian(at + 2, size) : first;
    if (!length_is_shortest(first, frame->length))
        return FRAME_BROKEN;
    if (frame->masked)
        memcpy(frame->mask, at + 2 + size, sizeof frame->mask);
    return FRAME_OK;
}

bool frame_is_sound(const struct frame *frame, bool deflate)
{
    bool data = frame->opcode <= FRAME_BINARY;
    bool control = frame_is_control(frame) && frame->opcode <= FRAME_PONG;
    bool begins = frame->opcode == FRAME_TEXT || frame->opcode == FRAME_BINARY;
    unsigned allowed = deflate && begins ? FRAME_DEFLATED : 0;
    if (!frame->masked || (!data && !control) || (frame->reserved & ~allowed))
        return false;
    return data || (frame->fin && frame->length <= FRAME_CONTROL_MAX);
}

void frame_unmask(char *bytes, size_t len, const unsigned char mask[4])
{
    uint64_t wide, word;
    size_t i = 0;
    memcpy(&wide, mask, 4);
    memcpy((char *)&wide + 4, mask, 4);
    for (; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        word ^= wide;
        memcpy(bytes + i, &word, sizeof word);
    }
    for (; i < len; i++)
        bytes[i] = (char)((unsigned char)bytes[i] ^ mask[i % 4]);
}

static size_t write_length(char *at, uint64_t length, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (char)(length >> 8 * (size - 1 - i));
    return size;
}

size_t frame_write_header(char at[FRAME_SERVER_HEADER_MAX], enum frame_opcode opcode, bool deflated,
                          uint64_t length)
{
    at[0] = (char)(FIN | (deflated ? FRAME_DEFLATED << 4 : 0) | opcode);
    if (length < LENGTH_16) {
        at[1] = (char)length;
        return 2;
    }
    bool small = length <= UINT16_MAX;
    at[1] = small ? LENGTH_16 : LENGTH_64;
    return 2 + write_length(at + 2, length, small ? 2 : 8);
}

bool frame_code_is_sound(unsigned code)
{
    bool defined = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
    return defined || (code >= 3000 && code <= 4999);
}
