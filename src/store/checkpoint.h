/* Keeping the write-ahead log short.
 *
 * A checkpoint copies pages from the log into the database and syncs both: milliseconds that no
 * request should wait for. So a thread of its own, with a connection of its own, does the bulk
 * while commits go on; then the owner does the small rest, after which SQLite begins the log
 * anew. Only when the log reaches its limit first does the owner wait for the thread. */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>

struct checkpoint;

/* `db` is the owner's connection to the database at `path`, in WAL mode. A checkpoint begins
 * when the log has `pages_max` / 2 pages. ERR_CONFIG. */
must_check enum err checkpoint_new(struct checkpoint **checkpoint, sqlite3 *db, const char *path,
                                   const char *vfs, unsigned pages_max, struct why *why);
void checkpoint_free(struct checkpoint *checkpoint);

/* Pages in the log after the last commit. */
unsigned checkpoint_pages(const struct checkpoint *checkpoint);

/* Does checkpoint_step have something to do? */
bool checkpoint_is_due(const struct checkpoint *checkpoint);

/* Outside a transaction: start the thread's part, or finish after it, or neither. `done`: the
 * log may begin anew. ERR_UNSURE: an fsync failed. Other failures are tried again later. */
must_check enum err checkpoint_step(struct checkpoint *checkpoint, bool *done, struct why *why);

#endif
