#include "console/files.h"

#include <stdlib.h>

static int compare(const void *key, const void *element)
{
    const struct str *path = key, *other = &((const struct file *)element)->path;
    size_t len = path->len < other->len ? path->len : other->len;
    int order = memcmp(path->ptr, other->ptr, len);
    return order ? order : (path->len > other->len) - (path->len < other->len);
}

const struct file *files_find(struct str path)
{
    return bsearch(&path, files_table, files_count, sizeof *files_table, compare);
}
