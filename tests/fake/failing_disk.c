/* A disk that fails when told to: loaded before the server (LD_PRELOAD), it makes every fdatasync
 * fail with EIO while the file named by TUTTI_TEST_DISK_FAILS exists. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const char *sign = getenv("TUTTI_TEST_DISK_FAILS");
    if (sign && access(sign, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}
