/* Through SQLite's VFS and not around it, so that tests can put one that fails. */
#include "store/wal_rewrite.h"

#include "base/mem.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLICE = 65536 }; /* SQLite's VFS writes less than 128 KiB at once */

static int rewrite_slices(sqlite3_file *log, char *bytes)
{
    sqlite3_int64 size = 0;
    int code = log->pMethods->xFileSize(log, &size);
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += SLICE) {
        int len = size - at < SLICE ? (int)(size - at) : SLICE;
        code = log->pMethods->xRead(log, bytes, len, at);
        if (code == SQLITE_OK)
            code = log->pMethods->xWrite(log, bytes, len, at);
    }
    return code == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : code;
}

static int rewrite_file(sqlite3_vfs *vfs, const char *name)
{
    char *bytes = mem_alloc(SLICE);
    sqlite3_file *log = mem_zalloc(1, (size_t)vfs->szOsFile);
    int code = vfs->xOpen(vfs, name, log, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, NULL);
    if (code == SQLITE_OK)
        code = rewrite_slices(log, bytes);
    if (log->pMethods)
        log->pMethods->xClose(log);
    free(log);
    free(bytes);
    return code;
}

static int rewrite_if_there(sqlite3_vfs *vfs, const char *name)
{
    int there = 0;
    int code = vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &there);
    return code == SQLITE_OK && there ? rewrite_file(vfs, name) : code;
}

enum err wal_rewrite(const char *path, const char *vfs_name, struct why *why)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(vfs_name);
    char log[4200];
    snprintf(log, sizeof log, "%s-wal", path);
    const char *name = vfs ? sqlite3_create_filename(path, "", log, 0, NULL) : NULL;
    int code = name ? rewrite_if_there(vfs, sqlite3_filename_wal(name)) : SQLITE_ERROR;
    sqlite3_free_filename(name);
    if (code == SQLITE_OK)
        return OK;
    why_set(why, "cannot make the write-ahead log %s durable: %s", log, sqlite3_errstr(code));
    return ERR_CONFIG;
}
