/* A copy of a chunk of the journal, with an index: whoever follows an object's changes finds the
 * next ones beside the last without asking SQLite again, and those who follow the same ones share
 * them. */
#ifndef STORE_KEPT_CHUNK_H
#define STORE_KEPT_CHUNK_H

#include "store/chunk.h"

enum { KEPT_CHUNK_SIZE_MAX = 64 * 1024 }; /* larger ones are not worth a copy */

struct kept_change {
    struct chunk_entry entry; /* in `text` */
    struct change *change;    /* a reference; NULL: nobody has asked for it yet */
};

struct kept_chunk {
    struct buf text;
    struct kept_change *changes; /* none: nothing is kept */
    size_t count;
    size_t capacity;
};

void kept_chunk_init(struct kept_chunk *kept);
void kept_chunk_deinit(struct kept_chunk *kept);

/* Keep this one instead. ERR_STORE: it is broken; then nothing is kept. */
must_check enum err kept_chunk_load(struct kept_chunk *kept, struct str text);

void kept_chunk_forget(struct kept_chunk *kept);

/* If there is a change with that seq, is it in there? */
bool kept_chunk_covers(const struct kept_chunk *kept, uint64_t seq);

/* A reference; NULL: it is not there. ERR_STORE: it is broken. */
must_check enum err kept_chunk_get(struct kept_chunk *kept, uint64_t seq, struct change **change);

#endif
