/* A list or a map changes with each change of its items: its revision goes up by one, with a
 * change of its own that follows the item's. So its chain of changes has them all, in order. */
#ifndef SYNC_CONTAINER_H
#define SYNC_CONTAINER_H

#include "sync/batch.h"

/* What else changes. */
struct container_update {
    struct ttl ttl;
    struct str data; /* absent: stays */
};

/* The change just added to the batch was one of an item of `head`, the container's newest state.
 * `update` may be NULL. */
void container_note_item(struct batch *batch, const struct change *head, struct str author,
                         const struct container_update *update);

/* A list's next index: one above the highest that was ever given. */
enum { CONTAINER_DATA_SIZE_MAX = 64 };
uint64_t container_next_index(const struct change *list);
void container_write_next_index(uint64_t next_index, struct buf *data);

#endif
