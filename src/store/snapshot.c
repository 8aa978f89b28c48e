/* In one step of SQLite's online backup, which is one read transaction. In several steps each
 * commit in between would make it begin anew. */
#include "store/snapshot.h"

#include "store/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

static enum err cannot(sqlite3 *db, const char *path, struct why *why)
{
    why_set(why, "%s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
    return ERR_CONFIG;
}

static enum err copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct why *why)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return cannot(to, path, why);
    int stepped = sqlite3_backup_step(backup, -1);
    int finished = sqlite3_backup_finish(backup);
    if (stepped == SQLITE_DONE && finished == SQLITE_OK)
        return OK;
    why_set(why, "cannot copy to %s: %s", path,
            sqlite3_errstr(stepped == SQLITE_DONE ? finished : stepped));
    return ERR_CONFIG;
}

/* Synced by SQLite as it commits the copy. */
static enum err copy_to(sqlite3 *from, const char *path, struct why *why)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);
    enum err e = code == SQLITE_OK ? copy_pages(from, to, path, why) : cannot(to, path, why);
    sqlite3_close(to);
    return e;
}

static enum err make_file(const char *path, struct why *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        why_set(why, "cannot make %s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    close(fd);
    return OK;
}

enum err snapshot_take(const char *from, const char *to, struct why *why)
{
    sqlite3 *db = NULL;
    enum err e = inspect_open(&db, from, why);
    if (!e)
        e = make_file(to, why);
    if (!e && (e = copy_to(db, to, why)))
        unlink(to);
    sqlite3_close(db);
    return e;
}
