/* Under SQLite's lock for writing: another program that began the log anew between a read and its
 * write would find old pages in it. Through SQLite's VFS, so that tests can put one that fails. */
#include "store/wal_rewrite.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
    SLICE = 65536, /* SQLite's VFS writes less than 128 KiB at once */
    BUSY_MS = 2000,
};

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

static int rewrite(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code != SQLITE_OK || !log || !log->pMethods)
        return code == SQLITE_OK ? SQLITE_ERROR : code;
    char *bytes = mem_alloc(SLICE);
    code = rewrite_slices(log, bytes);
    free(bytes);
    return code;
}

enum err wal_rewrite(sqlite3 *db, struct why *why)
{
    sqlite3_busy_timeout(db, BUSY_MS);
    int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    sqlite3_busy_timeout(db, 0);
    if (code == SQLITE_OK) {
        code = rewrite(db);
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* of nothing */
    }
    if (code == SQLITE_OK)
        return OK;
    why_set(why, "cannot make the write-ahead log of %s durable: %s",
            sqlite3_db_filename(db, "main"),
            code == SQLITE_BUSY ? "another program writes to the database" : sqlite3_errstr(code));
    return ERR_CONFIG;
}
