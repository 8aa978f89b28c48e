#include "store/retention.h"

#include "store/chunk.h"

enum { BITE = 512, GARBAGE_MIN = 4096, LOOK_MIN_MS = 1000 };

enum err retention_init(struct retention *retention, sqlite3 *db, const struct cache *cache,
                        const struct epochs *epochs, uint64_t keep_changes, int64_t keep_ms)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *text;
    } all[] = {
        {&retention->next, "SELECT last, changes FROM chunk WHERE last > ? AND last <= ?"
                           " ORDER BY last LIMIT 1"},
        {&retention->is_head, "SELECT 1 FROM object WHERE id = ? AND seq = ?"},
        {&retention->shrink, "UPDATE chunk SET changes = ?2 WHERE last = ?1"},
        {&retention->drop, "DELETE FROM chunk WHERE last = ?"},
    };
    *retention = (struct retention){.cache = cache,
                                    .epochs = epochs,
                                    .keep_changes = keep_changes,
                                    .keep_ms = keep_ms};
    buf_init(&retention->left, CHUNK_SIZE_MAX);
    enum err e = OK;
    for (size_t i = 0; !e && i < sizeof all / sizeof *all; i++)
        e = sql_prepare(db, all[i].text, all[i].stmt);
    return e;
}

void retention_deinit(struct retention *retention)
{
    sqlite3_finalize(retention->next);
    sqlite3_finalize(retention->is_head);
    sqlite3_finalize(retention->shrink);
    sqlite3_finalize(retention->drop);
    buf_deinit(&retention->left);
}

void retention_note_garbage(struct retention *retention, uint64_t seq)
{
    retention->sweep.garbage += seq <= retention->sweep.swept;
}

static uint64_t floor_by_count(const struct retention *retention, uint64_t seq)
{
    return epochs_back(retention->epochs, seq, retention->keep_changes);
}

static bool wants_new_sweep(const struct sweep *sweep)
{
    return sweep->garbage > GARBAGE_MIN && sweep->garbage > sweep->kept / 2;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool retention_is_due(const struct retention *retention, uint64_t applied, uint64_t seq,
                      int64_t now_ms)
{
    const struct sweep *sweep = &retention->sweep;
    uint64_t floor = least(floor_by_count(retention, seq), applied);
    return wants_new_sweep(sweep) || sweep->swept + BITE < floor ||
           (sweep->swept < applied && now_ms >= sweep->look_ms);
}

/* Of one chunk. */
struct sifting {
    uint64_t count; /* of its changes */
    uint64_t kept;
};

static enum err is_head(struct retention *retention, const struct change *change, bool *head)
{
    uint64_t stored;
    if (cache_knows_stored(retention->cache, change->id, &stored)) {
        *head = stored == change->seq;
        return OK;
    }
    sql_bind_int(retention->is_head, 1, (int64_t)change->id);
    sql_bind_int(retention->is_head, 2, (int64_t)change->seq);
    enum err e = sql_step(retention->is_head, head);
    sql_done(retention->is_head);
    return e;
}

/* Nobody can tell what is in it: all is kept, and the sweep goes on. Who reads one of its changes
 * is told. */
static enum err keep_broken(struct sifting *sifting)
{
    *sifting = (struct sifting){.count = 1, .kept = 1};
    return OK;
}

/* Leave its heads in `left`. */
static enum err sift(struct retention *retention, struct str text, struct sifting *sifting)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    *sifting = (struct sifting){0};
    buf_clear(&retention->left);
    chunk_reader_init(&reader, text);
    while (chunk_next(&reader, &entry)) {
        struct change change;
        bool head;
        if (!chunk_read(&entry, &change))
            return keep_broken(sifting);
        enum err e = is_head(retention, &change, &head);
        if (e)
            return e;
        sifting->count++;
        if (!head)
            continue;
        sifting->kept++;
        chunk_add_text(&retention->left, entry.text);
    }
    return reader.broken ? keep_broken(sifting) : OK;
}

