/* Make durable what a write-ahead log is read as, before anything is built on it.
 *
 * After a failed fsync the kernel may have dropped pages of the log from what it will write and
 * still show them to readers. A second fsync then succeeds and proves nothing, and commits that
 * are appended lie behind a hole: a power cut loses them. Writing the same bytes to the same
 * places makes the pages dirty again, so that the fsync behind it is about them. A crash on the way
 * does no harm: every sector holds what it held, or what it is to hold. */
#ifndef STORE_WAL_REWRITE_H
#define STORE_WAL_REWRITE_H

#include "base/err.h"

/* Rewrite the log of the database at `path` and sync it; no connection is open. Without a log there
 * is nothing to do. `vfs`: NULL: the platform's. ERR_CONFIG, in `why`. */
must_check enum err wal_rewrite(const char *path, const char *vfs, struct why *why);

#endif
