/* A folder for one test, gone with all its files afterwards. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

enum { SCRATCH_PATH_MAX = 256 };

struct scratch {
    char path[SCRATCH_PATH_MAX];
};

/* Ends the program when it cannot. */
void scratch_init(struct scratch *scratch);

/* Removes the files in it too; folders in it must be gone. */
void scratch_deinit(struct scratch *scratch);

/* The path of a file in it. */
void scratch_file(const struct scratch *scratch, const char *name, char *path, size_t size);

/* Make or replace a file in it. */
void scratch_write(const struct scratch *scratch, const char *name, const char *text);

#endif
