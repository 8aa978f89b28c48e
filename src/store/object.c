#include "store/object.h"

#include <stdio.h>

/* Of object.pages: how a statement reads its range. */
enum { INCLUSIVE = 1, DESCENDING = 2, BY_NAME = 4 };

/* The indexes have a range's ids in either order: none of these sorts, or reads a table. */
static enum err prepare_page(struct object *object, unsigned way)
{
    const char *key = way & BY_NAME ? "name" : "id";
    char text[200];
    snprintf(text, sizeof text,
             "SELECT id FROM object WHERE parent = ?1 AND kind = ?2 AND %s %s%s ?3"
             " ORDER BY %s %s LIMIT ?4",
             key, way & DESCENDING ? "<" : ">", way & INCLUSIVE ? "=" : "", key,
             way & DESCENDING ? "DESC" : "ASC");
    return sql_prepare(object->db, text, &object->pages[way]);
}

enum err object_init(struct object *object, sqlite3 *db)
{
    *object = (struct object){.db = db};
    const struct {
        sqlite3_stmt **stmt;
        const char *text;
    } all[] = {
        {&object->get, "SELECT seq FROM object WHERE id = ?"},
        {&object->find, "SELECT seq FROM object WHERE parent = ? AND kind = ? AND name = ?"},
        {&object->due, "SELECT id FROM object WHERE expires_ms <= ?"
                       " ORDER BY expires_ms LIMIT ?"},
        {&object->next_due, "SELECT min(expires_ms) FROM object WHERE expires_ms > ?"},
        {&object->update, "UPDATE object SET seq = ?2, expires_ms = ?3 WHERE id = ?1"},
        {&object->insert, "INSERT INTO object (id, seq, expires_ms, parent, kind, name)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
        {&object->remove, "DELETE FROM object WHERE id = ?"},
    };
    enum err e = OK;
    for (size_t i = 0; !e && i < sizeof all / sizeof *all; i++)
        e = sql_prepare(db, all[i].text, all[i].stmt);
    for (unsigned way = 0; !e && way < OBJECT_PAGES; way++)
        e = prepare_page(object, way);
    return e;
}

void object_deinit(struct object *object)
{
    sqlite3_finalize(object->get);
    sqlite3_finalize(object->find);
    for (unsigned way = 0; way < OBJECT_PAGES; way++)
        sqlite3_finalize(object->pages[way]);
    sqlite3_finalize(object->due);
    sqlite3_finalize(object->next_due);
    sqlite3_finalize(object->update);
    sqlite3_finalize(object->insert);
    sqlite3_finalize(object->remove);
}

static enum err read_seq(sqlite3_stmt *stmt, uint64_t *seq)
{
    bool row;
    enum err e = sql_step(stmt, &row);
    *seq = !e && row ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sql_done(stmt);
    return e;
}

enum err object_get(struct object *object, uint64_t id, uint64_t *seq)
{
    sql_bind_int(object->get, 1, (int64_t)id);
    return read_seq(object->get, seq);
}

enum err object_find(struct object *object, uint64_t parent, enum kind kind, struct str name,
                     uint64_t *seq)
{
    sql_bind_int(object->find, 1, (int64_t)parent);
    sql_bind_int(object->find, 2, kind);
    sql_bind_str(object->find, 3, name);
    return read_seq(object->find, seq);
}

/* Where to begin. From the very end: before or behind all there is; SQLite puts every blob behind
 * all text. */
static void bind_bound(sqlite3_stmt *stmt, int at, const struct store_range *range)
{
    bool by_name = range->order == STORE_BY_NAME;
    if (range->bounded && by_name)
        sql_bind_str(stmt, at, range->name);
    else if (range->bounded)
        sql_bind_int(stmt, at, range->id < INT64_MAX ? (int64_t)range->id : INT64_MAX);
    else if (by_name && range->descending)
        sqlite3_bind_zeroblob(stmt, at, 0);
    else if (by_name)
        sql_bind_str(stmt, at, STR(""));
    else
        sql_bind_int(stmt, at, range->descending ? INT64_MAX : 0);
}

static enum err read_ids(sqlite3_stmt *stmt, uint64_t *ids, size_t max, size_t *count)
{
    enum err e = OK;
    bool row = true;
    *count = 0;
    while (!e && row && *count < max) {
        e = sql_step(stmt, &row);
        if (!e && row)
            ids[(*count)++] = (uint64_t)sqlite3_column_int64(stmt, 0);
    }
    sql_done(stmt);
    return e;
}

enum err object_page(struct object *object, const struct store_range *range, uint64_t *ids,
                     size_t ids_max, size_t *count)
{
    unsigned way = (range->order == STORE_BY_NAME ? BY_NAME : 0) |
                   (range->descending ? DESCENDING : 0) |
                   (range->inclusive || !range->bounded ? INCLUSIVE : 0);
    sqlite3_stmt *stmt = object->pages[way];
    sql_bind_int(stmt, 1, (int64_t)range->parent);
    sql_bind_int(stmt, 2, range->kind);
    bind_bound(stmt, 3, range);
    sql_bind_int(stmt, 4, (int64_t)ids_max);
    return read_ids(stmt, ids, ids_max, count);
}

enum err object_due(struct object *object, int64_t now_ms, uint64_t *ids, size_t ids_max,
                    size_t *count)
{
    sql_bind_int(object->due, 1, now_ms);
    sql_bind_int(object->due, 2, (int64_t)ids_max);
    return read_ids(object->due, ids, ids_max, count);
}

enum err object_next_due(struct object *object, int64_t after_ms, int64_t *next_ms)
{
    bool row;
    sql_bind_int(object->next_due, 1, after_ms);
    enum err e = sql_step(object->next_due, &row);
    bool any = !e && row && sqlite3_column_type(object->next_due, 0) != SQLITE_NULL;
    *next_ms = any ? sqlite3_column_int64(object->next_due, 0) : INT64_MAX;
    sql_done(object->next_due);
    return e;
}

static void bind_state(sqlite3_stmt *stmt, const struct change *head)
{
    sql_bind_int(stmt, 1, (int64_t)head->id);
    sql_bind_int(stmt, 2, (int64_t)head->seq);
    if (head->expires_ms)
        sql_bind_int(stmt, 3, head->expires_ms);
    else
        sqlite3_bind_null(stmt, 3);
}

enum err object_write(struct object *object, const struct change *head)
{
    if (change_is_removal(head)) {
        sql_bind_int(object->remove, 1, (int64_t)head->id);
        return sql_run(object->remove);
    }
    bind_state(object->update, head);
    enum err e = sql_run(object->update);
    if (e || sqlite3_changes(object->db) > 0)
        return e;
    bind_state(object->insert, head);
    sql_bind_int(object->insert, 4, (int64_t)head->parent);
    sql_bind_int(object->insert, 5, head->kind);
    sql_bind_str(object->insert, 6, head->name);
    return sql_run(object->insert);
}
