#include "store/inspect.h"

#include "store/schema.h"
#include "store/sql.h"

#include <stdio.h>
#include <unistd.h>

enum { BUSY_MS = 10000, PATH_SIZE = 4200 };

static void name_database(const char *folder, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/tutti.db", folder);
}

enum err inspect_open(sqlite3 **db, const char *path, struct why *why)
{
    int code = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE, NULL);
    if (code != SQLITE_OK) {
        why_set(why, "%s: %s", path, *db ? sqlite3_errmsg(*db) : "out of memory");
        return ERR_CONFIG;
    }
    sqlite3_busy_timeout(*db, BUSY_MS);
    /* If no server runs this is the last connection, and its log is not ours to take away. */
    sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return schema_check(*db, path, why);
}

bool inspect_finds_database(const char *folder)
{
    char path[PATH_SIZE];
    name_database(folder, path);
    return access(path, F_OK) == 0;
}

enum err inspect_database(const char *folder, struct why *why)
{
    char path[PATH_SIZE];
    sqlite3 *db = NULL;
    name_database(folder, path);
    enum err e = inspect_open(&db, path, why);
    sqlite3_close(db);
    return e;
}

/* In the table of objects, or in the changes that it does not know yet. */
static const char query[] =
    "SELECT 1 FROM object WHERE kind = ?1 AND parent = 0 AND (name = ?2 OR ?2 IS NULL AND id = ?3) "
    "UNION ALL "
    "SELECT 1 FROM chunk, json_each(chunk.changes)"
    "  WHERE chunk.last > (SELECT applied FROM progress) AND value->>5 = ?1"
    "  AND (value->>12 = ?2 OR ?2 IS NULL AND value->>3 = ?3)";

enum err inspect_object(const char *folder, enum kind kind, struct str name, uint64_t id,
                        bool *found, struct why *why)
{
    char path[PATH_SIZE];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    name_database(folder, path);
    enum err e = inspect_open(&db, path, why);
    if (e)
        goto close_database;
    e = sql_prepare(db, query, &stmt);
    if (!e) {
        sql_bind_int(stmt, 1, kind);
        sql_bind_str(stmt, 2, name);
        sql_bind_int(stmt, 3, (int64_t)id);
        e = sql_step(stmt, found);
    }
    if (e) {
        why_set(why, "%s: %s", path, sqlite3_errmsg(db));
        e = ERR_CONFIG;
    }
    sqlite3_finalize(stmt);
close_database:
    sqlite3_close(db);
    return e;
}
