/* Plain heads are written in rounds: the ids of all of one moment are sorted, since neighbours
 * share pages, and then written bite by bite. Those that the indexes wait for come before.
 *
 * What can fail: any statement. The transaction is rolled back, memory was not touched, and the
 * same is due again. */
#include "store/behind.h"

enum {
    BITE = CACHE_MANY_MAX,       /* heads written in one go */
    KEYED_MAX = 1024,            /* dirty heads the indexes wait for */
    PLAIN_MAX = 262144,          /* other dirty heads */
    LAG_MAX = 262144,            /* changes that opening has to apply, about */
    STUCK_LAG_MAX = 4 * LAG_MAX, /* while heads cannot be written */
};

enum err behind_init(struct behind *behind, struct transaction *transaction, struct cache *cache,
                     struct object *object, struct retention *retention,
                     struct store_metrics *metrics)
{
    *behind = (struct behind){
        .transaction = transaction,
        .cache = cache,
        .object = object,
        .retention = retention,
        .metrics = metrics,
    };
    return sql_prepare(transaction->db,
                       "UPDATE progress SET applied = ?1, last_seq = max(last_seq, ?2)",
                       &behind->progress);
}

void behind_deinit(struct behind *behind)
{
    sqlite3_finalize(behind->progress);
    ids_deinit(&behind->round);
    ids_deinit(&behind->scratch);
}

static enum err write_progress(struct behind *behind, uint64_t seq, uint64_t applied)
{
    sql_bind_int(behind->progress, 1, (int64_t)applied);
    sql_bind_int(behind->progress, 2, (int64_t)seq);
    return sql_run(behind->progress);
}

/* While a crash is made up for, a head may have the name of another one whose later state is in the
 * table: it waits for its own later state, and becomes NULL. SQLite undoes that statement alone. */
static enum err write_row(struct behind *behind, struct cached **entry)
{
    enum err e = object_write(behind->object, (*entry)->head);
    if (e != ERR_STORE || sqlite3_errcode(behind->transaction->db) != SQLITE_CONSTRAINT)
        return e;
    *entry = NULL;
    return OK;
}

static enum err write_rows(struct behind *behind, uint64_t seq, struct cached **entries,
                           size_t count)
{
    uint64_t applied = cache_applied(behind->cache, seq);
    size_t skipped = 0;
    enum err e = transaction_begin(behind->transaction);
    for (size_t i = 0; !e && i < count; i++) {
        e = write_row(behind, &entries[i]);
        skipped += !entries[i];
    }
    if (!e && skipped == count)
        e = ERR_STORE;
    if (!e)
        e = write_progress(behind, seq, applied);
    behind->skipped = skipped;
    return e ? e : transaction_commit(behind->transaction);
}

static enum err write_heads(struct behind *behind, uint64_t seq, struct cached **entries,
                            size_t count)
{
    if (behind->transaction->unsure)
        return ERR_UNSURE;
    enum err e = write_rows(behind, seq, entries, count);
    behind->failed = e != OK;
    if (e)
        return transaction_roll_back(behind->transaction, e);
    for (size_t i = 0; i < count; i++) {
        if (!entries[i])
            continue;
        if (entries[i]->stored_seq)
            retention_note_garbage(behind->retention, entries[i]->stored_seq);
        cache_written(behind->cache, entries[i]);
    }
    metric_add(&behind->metrics->heads_written, count - behind->skipped);
    return OK;
}

/* Oldest first. */
static enum err write_keyed(struct behind *behind, uint64_t seq)
{
    struct cached *entries[BITE];
    size_t count = 0;
    struct ring *keyed = &behind->cache->keyed;
    for (struct ring *at = keyed->next; at != keyed && count < BITE; at = at->next)
        entries[count++] = ring_of(at, struct cached, place);
    return count ? write_heads(behind, seq, entries, count) : OK;
}

enum err behind_write_keyed(struct behind *behind, uint64_t seq)
{
    enum err e = OK;
    while (!e && behind->cache->keyed_count)
        e = write_keyed(behind, seq);
    return e;
}

