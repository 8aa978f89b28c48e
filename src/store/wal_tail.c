/* The log's layout, and that of its index, are SQLite's (sqlite.org/walformat.html): a header of 32
 * bytes, then frames, each a header of 24 and a page. The index says, in the machine's byte order,
 * how long a page is (at byte 14) and how many frames there are up to the last commit (at byte 16);
 * both are still while somebody holds the lock for writing. */
#include "store/wal_tail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    LOG_HEADER = 32,
    FRAME_HEADER = 24,
    PAGE_SIZE_AT = 14,
    FRAMES_AT = 16,
    REGION_SIZE = 32768,
};

/* A page of 64 KiB is written as 1. Without a frame the next commit writes the log's header, too.
 */
static sqlite3_int64 last_commit_end(const char *index)
{
    uint16_t page_size;
    uint32_t frames;
    memcpy(&page_size, index + PAGE_SIZE_AT, sizeof page_size);
    memcpy(&frames, index + FRAMES_AT, sizeof frames);
    sqlite3_int64 frame = FRAME_HEADER + (page_size == 1 ? 65536 : page_size);
    return frames ? LOG_HEADER + frames * frame : 0;
}

static int find_end(sqlite3 *db, sqlite3_int64 *end)
{
    sqlite3_file *file = NULL;
    void volatile *index = NULL;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK)
        code = file->pMethods->xShmMap(file, 0, REGION_SIZE, false, &index);
    if (code == SQLITE_OK && index)
        *end = last_commit_end((const char *)index);
    return code == SQLITE_OK && !index ? SQLITE_ERROR : code;
}

static int cut(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 end, size;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code != SQLITE_OK || !log || !log->pMethods)
        return code == SQLITE_OK ? SQLITE_ERROR : code;
    code = find_end(db, &end);
    if (code == SQLITE_OK)
        code = log->pMethods->xFileSize(log, &size);
    if (code != SQLITE_OK || size <= end)
        return code;
    code = log->pMethods->xTruncate(log, end);
    return code == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : code;
}

enum err wal_tail_cut(sqlite3 *db)
{
    int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = cut(db);
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* of nothing */
    }
    return code == SQLITE_OK ? OK : ERR_UNSURE;
}
