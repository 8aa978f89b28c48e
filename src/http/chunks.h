/* The body of a request in chunks (RFC 9112, section 7.1), taken apart as it comes.
 *
 * Pure, and strict as head.h: CR LF and nothing else ends a line, in extensions and trailers, too,
 * which are read and thrown away. */
#ifndef HTTP_CHUNKS_H
#define HTTP_CHUNKS_H

#include "base/str.h"

/* Bytes of all that is not the body: more is no honest client's. For each chunk, a line. */
enum { CHUNKS_LINE_MAX = 256, CHUNKS_TRAILERS_MAX = 4096 };

/* All zero at the start. */
struct chunks {
    enum {
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        CHUNK_LINE_FEED,
        CHUNK_DATA,
        CHUNK_DATA_RETURN,
        CHUNK_DATA_LINE_FEED,
        CHUNK_TRAILER,
        CHUNK_TRAILER_LINE_FEED,
        CHUNK_END,
        CHUNK_BROKEN,
    } state;
    uint64_t left;  /* of the chunk's data, or its size so far */
    unsigned line;  /* bytes of the line so far */
    unsigned total; /* bytes of trailers so far */
    bool named;     /* the trailer's colon has come */
};

/* Take off `bytes` what belongs to the body, up to the end of it or of a run of data, which is
 * `*data` (or empty). CHUNK_END: that was all. Else call it again while there are bytes, unless it
 * is CHUNK_BROKEN. */
void chunks_next(struct chunks *chunks, struct str *bytes, struct str *data);

#endif
