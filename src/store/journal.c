#include "store/journal.h"

enum err journal_init(struct journal *journal, sqlite3 *db)
{
    *journal = (struct journal){0};
    enum err e = sql_prepare(db, "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                             &journal->insert);
    if (!e)
        e = sql_prepare(db, "SELECT " JOURNAL_COLUMNS " FROM journal j WHERE seq = ?",
                        &journal->select);
    if (!e)
        e = sql_prepare(db,
                        "SELECT " JOURNAL_COLUMNS
                        " FROM journal j WHERE seq > ? ORDER BY seq LIMIT ?",
                        &journal->tail);
    return e;
}

void journal_deinit(struct journal *journal)
{
    sqlite3_finalize(journal->insert);
    sqlite3_finalize(journal->select);
    sqlite3_finalize(journal->tail);
}

enum err journal_append(struct journal *journal, const struct change *change)
{
    sqlite3_stmt *stmt = journal->insert;
    sql_bind_int(stmt, 1, (int64_t)change->seq);
    sql_bind_int(stmt, 2, (int64_t)change->prev);
    sql_bind_int(stmt, 3, (int64_t)change->id);
    sql_bind_int(stmt, 4, (int64_t)change->parent);
    sql_bind_int(stmt, 5, change->kind);
    sql_bind_int(stmt, 6, change->event);
    sql_bind_int(stmt, 7, (int64_t)change->salt);
    sql_bind_int(stmt, 8, (int64_t)change->revision);
    sql_bind_int(stmt, 9, change->created_ms);
    sql_bind_int(stmt, 10, change->updated_ms);
    if (change->expires_ms)
        sql_bind_int(stmt, 11, change->expires_ms);
    else
        sqlite3_bind_null(stmt, 11);
    sql_bind_str(stmt, 12, change->name);
    sql_bind_str(stmt, 13, change->creator);
    sql_bind_str(stmt, 14, change->author);
    sql_bind_str(stmt, 15, change->data);
    return sql_run(stmt);
}

struct change *journal_read_row(sqlite3_stmt *stmt)
{
    struct change row = {
        .seq = (uint64_t)sqlite3_column_int64(stmt, 0),
        .prev = (uint64_t)sqlite3_column_int64(stmt, 1),
        .id = (uint64_t)sqlite3_column_int64(stmt, 2),
        .parent = (uint64_t)sqlite3_column_int64(stmt, 3),
        .kind = (enum kind)sqlite3_column_int(stmt, 4),
        .event = (enum event)sqlite3_column_int(stmt, 5),
        .salt = (uint64_t)sqlite3_column_int64(stmt, 6),
        .revision = (uint64_t)sqlite3_column_int64(stmt, 7),
        .created_ms = sqlite3_column_int64(stmt, 8),
        .updated_ms = sqlite3_column_int64(stmt, 9),
        .expires_ms = sqlite3_column_int64(stmt, 10),
        .name = sql_column_str(stmt, 11),
        .creator = sql_column_str(stmt, 12),
        .author = sql_column_str(stmt, 13),
        .data = sql_column_str(stmt, 14),
    };
    return change_new(&row);
}

enum err journal_read_rows(sqlite3_stmt *stmt, struct change **changes, size_t max, size_t *count)
{
    enum err e = OK;
    bool row = true;
    *count = 0;
    while (!e && row && *count < max) {
        e = sql_step(stmt, &row);
        if (!e && row)
            changes[(*count)++] = journal_read_row(stmt);
    }
    sql_done(stmt);
    while (e && *count)
        change_unref(changes[--*count]);
    return e;
}

enum err journal_get(struct journal *journal, uint64_t seq, struct change **change)
{
    size_t count;
    sql_bind_int(journal->select, 1, (int64_t)seq);
    enum err e = journal_read_rows(journal->select, change, 1, &count);
    if (e || !count)
        *change = NULL;
    return e;
}

enum err journal_tail(struct journal *journal, uint64_t after, struct change **changes,
                      size_t changes_max, size_t *count)
{
    sql_bind_int(journal->tail, 1, (int64_t)after);
    sql_bind_int(journal->tail, 2, (int64_t)changes_max);
    return journal_read_rows(journal->tail, changes, changes_max, count);
}
