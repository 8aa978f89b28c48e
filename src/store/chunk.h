/* How changes lie in the journal: a run of them is one JSON text, an array of arrays.
 *
 *   [[seq,prev,object,parent,kind,event,salt,revision,created_ms,updated_ms,expires_ms,
 *     name,creator,author,data_size,data], ...]
 *
 * Numbers are decimal, `salt` as a signed one. Absent strings are null, and so are then data_size
 * and data. `data` stands as it was given; data_size, its bytes, is there so that reading need not
 * take it apart. Strings are UTF-8, or whatever bytes a name has, with the escapes of JSON. So
 * SQLite's JSON functions can read it (the view `journal` does), and bytes are copied, not made. */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "base/buf.h"
#include "store/change.h"

/* Append to a text; an empty one becomes a chunk of one change. */
void chunk_add(struct buf *text, const struct change *change);

/* Append what chunk_next has read from another one. */
void chunk_add_text(struct buf *text, struct str entry);

struct chunk_reader {
    struct str rest;
    bool broken; /* the text is no chunk: what was read before is all there is to have */
};

/* A change as it is read: borrowed from the text, strings with their escapes. */
struct chunk_entry {
    struct change coded;
    struct str text;
};

void chunk_reader_init(struct chunk_reader *reader, struct str text);

/* False: there was no more, or `broken`. */
bool chunk_next(struct chunk_reader *reader, struct chunk_entry *entry);

/* A copy of its own, without escapes, with one reference. */
struct change *chunk_change(const struct chunk_entry *entry);

#endif
