#include "store/retention.h"

enum { BITE = 256, GARBAGE_MIN = 4096 };

enum err retention_init(struct retention *retention, sqlite3 *db, uint64_t keep_changes,
                        int64_t keep_ms)
{
    *retention = (struct retention){.db = db, .keep_changes = keep_changes, .keep_ms = keep_ms};
    enum err e = sql_prepare(db,
                             "SELECT max(seq), count(*) FROM (SELECT seq FROM journal"
                             " WHERE seq > ?1 AND seq <= ?2 AND (seq <= ?3 OR updated_ms < ?4)"
                             " ORDER BY seq LIMIT ?5)",
                             &retention->bite);
    if (!e)
        e = sql_prepare(
            db,
            "DELETE FROM journal WHERE seq > ?1 AND seq <= ?2 AND NOT EXISTS (SELECT 1"
            " FROM object WHERE object.id = journal.object AND object.seq = journal.seq)",
            &retention->drop);
    return e;
}

void retention_deinit(struct retention *retention)
{
    sqlite3_finalize(retention->bite);
    sqlite3_finalize(retention->drop);
}

void retention_note_garbage(struct retention *retention, uint64_t seq)
{
    retention->garbage += seq <= retention->swept;
}

static uint64_t floor_by_count(const struct retention *retention, uint64_t seq)
{
    return seq > retention->keep_changes ? seq - retention->keep_changes : 0;
}

static bool wants_new_sweep(const struct retention *retention)
{
    return retention->garbage > GARBAGE_MIN && retention->garbage > retention->kept / 2;
}

bool retention_is_due(const struct retention *retention, uint64_t applied, uint64_t seq)
{
    uint64_t floor = floor_by_count(retention, seq);
    return wants_new_sweep(retention) ||
           retention->swept + BITE < (floor < applied ? floor : applied);
}

static enum err find_bite(struct retention *retention, uint64_t from, uint64_t applied,
                          uint64_t floor, int64_t now_ms, uint64_t *to, uint64_t *count)
{
    sqlite3_stmt *stmt = retention->bite;
    bool row;
    sql_bind_int(stmt, 1, (int64_t)from);
    sql_bind_int(stmt, 2, (int64_t)applied);
    sql_bind_int(stmt, 3, (int64_t)floor);
    sql_bind_int(stmt, 4, now_ms - retention->keep_ms);
    sql_bind_int(stmt, 5, BITE);
    enum err e = sql_step(stmt, &row);
    *to = e ? 0 : (uint64_t)sqlite3_column_int64(stmt, 0);
    *count = e ? 0 : (uint64_t)sqlite3_column_int64(stmt, 1);
    sql_done(stmt);
    return e;
}

enum err retention_bite(struct retention *retention, uint64_t applied, uint64_t seq, int64_t now_ms,
                        uint64_t *dropped, bool *more)
{
    uint64_t to, count;
    *dropped = 0;
    if (wants_new_sweep(retention))
        retention->swept = retention->kept = retention->garbage = 0;
    enum err e = find_bite(retention, retention->swept, applied, floor_by_count(retention, seq),
                           now_ms, &to, &count);
    *more = count == BITE;
    if (e || !count)
        return e;
    sql_bind_int(retention->drop, 1, (int64_t)retention->swept);
    sql_bind_int(retention->drop, 2, (int64_t)to);
    e = sql_run(retention->drop);
    if (e)
        return e;
    *dropped = (uint64_t)sqlite3_changes(retention->db);
    /* Should the transaction be rolled back, the next sweep finds what this one left. */
    retention->kept += count - *dropped;
    retention->swept = to;
    return OK;
}
