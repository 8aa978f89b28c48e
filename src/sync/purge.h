/* Removing what belonged to a removed object, a little at a time.
 *
 * With its service, list, map or document an object is unreachable at once; its own removal
 * follows in small batches between those of others. What is still to do is kept as objects of its
 * own kind, one a removed parent (removal.c makes them), so it goes on after a crash. */
#ifndef SYNC_PURGE_H
#define SYNC_PURGE_H

#include "sync/batch.h"

/* Add removals of some of them, if there are any. `more`: there was something to do. */
must_check enum err purge_step(struct batch *batch, bool *more);

#endif
