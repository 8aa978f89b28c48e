/* A disk that fails when told to: loaded before the server (LD_PRELOAD), it makes calls fail with
 * EIO while a file exists whose name is TUTTI_TEST_DISK_FAILS and one of these:
 *
 *   .sync    every fdatasync
 *   .write   every pwrite
 *   .quota   every pwrite, with EDQUOT
 *   .torn    every pwrite, after half of its bytes are written
 *   .read    every pread */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool fails(const char *what)
{
    const char *sign = getenv("TUTTI_TEST_DISK_FAILS");
    char path[PATH_MAX];
    if (!sign)
        return false;
    snprintf(path, sizeof path, "%s.%s", sign, what);
    return access(path, F_OK) == 0;
}

static int fail_with(int number)
{
    errno = number;
    return -1;
}

static int fail(void)
{
    return fail_with(EIO);
}

int fdatasync(int fd)
{
    return fails("sync") ? fail() : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    if (fails("write"))
        return fail();
    if (fails("quota"))
        return fail_with(EDQUOT);
    if (!fails("torn"))
        return syscall(SYS_pwrite64, fd, bytes, size, at);
    return syscall(SYS_pwrite64, fd, bytes, size / 2, at) < 0 ? -1 : fail();
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at)
{
    return fails("read") ? fail() : syscall(SYS_pread64, fd, bytes, size, at);
}
