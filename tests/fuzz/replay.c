/* Runs a fuzz target over every file of the folders given: the corpus as an ordinary test.
 *
 * Fails when there is no file at all: then the path is wrong. */
#include "base/mem.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input has a block of exactly its size, so that a sanitizer sees reads beyond it. */
static bool replay_stream(FILE *file, size_t size)
{
    uint8_t *data = mem_alloc(size);
    bool complete = fread(data, 1, size, file) == size;
    if (complete)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return complete;
}

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat stat;
    bool good = false;
    if (file && fstat(fileno(file), &stat) == 0)
        good = S_ISREG(stat.st_mode) && replay_stream(file, (size_t)stat.st_size);
    if (file)
        fclose(file);
    return good;
}

/* How many files were run; those that are no regular files do not count. */
static size_t replay_folder(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (!dir) {
        perror(folder);
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count += len > 0 && (size_t)len < sizeof path && replay_file(path);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++)
        count += replay_folder(argv[i]);
    printf("%zu inputs\n", count);
    return count ? 0 : 1;
}
