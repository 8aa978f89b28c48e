/* Under the names of a data folder at last: the database is `tutti.db` only when it is whole. */
#include "backup.h"

#include "auth/credentials.h"
#include "store/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4200 };

/* Take our flag; the others go to `rest`, which has room for all. */
static enum err take_flag(struct backup *backup, int argc, char **argv, char **rest,
                          int *rest_count, struct why *why)
{
    *rest_count = 0;
    for (int i = 0; i < argc; i++) {
        struct str value = str_from(argv[i]);
        if (!str_eq(str_split(&value, '='), STR("--to"))) {
            rest[(*rest_count)++] = argv[i];
        } else if (value.ptr) {
            backup->to = value.ptr;
        } else if (++i < argc) {
            backup->to = argv[i];
        } else {
            why_set(why, "--to needs a value");
            return ERR_CONFIG;
        }
    }
    return OK;
}

enum err backup_read(struct backup *backup, int argc, char **argv, char **environment,
                     struct why *why)
{
    *backup = (struct backup){0};
    arena_init(&backup->arena);
    char **rest = arena_alloc(&backup->arena, ((size_t)argc + 1) * sizeof *rest);
    int rest_count;
    enum err e = take_flag(backup, argc, argv, rest, &rest_count, why);
    if (!e)
        e = config_read(&backup->config, rest_count, rest, environment, why);
    if (e || backup->config.help || backup->config.version)
        return e;
    if (backup->to && *backup->to)
        return OK;
    why_set(why, "--to is missing: the folder that the backup is to be in");
    return ERR_CONFIG;
}

void backup_deinit(struct backup *backup)
{
    config_deinit(&backup->config);
    arena_deinit(&backup->arena);
}

static enum err fail(const char *what, const char *path, struct why *why)
{
    why_set(why, "cannot %s %s: %s", what, path, strerror(errno));
    return ERR_CONFIG;
}

static enum err name_file(char path[PATH_SIZE], const char *folder, const char *name,
                          struct why *why)
{
    if (snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE)
        return OK;
    why_set(why, "the path of %s is too long", folder);
    return ERR_CONFIG;
}

static enum err sync_folder(const char *folder, struct why *why)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    enum err e = synced ? OK : fail("sync", folder, why);
    if (fd >= 0)
        close(fd);
    return e;
}

/* Of the three files of a backup that is under way. */
struct names {
    char original[PATH_SIZE];
    char part[PATH_SIZE];
    char whole[PATH_SIZE];
};

static enum err name_all(struct names *names, const struct backup *backup, struct why *why)
{
    enum err e = name_file(names->original, backup->config.data, "tutti.db", why);
    if (!e)
        e = name_file(names->part, backup->to, "tutti.db.part", why);
    return e ? e : name_file(names->whole, backup->to, "tutti.db", why);
}

static enum err check_place(const struct names *names, const char *folder, struct why *why)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return fail("make", folder, why);
    if (access(names->whole, F_OK) != 0)
        return OK;
    why_set(why, "%s is there already: each backup needs a folder of its own", names->whole);
    return ERR_CONFIG;
}

static enum err copy_database(const struct names *names, const char *folder, struct why *why)
{
    enum err e = snapshot_take(names->original, names->part, why);
    if (e)
        return e;
    if (rename(names->part, names->whole) != 0) {
        e = fail("rename", names->part, why);
        unlink(names->part);
        return e;
    }
    return sync_folder(folder, why);
}

enum err backup_run(const struct backup *backup, struct why *why)
{
    struct names names;
    enum err e = name_all(&names, backup, why);
    if (!e)
        e = check_place(&names, backup->to, why);
    if (!e)
        e = credentials_copy(backup->config.data, backup->to, why);
    if (e)
        return e;
    e = copy_database(&names, backup->to, why);
    if (e)
        credentials_remove(backup->to);
    return e;
}

void backup_print_help(void)
{
    puts("Copy the data of a server, which may run meanwhile, as they are at one moment.\n\n"
         "Usage: tutti backup --to FOLDER [--data FOLDER]\n\n"
         "FOLDER is made if it is missing, and must not hold a database. Afterwards it is a data\n"
         "folder: to restore, start a server on it or on its copy (tutti serve --data FOLDER).\n"
         "It holds the credentials, too: whoever can read them can do everything.\n\nOptions:\n"
         "  --to FOLDER\n      where the backup is to be\n"
         "  --data FOLDER\n      the server's data folder, found as the server does: also in\n"
         "      TUTTI_DATA and in the file that --config names (default tutti-data)");
}
