/* The tables, and their versions. docs/storage.md describes them. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "base/err.h"

#include <sqlite3.h>

/* Look, and write nothing. ERR_CONFIG, in `why`: not a database of ours, or newer than this
 * program. */
must_check enum err schema_check(sqlite3 *db, const char *path, struct why *why);

/* Bring a database that passed the check to the current version: make the tables of a new one,
 * take an older one forward step by step, each step whole or not at all. ERR_CONFIG. */
must_check enum err schema_apply(sqlite3 *db, const char *path, struct why *why);

#endif
