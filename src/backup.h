/* `tutti backup`: a data folder's copy, which is a data folder, taken while a server may run. */
#ifndef BACKUP_H
#define BACKUP_H

#include "base/arena.h"
#include "config.h"

struct backup {
    struct config config; /* `data`, `help` and `version` matter */
    struct arena arena;
    const char *to; /* borrowed from the flags */
};

/* Read flags (`argv` after the command's name) and what the server's configuration says. Whatever
 * comes of it, follow with backup_deinit. ERR_CONFIG: `why` says why. */
must_check enum err backup_read(struct backup *backup, int argc, char **argv, char **environment,
                                struct why *why);
void backup_deinit(struct backup *backup);

/* ERR_CONFIG: nothing was copied, and what was begun is removed. */
must_check enum err backup_run(const struct backup *backup, struct why *why);

/* What `tutti backup --help` says. */
void backup_print_help(void);

#endif
