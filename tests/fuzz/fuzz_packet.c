/* Frames of the client protocol: as they come in, and as a header and a payload that get the right
 * first line here. What holds for every input:
 *  - it is refused with a reason, or its payload lies within it;
 *  - a frame written with what was read is read as the same. */
#include "session/packet.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_SIZE_MAX = 1 << 20 };

static void check_round_trip(const struct packet *packet, struct arena *arena)
{
    struct buf header, frame;
    struct packet again;
    const char *reason;
    buf_init(&header, HEADER_SIZE_MAX);
    buf_init(&frame, HEADER_SIZE_MAX + packet->payload.len);
    buf_add_lit(&header, "{\"method\":\"reply\",\"id\":");
    buf_add_json(&header, packet->id);
    buf_add_char(&header, '}');
    packet_write(buf_str(&header), packet->payload, &frame);
    bool good = packet_parse(buf_str(&frame), arena, &again, &reason);
    assert(good && !frame.failed);
    assert(again.method == PACKET_REPLY && str_eq(again.id, packet->id));
    assert(str_eq(again.payload, packet->payload));
    buf_deinit(&frame);
    buf_deinit(&header);
}

static void check(struct str frame)
{
    struct arena arena;
    struct packet packet;
    const char *reason = NULL;
    arena_init(&arena);
    if (packet_parse(frame, &arena, &packet, &reason)) {
        assert(packet.id.len <= PACKET_ID_SIZE_MAX);
        assert(packet.header.len <= frame.len && packet.header.ptr[0] == '{');
        assert(packet.payload.ptr >= frame.ptr);
        assert(packet.payload.ptr + packet.payload.len <= frame.ptr + frame.len);
        check_round_trip(&packet, &arena);
    } else {
        assert(reason && *reason);
    }
    arena_deinit(&arena);
}

/* The first line as the header, with its right length, the others as the payload. */
static void check_parts(struct str text)
{
    struct str payload = text, header = str_split(&payload, '\n');
    struct buf frame;
    buf_init(&frame, text.len + 64);
    buf_addf(&frame, "TWILSOCK V3.0 %zu\r\n", header.len);
    buf_add(&frame, header);
    buf_add_lit(&frame, "\r\n");
    buf_add(&frame, payload);
    check(buf_str(&frame));
    buf_deinit(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {size ? (const char *)data : "", size};
    check(text);
    check_parts(text);
    return 0;
}
