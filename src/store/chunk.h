/* How changes lie in the journal: a run of them is one JSON text, an array of arrays.
 *
 *   [[size,seq,prev,object,parent,kind,event,salt,revision,created_ms,updated_ms,expires_ms,
 *     name,creator,author,data], ...]
 *
 * Numbers are decimal, `salt` as a signed one. `size`, padded with blanks in front, counts the
 * bytes between the comma behind it and the bracket that closes the change: so others can be
 * skipped. Absent strings are null, absent data is left out; data stands as it was given. Strings
 * are UTF-8, or whatever bytes a name has, with the escapes of JSON. So SQLite's JSON functions can
 * read it (the view `journal` does), and bytes are copied, not made. */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include "base/buf.h"
#include "base/err.h"
#include "store/change.h"

enum { CHUNK_SIZE_MAX = 1 << 30 }; /* bytes of a text; none comes near */

/* Append to a text; an empty one becomes a chunk of one change. */
void chunk_add(struct buf *text, const struct change *change);

/* Append what chunk_next has read from another one. */
void chunk_add_text(struct buf *text, struct str entry);

struct chunk_reader {
    struct str rest;
    bool broken; /* the text is no chunk: what was read before is all there is to have */
};

/* A change as it lies there, borrowed. */
struct chunk_entry {
    uint64_t seq;
    struct str body; /* what `size` counts */
    struct str text; /* all of it */
};

void chunk_reader_init(struct chunk_reader *reader, struct str text);

/* False: there was no more, or `broken`. */
bool chunk_next(struct chunk_reader *reader, struct chunk_entry *entry);

/* The change, borrowed likewise; its strings still have their escapes. False: it is broken. */
must_check bool chunk_read(const struct chunk_entry *entry, struct change *coded);

/* A copy of its own, without escapes, with one reference; NULL: it is broken. */
struct change *chunk_change(const struct chunk_entry *entry);

#endif
