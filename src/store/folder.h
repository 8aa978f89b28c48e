/* The data folder: made when it is missing, held by one server at a time. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "base/err.h"

/* Make `path` (mode 0700, one level) and lock it until folder_release or the process's end.
 * `lock` is a descriptor. ERR_CONFIG: cannot be made, or another process holds it. */
must_check enum err folder_hold(const char *path, int *lock, struct why *why);
void folder_release(int lock);

#endif
