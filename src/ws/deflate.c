#include "ws/deflate.h"

#include <assert.h>

/* Negative: raw deflate, without zlib's header and checksum. */
enum { WINDOW_BITS = -15, MEMORY_LEVEL = 8, CHUNK = DEFLATE_SLACK, WINDOW_SIZE = 32768 };

static const struct str tail = STR_INIT("\0\0\xff\xff");

void deflate_init(struct deflate *streams)
{
    *streams = (struct deflate){0};
    int e = deflateInit2(&streams->deflater, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                         Z_DEFAULT_STRATEGY);
    assert(e == Z_OK);
    e = inflateInit2(&streams->inflater, WINDOW_BITS);
    assert(e == Z_OK);
}

void deflate_deinit(struct deflate *streams)
{
    deflateEnd(&streams->deflater);
    inflateEnd(&streams->inflater);
}

/* Room for a chunk of what a stream writes; false: there is none. */
static bool give_room(z_stream *stream, struct buf *out)
{
    char *at = buf_reserve(out, CHUNK);
    stream->next_out = (Bytef *)at;
    stream->avail_out = CHUNK;
    return at != NULL;
}

/* What may be referred to: the window. */
static void tell_what_came_before(z_stream *stream, struct str message, size_t at)
{
    size_t size = at < WINDOW_SIZE ? at : WINDOW_SIZE;
    if (!size)
        return;
    int e = deflateSetDictionary(stream, (const Bytef *)message.ptr + at - size, (uInt)size);
    assert(e == Z_OK);
}

/* What is flushed ends with the tail, at a byte's end: so pieces behind each other are one stream.
 */
void deflate_pack_piece(struct deflate *streams, struct str message, size_t at, size_t size,
                        struct buf *out)
{
    z_stream *stream = &streams->deflater;
    deflateReset(stream);
    tell_what_came_before(stream, message, at);
    stream->next_in = (Bytef *)message.ptr + at;
    stream->avail_in = (uInt)size;
    do {
        if (!give_room(stream, out))
            return;
        int e = deflate(stream, Z_SYNC_FLUSH);
        assert(e == Z_OK || e == Z_BUF_ERROR);
        out->len += CHUNK - stream->avail_out;
    } while (stream->avail_out == 0);
    assert(out->len >= tail.len);
    if (at + size == message.len)
        out->len -= tail.len;
}

void deflate_pack(struct deflate *streams, struct str message, struct buf *out)
{
    deflate_pack_piece(streams, message, 0, message.len, out);
}

/* Z_OK: all was read, or `out` is full. Z_STREAM_END: a last block (BFINAL) has been read; what
 * stands behind it is still in the stream. */
static int feed(z_stream *stream, struct buf *out)
{
    do {
        if (!give_room(stream, out))
            return Z_OK;
        int e = inflate(stream, Z_SYNC_FLUSH);
        out->len += CHUNK - stream->avail_out;
        if (e != Z_OK && e != Z_BUF_ERROR)
            return e;
    } while (stream->avail_out == 0);
    return Z_OK;
}

/* A message may have blocks behind a last one, from the next byte on (section 7.2.1). Z_STREAM_END:
 * it has none. */
static int feed_all(z_stream *stream, struct str bytes, struct buf *out)
{
    stream->next_in = (Bytef *)bytes.ptr;
    stream->avail_in = (uInt)bytes.len;
    int e = feed(stream, out);
    while (e == Z_STREAM_END && stream->avail_in) {
        inflateReset(stream);
        e = feed(stream, out);
    }
    return e;
}

/* Else the payload broke off, and the tail was taken for a part of it (zlib.h, `data_type`). */
static bool stands_behind_a_block(const z_stream *stream)
{
    return stream->data_type & 128;
}

bool deflate_unpack(struct deflate *streams, struct str payload, struct buf *out)
{
    z_stream *stream = &streams->inflater;
    inflateReset(stream);
    int e = feed_all(stream, payload, out);
    if (e != Z_OK || out->failed)
        return e == Z_OK || e == Z_STREAM_END;
    e = feed_all(stream, tail, out);
    return out->failed || (e == Z_OK && stands_behind_a_block(stream));
}
