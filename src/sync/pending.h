/* The changes that are not committed yet, found by their object and by its name. */
#ifndef SYNC_PENDING_H
#define SYNC_PENDING_H

#include "base/dict.h"
#include "store/change.h"

struct pending {
    struct dict by_id; /* the last pending change of each object; borrowed */
    struct dict by_name;
    bool touched; /* something uncommitted was seen or made since this was last cleared */
};

void pending_init(struct pending *pending);
void pending_deinit(struct pending *pending);

void pending_add(struct pending *pending, struct change *change);
void pending_remove(struct pending *pending, const struct change *change);
void pending_clear(struct pending *pending);

/* NULL: none. Borrowed. Neither sets `touched`. */
struct change *pending_get(const struct pending *pending, uint64_t id);
struct change *pending_find(const struct pending *pending, uint64_t parent, enum kind kind,
                            struct str name);

#endif
