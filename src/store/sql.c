#include "store/sql.h"

#include <errno.h>

/* What the last write to a file that failed said. (sqlite3_system_errno does not know it of a
 * commit.) */
static int last_errno(sqlite3_file *file)
{
    int number = 0;
    bool told = file && file->pMethods &&
                file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK;
    return told ? number : 0;
}

/* SQLite knows a full disk by ENOSPC alone. */
static bool is_over_quota(sqlite3 *db, int file_pointer)
{
    sqlite3_file *file = NULL;
    return sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE &&
           sqlite3_file_control(db, "main", file_pointer, &file) == SQLITE_OK &&
           last_errno(file) == EDQUOT;
}

bool sql_is_refused(sqlite3 *db)
{
    int code = sqlite3_errcode(db);
    return code == SQLITE_FULL || code == SQLITE_BUSY ||
           is_over_quota(db, SQLITE_FCNTL_JOURNAL_POINTER);
}

enum err sql_err(sqlite3 *db)
{
    if (is_over_quota(db, SQLITE_FCNTL_JOURNAL_POINTER))
        return ERR_STORE;
    switch (sqlite3_extended_errcode(db)) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_CLOSE:
        return ERR_UNSURE;
    default:
        return ERR_STORE;
    }
}

enum err sql_checkpoint_err(sqlite3 *db)
{
    return is_over_quota(db, SQLITE_FCNTL_FILE_POINTER) ? ERR_STORE : sql_err(db);
}

enum err sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **stmt)
{
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK)
        return sql_err(db);
    return OK;
}

const char *sql_reason(sqlite3 *db)
{
    int code = sqlite3_errcode(db);
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return "the database is damaged: what its tables say contradicts itself";
    return sqlite3_errmsg(db);
}

enum err sql_exec(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        return sql_err(db);
    return OK;
}

void sql_bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    sqlite3_bind_int64(stmt, at, value);
}

void sql_bind_str(sqlite3_stmt *stmt, int at, struct str value)
{
    if (value.ptr)
        sqlite3_bind_text(stmt, at, value.ptr, (int)value.len, SQLITE_STATIC);
    else
        sqlite3_bind_null(stmt, at);
}

struct str sql_column_str(sqlite3_stmt *stmt, int at)
{
    if (sqlite3_column_type(stmt, at) == SQLITE_NULL)
        return (struct str){0};
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return (struct str){text ? text : "", (size_t)sqlite3_column_bytes(stmt, at)};
}

enum err sql_step(sqlite3_stmt *stmt, bool *row)
{
    int code = sqlite3_step(stmt);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return OK;
    enum err e = code == SQLITE_DONE ? OK : sql_err(sqlite3_db_handle(stmt));
    sqlite3_reset(stmt);
    return e;
}

enum err sql_run(sqlite3_stmt *stmt)
{
    bool row;
    return sql_step(stmt, &row);
}

void sql_done(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
}
