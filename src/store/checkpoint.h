/* Keeping the write-ahead log short.
 *
 * A checkpoint copies pages from the log into the database and syncs both: milliseconds that no
 * request should wait for. So a thread of its own, with a connection of its own, does the bulk
 * while commits go on; then the owner does the small rest, after which SQLite begins the log
 * anew.
 *
 * When the log reaches its limit first, whoever writes has to wait (checkpoint_is_full). Only
 * another program's transaction can keep the log from beginning anew: waiting for that would stop
 * all writes for as long as a backup takes, so then the log grows on, up to a second limit, where
 * commits are refused (checkpoint_admit). */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct checkpoint;

struct checkpoint_limits {
    unsigned pages_max;        /* of the log; a checkpoint begins at half of it */
    unsigned reader_pages_max; /* while another program keeps it from beginning anew */
};

/* `db` is the owner's connection to the database at `path`, in WAL mode. ERR_CONFIG. */
must_check enum err checkpoint_new(struct checkpoint **checkpoint, sqlite3 *db, const char *path,
                                   const char *vfs, const struct checkpoint_limits *limits,
                                   struct why *why);
void checkpoint_free(struct checkpoint *checkpoint);

/* Pages in the log after the last commit. */
unsigned checkpoint_pages(const struct checkpoint *checkpoint);

/* How often the log has begun anew, by whichever call. */
uint64_t checkpoint_rounds(const struct checkpoint *checkpoint);

/* Does checkpoint_step have something to do? When `idle`, also what could wait. */
bool checkpoint_is_due(const struct checkpoint *checkpoint, bool idle);

/* Outside a transaction, never waiting: start the thread's part, or finish after it, or neither.
 * `done`: the log begins anew. ERR_UNSURE: an fsync failed. Other failures are tried again later.
 */
must_check enum err checkpoint_step(struct checkpoint *checkpoint, bool idle, bool *done,
                                    struct why *why);

/* Is the log at its limit, and about to begin anew? What can wait should. */
bool checkpoint_is_full(const struct checkpoint *checkpoint);

/* May more be added without waiting? Not while it is full, nor at the second limit. */
bool checkpoint_has_room(const struct checkpoint *checkpoint);

/* Sleep until it may be so no more, or for `timeout_ms`. Beside all other calls, on any thread. */
void checkpoint_await(struct checkpoint *checkpoint, int64_t timeout_ms);

/* May a transaction be added? Waits while the log is full. ERR_STORE: it is at the limit that holds
 * while others read; ERR_UNSURE. */
must_check enum err checkpoint_admit(struct checkpoint *checkpoint, struct why *why);

#endif
