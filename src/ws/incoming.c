#include "ws/incoming.h"

#include "base/utf8.h"
#include "ws/frame.h"
#include "ws/websocket.h"

enum { CODE_SIZE = 2 };

static void forget_message(struct incoming *incoming)
{
    buf_deinit(&incoming->message);
    buf_init(&incoming->message, incoming->message_size_max);
}

void incoming_init(struct incoming *incoming, size_t message_size_max, struct deflate *deflate)
{
    *incoming = (struct incoming){.deflate = deflate, .message_size_max = message_size_max};
    buf_init(&incoming->message, message_size_max);
}

void incoming_deinit(struct incoming *incoming)
{
    buf_deinit(&incoming->message);
}

void incoming_allow(struct incoming *incoming, size_t message_size_max)
{
    incoming->message_size_max = message_size_max;
    if (incoming->message.size_max < message_size_max)
        incoming->message.size_max = message_size_max;
}

void incoming_release(struct incoming *incoming)
{
    if (!incoming->opcode && incoming->message.ptr)
        forget_message(incoming);
}

static struct incoming_piece fault(unsigned code)
{
    return (struct incoming_piece){.kind = INCOMING_FAULT, .code = code};
}

/* RFC 6455 section 5.5.1 and 7.4. */
static struct incoming_piece take_close(struct str payload)
{
    struct incoming_piece piece = {.kind = INCOMING_CLOSE, .code = WEBSOCKET_NONE};
    if (!payload.len)
        return piece;
    if (payload.len < CODE_SIZE)
        return fault(WEBSOCKET_PROTOCOL);
    piece.code = (unsigned)(unsigned char)payload.ptr[0] << 8 | (unsigned char)payload.ptr[1];
    if (!frame_code_is_sound(piece.code))
        return fault(WEBSOCKET_PROTOCOL);
    struct str reason = {payload.ptr + CODE_SIZE, payload.len - CODE_SIZE};
    return utf8_is_valid(reason) ? piece : fault(WEBSOCKET_DATA);
}

static struct incoming_piece take_control(unsigned opcode, struct str payload)
{
    if (opcode == FRAME_CLOSE)
        return take_close(payload);
    enum incoming_kind kind = opcode == FRAME_PING ? INCOMING_PING : INCOMING_NOTHING;
    return (struct incoming_piece){.kind = kind, .payload = payload};
}

static struct incoming_piece take_plain(unsigned opcode, struct str bytes)
{
    bool text = opcode == FRAME_TEXT;
    if (text && !utf8_is_valid(bytes))
        return fault(WEBSOCKET_DATA);
    return (struct incoming_piece){.kind = INCOMING_MESSAGE, .text = text, .payload = bytes};
}

static struct incoming_piece take_deflated(struct incoming *incoming, unsigned opcode,
                                           struct str bytes)
{
    struct buf plain;
    buf_init(&plain, incoming->message_size_max + DEFLATE_SLACK);
    bool sound = deflate_unpack(incoming->deflate, bytes, &plain);
    forget_message(incoming);
    incoming->message = plain;
    if (plain.failed || plain.len > incoming->message_size_max)
        return fault(WEBSOCKET_TOO_BIG);
    return sound ? take_plain(opcode, buf_str(&incoming->message)) : fault(WEBSOCKET_DATA);
}

static struct incoming_piece take_whole(struct incoming *incoming, unsigned opcode, bool deflated,
                                        struct str bytes)
{
    if (deflated)
        return take_deflated(incoming, opcode, bytes);
    return take_plain(opcode, bytes);
}

static struct incoming_piece take_data(struct incoming *incoming, const struct frame *frame,
                                       struct str payload)
{
    bool begins = frame->opcode != FRAME_CONTINUATION;
    if (begins && frame->fin)
        return take_whole(incoming, frame->opcode, frame->reserved, payload);
    if (begins) {
        incoming->opcode = frame->opcode;
        incoming->deflated = frame->reserved;
    }
    buf_add(&incoming->message, payload);
    if (!frame->fin)
        return (struct incoming_piece){.kind = INCOMING_NOTHING};
    unsigned opcode = incoming->opcode;
    incoming->opcode = 0;
    return take_whole(incoming, opcode, incoming->deflated, buf_str(&incoming->message));
}

/* What is wrong with a frame, by its header; 0: nothing. */
static unsigned judge(const struct incoming *incoming, const struct frame *frame)
{
    bool begins = frame->opcode != FRAME_CONTINUATION;
    if (!frame_is_sound(frame, incoming->deflate))
        return WEBSOCKET_PROTOCOL;
    if (frame_is_control(frame))
        return 0;
    if (begins == (incoming->opcode != 0))
        return WEBSOCKET_PROTOCOL; /* a message within another, or a part of none */
    size_t left = incoming->message_size_max - incoming->message.len;
    return frame->length > left ? WEBSOCKET_TOO_BIG : 0;
}

struct incoming_piece incoming_take(struct incoming *incoming, char *bytes, size_t len)
{
    struct frame frame;
    incoming_release(incoming);
    enum frame_result result = frame_parse((struct str){bytes, len}, &frame);
    if (result == FRAME_MORE)
        return (struct incoming_piece){.kind = INCOMING_MORE};
    unsigned code = result == FRAME_BROKEN ? WEBSOCKET_PROTOCOL : judge(incoming, &frame);
    if (code)
        return fault(code);
    if (len - frame.header_size < frame.length)
        return (struct incoming_piece){.kind = INCOMING_MORE};
    struct str payload = {bytes + frame.header_size, (size_t)frame.length};
    frame_unmask(bytes + frame.header_size, payload.len, frame.mask);
    struct incoming_piece piece = frame_is_control(&frame) ? take_control(frame.opcode, payload)
                                                           : take_data(incoming, &frame, payload);
    piece.taken = frame.header_size + payload.len;
    return piece;
}
