/* Frames of WebSockets as they come in. What holds for every input:
 *  - it is taken apart in the same way whole and byte by byte;
 *  - a message lies within the limit, and a text is UTF-8;
 *  - once it is broken nothing more is taken.
 * The first byte says whether compression was agreed on. */
#include "base/mem.h"
#include "base/utf8.h"
#include "ws/frame.h"
#include "ws/incoming.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_SIZE_MAX = 4096, NOTES_SIZE_MAX = 1 << 20 };

static void note(const struct incoming_piece *piece, struct buf *notes)
{
    buf_addf(notes, "%d %u %d:", (int)piece->kind, piece->code, piece->text);
    if (piece->kind == INCOMING_MESSAGE || piece->kind == INCOMING_PING)
        buf_add(notes, piece->payload);
    buf_add_char(notes, '\n');
    if (piece->kind != INCOMING_MESSAGE)
        return;
    assert(piece->payload.len <= MESSAGE_SIZE_MAX);
    assert(!piece->text || utf8_is_valid(piece->payload));
}

/* What comes of `bytes` when so many more of them arrive at a time. */
static void take_all(struct deflate *deflate, struct str bytes, size_t step, struct buf *notes)
{
    struct incoming incoming;
    struct incoming_piece piece = {.kind = INCOMING_MORE};
    char *copy = mem_alloc(bytes.len + 1);
    size_t taken = 0, here = 0;
    incoming_init(&incoming, MESSAGE_SIZE_MAX, deflate);
    memcpy(copy, bytes.ptr, bytes.len);
    while (piece.kind != INCOMING_FAULT && piece.kind != INCOMING_CLOSE) {
        piece = incoming_take(&incoming, copy + taken, here - taken);
        assert(piece.taken <= here - taken);
        taken += piece.taken;
        if (piece.kind != INCOMING_MORE)
            note(&piece, notes);
        else if (here == bytes.len)
            break;
        else
            here = bytes.len - here < step ? bytes.len : here + step;
        incoming_release(&incoming);
    }
    incoming_deinit(&incoming);
    free(copy);
}

static void check_header(struct str bytes)
{
    struct frame frame;
    enum frame_result result = frame_parse(bytes, &frame);
    if (result == FRAME_OK)
        assert(frame.header_size <= bytes.len && frame.header_size <= FRAME_HEADER_MAX);
    if (result == FRAME_MORE)
        assert(bytes.len < FRAME_HEADER_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct deflate deflate;
    static bool ready;
    struct buf whole, bitwise;
    if (!size)
        return 0;
    if (!ready)
        deflate_init(&deflate);
    ready = true;
    struct str bytes = {(const char *)data + 1, size - 1};
    check_header(bytes);
    buf_init(&whole, NOTES_SIZE_MAX);
    buf_init(&bitwise, NOTES_SIZE_MAX);
    take_all(data[0] & 1 ? &deflate : NULL, bytes, bytes.len + 1, &whole);
    take_all(data[0] & 1 ? &deflate : NULL, bytes, 1, &bitwise);
    assert(str_eq(buf_str(&whole), buf_str(&bitwise)));
    buf_deinit(&whole);
    buf_deinit(&bitwise);
    return 0;
}
