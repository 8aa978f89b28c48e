/* The removal of an object, with all that follows from it.
 *
 * With an object all that belongs to it is unreachable at once; purge.h removes it soon after.
 * The removal of an item is also a change of its list or map (container.h). */
#ifndef SYNC_REMOVAL_H
#define SYNC_REMOVAL_H

#include "sync/batch.h"

/* `type`: CHANGE_REMOVED or CHANGE_EXPIRED. ERR_STORE. */
must_check enum err removal_add(struct batch *batch, const struct change *head,
                                enum change_type type, struct str author);

/* Free `name` if what holds it has expired. ERR_STORE. */
must_check enum err removal_free_name(struct batch *batch, uint64_t parent, enum kind kind,
                                      struct str name);

#endif
