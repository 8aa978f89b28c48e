#include "sim/scratch.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void scratch_init(struct scratch *scratch)
{
    const char *parent = getenv("TMPDIR");
    int len = snprintf(scratch->path, sizeof scratch->path, "%s/tutti-unit-XXXXXX",
                       parent && *parent ? parent : "/tmp");
    assert(len < (int)sizeof scratch->path);
    if (!mkdtemp(scratch->path)) {
        perror(scratch->path);
        abort();
    }
}

void scratch_file(const struct scratch *scratch, const char *name, char *path, size_t size)
{
    int len = snprintf(path, size, "%s/%s", scratch->path, name);
    assert(len < (int)size);
}

void scratch_write(const struct scratch *scratch, const char *name, const char *text)
{
    char path[2 * SCRATCH_PATH_MAX];
    scratch_file(scratch, name, path, sizeof path);
    FILE *file = fopen(path, "we");
    assert(file);
    size_t written = fwrite(text, 1, strlen(text), file);
    assert(written == strlen(text));
    fclose(file);
}

void scratch_deinit(struct scratch *scratch)
{
    DIR *dir = opendir(scratch->path);
    assert(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[SCRATCH_PATH_MAX + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", scratch->path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(path);
    }
    closedir(dir);
    rmdir(scratch->path);
}