enum err behind_write_keyed_of(struct behind *behind, uint64_t seq, uint64_t parent, enum kind kind)
{
    return cache_is_keyed(behind->cache, parent, kind) ? behind_write_keyed(behind, seq) : OK;
}

static void start_round(struct behind *behind)
{
    cache_take_plain(behind->cache, &behind->round);
    ids_sort(&behind->round, &behind->scratch);
    behind->round_at = 0;
}

static enum err write_round(struct behind *behind, uint64_t seq)
{
    struct cached *entries[BITE];
    const uint64_t *ids = behind->round.ptr + behind->round_at;
    size_t rest = behind->round.count - behind->round_at, bite = rest < BITE ? rest : BITE;
    size_t count = 0;
    cache_prefetch(behind->cache, ids, bite);
    for (size_t i = 0; i < bite; i++) {
        struct cached *entry = cache_get(behind->cache, ids[i]);
        if (entry && entry->dirty && (!count || entries[count - 1] != entry))
            entries[count++] = entry;
    }
    enum err e = count ? write_heads(behind, seq, entries, count) : OK;
    if (!e)
        behind->round_at += bite;
    return e;
}

/* Too much memory is dirty, or too many changes are to be applied after a crash. */
static bool lags(const struct behind *behind, uint64_t seq)
{
    const struct cache *cache = behind->cache;
    return cache->dirty_bytes > cache->bytes_max / 4 || seq - cache_applied(cache, seq) > LAG_MAX;
}

static bool keyed_is_due(const struct behind *behind, uint64_t seq, bool idle)
{
    size_t count = behind->cache->keyed_count;
    return count > KEYED_MAX / 2 || (count && (idle || lags(behind, seq)));
}

static bool round_is_due(const struct behind *behind, uint64_t seq, bool idle)
{
    size_t count = behind->cache->plain_ids.count;
    return behind->round_at < behind->round.count || count > PLAIN_MAX / 2 ||
           (count && (idle || lags(behind, seq)));
}

bool behind_is_overrun(const struct behind *behind)
{
    const struct cache *cache = behind->cache;
    return cache->keyed_count > KEYED_MAX || cache->plain_count > PLAIN_MAX ||
           cache->dirty_bytes > cache->bytes_max / 2;
}

bool behind_is_stuck(const struct behind *behind, uint64_t seq)
{
    bool lags = seq - cache_applied(behind->cache, seq) > STUCK_LAG_MAX;
    return (behind->failed && behind_is_overrun(behind)) ||
           ((behind->failed || behind->skipped) && lags);
}

enum err behind_write_bite(struct behind *behind, uint64_t seq, bool idle)
{
    enum err e = keyed_is_due(behind, seq, idle) ? write_keyed(behind, seq) : OK;
    if (e || !round_is_due(behind, seq, idle))
        return e;
    if (behind->round_at == behind->round.count)
        start_round(behind);
    return write_round(behind, seq);
}

bool behind_is_due(const struct behind *behind, uint64_t seq, bool idle)
{
    return keyed_is_due(behind, seq, idle) || round_is_due(behind, seq, idle);
}

static enum err drop_bite(struct behind *behind, uint64_t seq, int64_t now_ms, uint64_t *dropped,
                          bool *more)
{
    uint64_t applied = cache_applied(behind->cache, seq);
    enum err e = transaction_begin(behind->transaction);
    if (!e)
        e = retention_bite(behind->retention, applied, seq, now_ms, dropped, more);
    if (!e)
        e = write_progress(behind, seq, applied);
    return e ? e : transaction_commit(behind->transaction);
}

enum err behind_drop_changes(struct behind *behind, uint64_t seq, int64_t now_ms, bool *more)
{
    uint64_t dropped = 0;
    struct sweep before = behind->retention->sweep;
    enum err e = drop_bite(behind, seq, now_ms, &dropped, more);
    if (e) {
        behind->retention->sweep = before;
        return transaction_roll_back(behind->transaction, e);
    }
    metric_add(&behind->metrics->changes_dropped, dropped);
    return OK;
}
