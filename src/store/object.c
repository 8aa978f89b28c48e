#include "store/object.h"

#include "store/journal.h"

#define HEADS "SELECT " JOURNAL_COLUMNS " FROM object o JOIN journal j ON j.seq = o.seq "

enum err object_init(struct object *object, sqlite3 *db)
{
    *object = (struct object){.db = db};
    const struct {
        sqlite3_stmt **stmt;
        const char *text;
    } all[] = {
        {&object->get, HEADS "WHERE o.id = ?"},
        {&object->find, "SELECT id FROM object WHERE parent = ? AND kind = ? AND name = ?"},
        {&object->page_up, HEADS "WHERE o.parent = ?1 AND o.kind = ?2 AND o.id > ?3"
                                 " ORDER BY o.id LIMIT ?4"},
        {&object->page_down, HEADS "WHERE o.parent = ?1 AND o.kind = ?2 AND o.id < ?3"
                                   " ORDER BY o.id DESC LIMIT ?4"},
        {&object->due, HEADS "WHERE o.expires_ms <= ? ORDER BY o.expires_ms LIMIT ?"},
        {&object->next_due, "SELECT min(expires_ms) FROM object WHERE expires_ms > ?"},
        {&object->update, "UPDATE object SET seq = ?2, expires_ms = ?3 WHERE id = ?1"},
        {&object->insert, "INSERT INTO object (id, seq, expires_ms, parent, kind, name)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
        {&object->remove, "DELETE FROM object WHERE id = ?"},
    };
    enum err e = OK;
    for (size_t i = 0; !e && i < sizeof all / sizeof *all; i++)
        e = sql_prepare(db, all[i].text, all[i].stmt);
    return e;
}

void object_deinit(struct object *object)
{
    sqlite3_finalize(object->get);
    sqlite3_finalize(object->find);
    sqlite3_finalize(object->page_up);
    sqlite3_finalize(object->page_down);
    sqlite3_finalize(object->due);
    sqlite3_finalize(object->next_due);
    sqlite3_finalize(object->update);
    sqlite3_finalize(object->insert);
    sqlite3_finalize(object->remove);
}

enum err object_get(struct object *object, uint64_t id, struct change **head)
{
    size_t count;
    sql_bind_int(object->get, 1, (int64_t)id);
    enum err e = journal_read_rows(object->get, head, 1, &count);
    if (e || !count)
        *head = NULL;
    return e;
}

enum err object_find(struct object *object, uint64_t parent, enum kind kind, struct str name,
                     uint64_t *id)
{
    bool row;
    sql_bind_int(object->find, 1, (int64_t)parent);
    sql_bind_int(object->find, 2, kind);
    sql_bind_str(object->find, 3, name);
    enum err e = sql_step(object->find, &row);
    *id = !e && row ? (uint64_t)sqlite3_column_int64(object->find, 0) : 0;
    sql_done(object->find);
    return e;
}

enum err object_page(struct object *object, const struct store_range *range, struct change **heads,
                     size_t heads_max, size_t *count)
{
    sqlite3_stmt *stmt = range->descending ? object->page_down : object->page_up;
    bool from_end = range->descending && range->beyond == 0;
    sql_bind_int(stmt, 1, (int64_t)range->parent);
    sql_bind_int(stmt, 2, range->kind);
    sql_bind_int(stmt, 3, from_end ? INT64_MAX : (int64_t)range->beyond);
    sql_bind_int(stmt, 4, (int64_t)heads_max);
    return journal_read_rows(stmt, heads, heads_max, count);
}

enum err object_due(struct object *object, int64_t now_ms, struct change **heads, size_t heads_max,
                    size_t *count)
{
    sql_bind_int(object->due, 1, now_ms);
    sql_bind_int(object->due, 2, (int64_t)heads_max);
    return journal_read_rows(object->due, heads, heads_max, count);
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
