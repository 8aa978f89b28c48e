#include "store/sql.h"

enum err sql_err(sqlite3 *db)
{
    int code = sqlite3_extended_errcode(db);
    switch (code) {
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

enum err sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **stmt)
{
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK)
        return sql_err(db);
    return OK;
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