/* When the last change of a chunk was made. A broken one counts as old. */
static int64_t made_ms(struct str text)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    struct change change = {0};
    chunk_reader_init(&reader, text);
    while (chunk_next(&reader, &entry))
        ;
    return !reader.broken && chunk_read(&entry, &change) ? change.updated_ms : 0;
}

/* The chunk that comes next in a sweep. */
struct next {
    uint64_t last;    /* its key; 0: there is none that the object table knows all of */
    bool young;       /* it is not old enough; it was not sifted */
    int64_t young_ms; /* then: when its last change was made */
    struct sifting sifting;
};

static enum err look_at(struct retention *retention, struct str text, uint64_t floor,
                        int64_t now_ms, struct next *next)
{
    if (next->last > floor) {
        next->young_ms = made_ms(text);
        next->young = next->young_ms >= now_ms - retention->keep_ms;
    }
    return next->young ? OK : sift(retention, text, &next->sifting);
}

static enum err find_next(struct retention *retention, uint64_t applied, uint64_t floor,
                          int64_t now_ms, struct next *next)
{
    sqlite3_stmt *stmt = retention->next;
    bool row;
    *next = (struct next){.young_ms = INT64_MAX};
    sql_bind_int(stmt, 1, (int64_t)retention->sweep.swept);
    sql_bind_int(stmt, 2, (int64_t)applied);
    enum err e = sql_step(stmt, &row);
    if (!e && row) {
        next->last = (uint64_t)sqlite3_column_int64(stmt, 0);
        e = look_at(retention, sql_column_str(stmt, 1), floor, now_ms, next);
    }
    sql_done(stmt);
    return e;
}

static enum err write_left(struct retention *retention, const struct next *next)
{
    const struct sifting *sifting = &next->sifting;
    sqlite3_stmt *stmt = sifting->kept ? retention->shrink : retention->drop;
    sql_bind_int(stmt, 1, (int64_t)next->last);
    if (sifting->kept)
        sql_bind_str(stmt, 2, buf_str(&retention->left));
    return sql_run(stmt);
}

/* All there is for now has been dropped: when to look again? */
static void rest(struct retention *retention, const struct next *next, uint64_t floor,
                 int64_t now_ms)
{
    struct sweep *sweep = &retention->sweep;
    int64_t young_ms = next->young_ms < now_ms ? next->young_ms : now_ms;
    int64_t wait_ms = young_ms - now_ms + retention->keep_ms;
    if (wait_ms < LOOK_MIN_MS)
        wait_ms = LOOK_MIN_MS;
    sweep->look_ms = now_ms > INT64_MAX - wait_ms ? INT64_MAX : now_ms + wait_ms;
    if (sweep->swept < floor)
        sweep->swept = floor;
}

/* A chunk of which more than half is kept is not worth writing anew yet. */
static enum err sweep_one(struct retention *retention, const struct next *next, uint64_t *dropped)
{
    const struct sifting *sifting = &next->sifting;
    struct sweep *sweep = &retention->sweep;
    uint64_t dead = sifting->count - sifting->kept;
    bool leave = sifting->kept > dead;
    enum err e = leave ? OK : write_left(retention, next);
    if (e)
        return e;
    sweep->kept += leave ? sifting->count : sifting->kept;
    *dropped += leave ? 0 : dead;
    sweep->swept = next->last;
    return OK;
}

enum err retention_bite(struct retention *retention, uint64_t applied, uint64_t seq, int64_t now_ms,
                        uint64_t *dropped, bool *more)
{
    uint64_t floor = least(floor_by_count(retention, seq), applied), looked_at = 0;
    enum err e = OK;
    *dropped = 0;
    *more = true;
    if (wants_new_sweep(&retention->sweep))
        retention->sweep = (struct sweep){0};
    while (!e && looked_at < BITE) {
        struct next next;
        e = find_next(retention, applied, floor, now_ms, &next);
        *more = !e && next.last && !next.young;
        if (!e && !*more)
            rest(retention, &next, floor, now_ms);
        if (!*more)
            break;
        looked_at += next.sifting.count;
        e = sweep_one(retention, &next, dropped);
    }
    return e;
}
