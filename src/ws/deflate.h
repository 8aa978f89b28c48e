/* permessage-deflate (RFC 7692) without context takeover: every message by itself.
 *
 * So one pair of zlib streams serves all sockets of a thread, an idle socket holds no window, and
 * one deflated message serves all who are to get it. */
#ifndef WS_DEFLATE_H
#define WS_DEFLATE_H

#include "base/buf.h"

#include <zlib.h>

enum { DEFLATE_SLACK = 16384 };

struct deflate {
    z_stream deflater;
    z_stream inflater;
};

/* About 300 KiB. */
void deflate_init(struct deflate *streams);
void deflate_deinit(struct deflate *streams);

/* Append `message`, deflated, without the tail 00 00 FF FF (section 7.2.1). `out` needs room for
 * DEFLATE_SLACK bytes more than are written, here and below. */
void deflate_pack(struct deflate *streams, struct str message, struct buf *out);

/* The same, a piece of `message` at a time: `size` bytes from `at` on. Nothing of one piece stays
 * in the streams for the next, so they may serve others in between; a piece knows what stands
 * before it in the message all the same, so pieces take no more room than the whole. */
void deflate_pack_piece(struct deflate *streams, struct str message, size_t at, size_t size,
                        struct buf *out);

/* Append the message that `payload` is. False: it is not deflated as it should be. More than `out`
 * may hold sets its `failed`, and inflating stops there. */
bool deflate_unpack(struct deflate *streams, struct str payload, struct buf *out);

#endif
