/* What lies in a write-ahead log behind its last commit.
 *
 * A commit that a full disk refused has left pages there, and the last one may be cut short. It is
 * no commit, unless the bytes that are missing happen to lie there already, from an earlier round
 * of the log: then a crash would bring back what was refused. So it is cut off. */
#ifndef STORE_WAL_TAIL_H
#define STORE_WAL_TAIL_H

#include "base/err.h"

#include <sqlite3.h>

/* Cut it off, and sync that; an ordinary file system needs no space for it. `db` is in WAL mode and
 * in no transaction. Who reads is not disturbed. ERR_UNSURE: it failed, or another program holds
 * the lock for writing. */
must_check enum err wal_tail_cut(sqlite3 *db);

#endif
