#include "store/retention.h"

enum { BITE = 512, GARBAGE_MIN = 4096, LOOK_MIN_MS = 1000 };

/* The old rows that come next. */
struct bite {
    uint64_t to; /* the last one; 0: there is none */
    uint64_t count;
    int64_t young_ms; /* when the first one behind them was written; INT64_MAX: there is none */
};

enum err retention_init(struct retention *retention, sqlite3 *db, uint64_t keep_changes,
                        int64_t keep_ms)
{
    *retention = (struct retention){.db = db, .keep_changes = keep_changes, .keep_ms = keep_ms};
    enum err e = sql_prepare(db,
                             "SELECT seq, updated_ms FROM journal WHERE seq > ? AND seq <= ?"
                             " ORDER BY seq LIMIT ?",
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

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void start_sweep(struct retention *retention)
{
    retention->swept = retention->kept = retention->garbage = 0;
    retention->look_ms = 0;
}

bool retention_is_due(const struct retention *retention, uint64_t applied, uint64_t seq,
                      int64_t now_ms)
{
    uint64_t floor = least(floor_by_count(retention, seq), applied);
    return wants_new_sweep(retention) || retention->swept + BITE < floor ||
           (retention->swept < applied && now_ms >= retention->look_ms);
}

static enum err find_bite(struct retention *retention, uint64_t applied, uint64_t floor,
                          int64_t now_ms, struct bite *bite)
{
    sqlite3_stmt *stmt = retention->bite;
    bool row = true;
    enum err e = OK;
    *bite = (struct bite){.young_ms = INT64_MAX};
    sql_bind_int(stmt, 1, (int64_t)retention->swept);
    sql_bind_int(stmt, 2, (int64_t)applied);
    sql_bind_int(stmt, 3, BITE);
    while (!(e = sql_step(stmt, &row)) && row) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        int64_t updated_ms = sqlite3_column_int64(stmt, 1);
        if (seq > floor && updated_ms >= now_ms - retention->keep_ms) {
            bite->young_ms = updated_ms;
            break;
        }
        bite->to = seq;
        bite->count++;
    }
    sql_done(stmt);
    return e;
}

static enum err drop(struct retention *retention, const struct bite *bite, uint64_t *dropped)
{
    if (!bite->count)
        return OK;
    sql_bind_int(retention->drop, 1, (int64_t)retention->swept);
    sql_bind_int(retention->drop, 2, (int64_t)bite->to);
    enum err e = sql_run(retention->drop);
    if (e)
        return e;
    *dropped = (uint64_t)sqlite3_changes(retention->db);
    retention->kept += bite->count - *dropped;
    retention->swept = bite->to;
    return OK;
}

/* All there is for now has been dropped: when to look again? */
static void rest(struct retention *retention, const struct bite *bite, uint64_t floor,
                 int64_t now_ms)
{
    int64_t young_ms = bite->young_ms < now_ms ? bite->young_ms : now_ms;
    int64_t wait_ms = young_ms - now_ms + retention->keep_ms;
    if (wait_ms < LOOK_MIN_MS)
        wait_ms = LOOK_MIN_MS;
    retention->look_ms = now_ms > INT64_MAX - wait_ms ? INT64_MAX : now_ms + wait_ms;
    if (retention->swept < floor)
        retention->swept = floor;
}

enum err retention_bite(struct retention *retention, uint64_t applied, uint64_t seq, int64_t now_ms,
                        uint64_t *dropped, bool *more)
{
    uint64_t floor = least(floor_by_count(retention, seq), applied);
    struct bite bite;
    *dropped = 0;
    *more = false;
    if (wants_new_sweep(retention))
        start_sweep(retention);
    enum err e = find_bite(retention, applied, floor, now_ms, &bite);
    if (!e)
        e = drop(retention, &bite, dropped);
    if (e)
        return e;
    *more = bite.count == BITE;
    if (!*more)
        rest(retention, &bite, floor, now_ms);
    return OK;
}
