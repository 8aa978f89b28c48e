#include "memory_limit.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* "max", in version 2, is no number. */
static uint64_t read_limit(const char *path)
{
    char line[64] = "";
    uint64_t limit;
    FILE *file = fopen(path, "re");
    if (!file)
        return UINT64_MAX;
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = 0;
    return read && str_to_u64(str_from(line), UINT64_MAX, &limit) ? limit : UINT64_MAX;
}

/* Of a group and of all above it: in a container the root is the group itself, and the path is one
 * that is not there. */
static uint64_t least_on_the_way(const char *base, const char *group, const char *name)
{
    uint64_t limit = UINT64_MAX;
    size_t len = strlen(group);
    for (;;) {
        char path[3 * PATH_SIZE];
        while (len && group[len - 1] == '/')
            len--;
        snprintf(path, sizeof path, "%s%.*s/%s", base, (int)len, group, name);
        limit = least(limit, read_limit(path));
        if (!len)
            return limit;
        while (len && group[len - 1] != '/')
            len--;
    }
}

static bool has_word(const char *list, size_t len, const char *word)
{
    struct str rest = {list, len};
    while (rest.ptr)
        if (str_eq(str_split(&rest, ','), str_from(word)))
            return true;
    return false;
}

/* A line is `number:controllers:/path`; in version 2 there are no controllers. */
static uint64_t limit_of_line(char *line, const char *root)
{
    char base[PATH_SIZE];
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return UINT64_MAX;
    controllers++;
    if (controllers == group)
        return least_on_the_way(root, group + 1, "memory.max");
    if (!has_word(controllers, (size_t)(group - controllers), "memory"))
        return UINT64_MAX;
    snprintf(base, sizeof base, "%s/memory", root);
    return least_on_the_way(base, group + 1, "memory.limit_in_bytes");
}

uint64_t memory_limit_of_groups(const char *membership, const char *root)
{
    char line[PATH_SIZE];
    uint64_t limit = UINT64_MAX;
    FILE *file = fopen(membership, "re");
    if (!file)
        return limit;
    while (fgets(line, sizeof line, file))
        limit = least(limit, limit_of_line(line, root));
    fclose(file);
    return limit;
}

uint64_t memory_limit(void)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return least(machine, memory_limit_of_groups("/proc/self/cgroup", "/sys/fs/cgroup"));
}
