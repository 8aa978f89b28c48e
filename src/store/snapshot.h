/* A copy of a database, as it is at one moment, while a server may be writing to it. */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include "base/err.h"

/* Copy the database `from` to the new file `to` (mode 0600), synced. All that was acknowledged
 * before is in it. Whatever is written meanwhile, it takes as long as reading once what is there.
 * Until then the server's write-ahead log cannot begin anew (checkpoint.h), and nobody else is held
 * up; the original is not altered, whether a server runs or not. ERR_CONFIG, in `why`; then there
 * is no `to`, unless there was before. */
must_check enum err snapshot_take(const char *from, const char *to, struct why *why);

#endif
