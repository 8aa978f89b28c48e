/* A developer's own folder, served under /static/ in development mode (option static). */
#ifndef CONSOLE_STATIC_FILES_H
#define CONSOLE_STATIC_FILES_H

#include "console/visit.h"

enum { STATIC_FILE_SIZE_MAX = 16 << 20 }; /* of one file: it is read at once */

/* Is this the path of such a file? */
bool static_files_has_path(struct str path);

/* Send the file below `folder` that the request's path names; a folder is its index.html. Whatever
 * begins with a dot, is no ordinary file, is a link, or is reached through one, is not there. */
void static_files_reply(struct visit *visit, const char *folder);

#endif
