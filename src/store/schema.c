/* To change the format: append a step. It is SQL that takes a database from the version of its
 * place in the table to the next; never edit one that was released. PRAGMA user_version holds
 * how many steps a file has had. Add a file of the old version to tests/unit/test_schema.c. */
#include "store/schema.h"

#include "store/sql.h"

#include <stdio.h>

enum { APPLICATION_ID = 0x54757474 }; /* "Tutt" */

static const char *const steps[] = {
    /* Every change, one row; the last one of an object is its current state. */
    "CREATE TABLE journal ("
    "  seq INTEGER PRIMARY KEY,"
    "  prev INTEGER NOT NULL,"
    "  object INTEGER NOT NULL,"
    "  parent INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  event INTEGER NOT NULL,"
    "  salt INTEGER NOT NULL,"
    "  revision INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL,"
    "  expires_ms INTEGER,"
    "  name TEXT,"
    "  creator TEXT,"
    "  author TEXT,"
    "  data TEXT"
    ") STRICT;"
    /* Which change is current, for every live object. */
    "CREATE TABLE object ("
    "  id INTEGER PRIMARY KEY,"
    "  parent INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  expires_ms INTEGER,"
    "  name TEXT"
    ") STRICT;"
    "CREATE INDEX object_kind ON object (parent, kind);"
    "CREATE UNIQUE INDEX object_name ON object (parent, kind, name) WHERE name IS NOT NULL;"
    "CREATE INDEX object_expiry ON object (expires_ms) WHERE expires_ms IS NOT NULL;"
    /* `object` knows all changes up to `applied`; `last_seq` was given out, even if its row has
     * been dropped since. */
    "CREATE TABLE progress ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  applied INTEGER NOT NULL,"
    "  last_seq INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO progress VALUES (1, 0, 0);"
    "CREATE VIEW head AS"
    "  SELECT journal.* FROM object JOIN journal ON journal.seq = object.seq;",
    /* Changes lie in chunks: chunk.h. Those that were rows become chunks of one. */
    "DROP VIEW head;"
    "CREATE TABLE chunk (last INTEGER PRIMARY KEY, changes TEXT NOT NULL) STRICT;"
    "INSERT INTO chunk SELECT seq, format('[[%10d,', length(CAST(body AS BLOB))) || body || ']]'"
    "  FROM (SELECT seq,"
    "    format('%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,', seq, prev, object, parent, kind, event, salt,"
    "      revision, created_ms, updated_ms, ifnull(expires_ms, 0))"
    "    || json_quote(name) || ',' || json_quote(creator) || ',' || json_quote(author)"
    "    || ifnull(',' || data, '') AS body"
    "  FROM journal) ORDER BY seq;"
    "DROP TABLE journal;"
    "CREATE VIEW journal AS"
    "  SELECT value->>1 AS seq, value->>2 AS prev, value->>3 AS object, value->>4 AS parent,"
    "    value->>5 AS kind, value->>6 AS event, value->>7 AS salt, value->>8 AS revision,"
    "    value->>9 AS created_ms, value->>10 AS updated_ms,"
    "    nullif(value->>11, 0) AS expires_ms, value->>12 AS name, value->>13 AS creator,"
    "    value->>14 AS author, value->15 AS data"
    "  FROM chunk, json_each(chunk.changes);"
    "CREATE VIEW head AS"
    "  SELECT journal.* FROM object JOIN journal ON journal.seq = object.seq;",
    /* Which seqs have been given: epochs.h. `last` NULL: the newest, it goes on. */
    "CREATE TABLE epoch (first INTEGER PRIMARY KEY, last INTEGER) STRICT;"
    "INSERT INTO epoch SELECT 1, NULL FROM progress"
    "  WHERE last_seq > 0 OR EXISTS (SELECT 1 FROM chunk);",
};

enum { VERSION = sizeof steps / sizeof *steps };

static enum err read_pragma(sqlite3 *db, const char *text, int *value)
{
    sqlite3_stmt *stmt;
    bool row = false;
    enum err e = sql_prepare(db, text, &stmt);
    if (e)
        return e;
    e = sql_step(stmt, &row);
    *value = row ? sqlite3_column_int(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return e;
}

static enum err check(const char *path, int application, int version, int tables, struct why *why)
{
    bool is_new = application == 0 && version == 0 && tables == 0;
    if (!is_new && application != APPLICATION_ID) {
        why_set(why, "%s is a database, but not one of tutti's", path);
        return ERR_CONFIG;
    }
    if (version > VERSION) {
        why_set(why,
                "%s has format %d, and this tutti knows formats up to %d; start it with the newer "
                "tutti that wrote it",
                path, version, VERSION);
        return ERR_CONFIG;
    }
    return OK;
}

static enum err cannot(sqlite3 *db, const char *path, struct why *why)
{
    why_set(why, "%s: %s", path, sqlite3_errmsg(db));
    return ERR_CONFIG;
}

enum err schema_check(sqlite3 *db, const char *path, struct why *why)
{
    int application = 0, version = 0, tables = 0;
    enum err e = read_pragma(db, "PRAGMA application_id", &application);
    if (!e)
        e = read_pragma(db, "PRAGMA user_version", &version);
    if (!e)
        e = read_pragma(db, "SELECT count(*) FROM sqlite_schema", &tables);
    return e ? cannot(db, path, why) : check(path, application, version, tables, why);
}

static enum err take_step(sqlite3 *db, int version)
{
    char stamp[96];
    snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             APPLICATION_ID, version + 1);
    enum err e = sql_exec(db, "BEGIN IMMEDIATE");
    if (!e)
        e = sql_exec(db, steps[version]);
    if (!e)
        e = sql_exec(db, stamp);
    return e ? e : sql_exec(db, "COMMIT");
}

enum err schema_apply(sqlite3 *db, const char *path, struct why *why)
{
    int version = 0;
    enum err e = read_pragma(db, "PRAGMA user_version", &version);
    while (!e && version < VERSION)
        e = take_step(db, version++);
    if (!e)
        return OK;
    e = cannot(db, path, why);
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return e;
}
