/* The lock is flock(2) on DIR/lock: the kernel drops it however the holder dies, so nothing is
 * ever left to clean up. The file's text, the holder's process id, is for people only. */
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_holder(int lock, char *holder, size_t size)
{
    ssize_t len = pread(lock, holder, size - 1, 0);
    holder[len > 0 ? len : 0] = 0;
    holder[strcspn(holder, "\n")] = 0;
}

/* Why flock failed. */
static void explain(const char *path, int lock, int number, struct why *why)
{
    char holder[32];
    if (number != EWOULDBLOCK) {
        why_set(why, "cannot lock the data folder %s: %s", path, strerror(number));
        return;
    }
    read_holder(lock, holder, sizeof holder);
    why_set(why,
            "the data folder %s is in use by another tutti (process %s); stop it first, "
            "or give this one a folder of its own with --data",
            path, holder);
}

static void write_holder(int lock)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)len, 0) != len)
        return; /* a courtesy only */
}

enum err folder_hold(const char *path, int *lock, struct why *why)
{
    char file[4096];
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        why_set(why, "cannot make the data folder %s: %s%s", path, strerror(errno),
                errno == ENOENT ? "; make the folder that it is to be in first" : "");
        return ERR_CONFIG;
    }
    if (snprintf(file, sizeof file, "%s/lock", path) >= (int)sizeof file) {
        why_set(why, "the data folder's path is too long");
        return ERR_CONFIG;
    }
    *lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock < 0) {
        why_set(why, "cannot open %s: %s", file, strerror(errno));
        return ERR_CONFIG;
    }
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        explain(path, *lock, errno, why);
        close(*lock);
        return ERR_CONFIG;
    }
    write_holder(*lock);
    return OK;
}

void folder_release(int lock)
{
    close(lock);
}

bool folder_is_held(const char *path)
{
    char file[4200];
    snprintf(file, sizeof file, "%s/lock", path);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

void folder_remove_new(const char *path)
{
    static const char *const names[] = {"tutti.db-wal", "tutti.db-shm", "tutti.db", "credentials",
                                        "lock"};
    char file[4200];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        unlink(file);
    }
    rmdir(path);
}

static enum err mend_mode(int fd, const char *path, struct why *why)
{
    struct stat file;
    bool lax = fstat(fd, &file) == 0 && file.st_mode & (S_IRWXG | S_IRWXO);
    if (!lax || fchmod(fd, 0600) == 0)
        return OK;
    why_set(why, "others than its owner may use %s, and that cannot be changed: %s", path,
            strerror(errno));
    return ERR_CONFIG;
}

static enum err keep_file_private(const char *path, int flags, struct why *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
    if (fd < 0 && errno == ENOENT && !(flags & O_CREAT))
        return OK;
    if (fd < 0) {
        why_set(why, "cannot open %s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    enum err e = mend_mode(fd, path, why);
    close(fd);
    return e;
}

enum err folder_keep_private(const char *path, struct why *why)
{
    static const char *const beside[] = {"-wal", "-shm", "-journal"};
    enum err e = keep_file_private(path, O_CREAT, why);
    for (size_t i = 0; !e && i < sizeof beside / sizeof *beside; i++) {
        char name[4200];
        snprintf(name, sizeof name, "%s%s", path, beside[i]);
        e = keep_file_private(name, 0, why);
    }
    return e;
}
