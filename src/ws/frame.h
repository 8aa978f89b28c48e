/* The frame of the WebSocket protocol (RFC 6455 section 5.2), but for its payload. Pure. */
#ifndef WS_FRAME_H
#define WS_FRAME_H

#include "base/str.h"

enum frame_opcode {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
};

enum {
    FRAME_HEADER_MAX = 14,        /* bytes of a client's */
    FRAME_SERVER_HEADER_MAX = 10, /* not masked */
    FRAME_CONTROL_MAX = 125,      /* bytes of a control frame's payload */
    FRAME_DEFLATED = 4,           /* RSV1: the message is deflated (RFC 7692 section 7.2.3.1) */
};

struct frame {
    bool fin;
    unsigned reserved; /* RSV1..RSV3 as three bits */
    unsigned opcode;
    bool masked;
    unsigned char mask[4];
    uint64_t length;    /* of the payload */
    size_t header_size; /* where the payload begins */
};

enum frame_result { FRAME_OK, FRAME_MORE, FRAME_BROKEN };

/* Read the header at the beginning of `bytes`. FRAME_MORE: it is not all there. FRAME_BROKEN: the
 * length is not in its shortest form, or above 2^63 - 1. */
enum frame_result frame_parse(struct str bytes, struct frame *frame);

/* Is it one that a client may send: masked, a known opcode, control frames short and whole, no
 * reserved bits, except that a data message's first frame may be deflated? */
bool frame_is_sound(const struct frame *frame, bool deflate);

static inline bool frame_is_control(const struct frame *frame)
{
    return frame->opcode >= FRAME_CLOSE;
}

/* Take the mask off a payload. */
void frame_unmask(char *bytes, size_t len, const unsigned char mask[4]);

/* The header of a server's frame that is a whole message; its size. */
size_t frame_write_header(char at[FRAME_SERVER_HEADER_MAX], enum frame_opcode opcode, bool deflated,
                          uint64_t length);

/* May a close frame have this code (RFC 6455 section 7.4)? */
bool frame_code_is_sound(unsigned code);

#endif
