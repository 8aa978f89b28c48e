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

#include <sqlite3.h>

/* Rewrite the log of `db`, which is in WAL mode, and sync it, while no other program can write to
 * it. Outside a transaction. ERR_CONFIG, in `why`; also when another writes for seconds. */
must_check enum err wal_rewrite(sqlite3 *db, struct why *why);

#endif
