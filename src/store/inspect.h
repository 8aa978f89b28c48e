/* Looking into a database from beside the server that may be using it. Nothing in it changes. */
#ifndef STORE_INSPECT_H
#define STORE_INSPECT_H

#include "base/err.h"
#include "base/str.h"
#include "store/change.h"

#include <sqlite3.h>

/* Open FOLDER/tutti.db at `path`, which exists and is one of ours; sqlite3_close it, also after an
 * error. ERR_CONFIG, in `why`. */
must_check enum err inspect_open(sqlite3 **db, const char *path, struct why *why);

/* Whether `folder` has a database. */
bool inspect_finds_database(const char *folder);

/* Could a server open the database in `folder`, which has one? ERR_CONFIG, in `why`. */
must_check enum err inspect_database(const char *folder, struct why *why);

/* Whether there is an object of that kind that belongs to nothing else, by its name, or, if `name`
 * is absent, by its id. One that was removed a moment ago may still be found. ERR_CONFIG. */
must_check enum err inspect_object(const char *folder, enum kind kind, struct str name, uint64_t id,
                                   bool *found, struct why *why);

#endif
