/* The data folder: made when it is missing, held by one server at a time. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>

/* Make `path` (mode 0700, one level) and lock it until folder_release or the process's end.
 * `lock` is a descriptor. ERR_CONFIG: cannot be made, or another process holds it. */
must_check enum err folder_hold(const char *path, int *lock, struct why *why);
void folder_release(int lock);

/* Does another process hold it? */
bool folder_is_held(const char *path);

/* Take away a folder that this process made a moment ago, with what a server puts into it. */
void folder_remove_new(const char *path);

/* The database at `path` and what SQLite puts beside it are for their owner alone, whatever the
 * umask and the folder's mode: make an empty file if there is none, for SQLite gives its mode to
 * the others, and mend what is there. Nobody has it open. ERR_CONFIG. */
must_check enum err folder_keep_private(const char *path, struct why *why);

#endif
