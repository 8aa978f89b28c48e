/* How a change travels: a commit appends it to the journal, and that is all the disk sees of
 * it then; in memory it becomes its object's head (cache.h). Tidying writes heads to the object
 * table behind, many at a time and sorted by id, in transactions that are not synced: if one is
 * lost in a crash, opening applies the same changes from the journal again.
 *
 * What can fail: any statement, for want of space or with an I/O error. The transaction is
 * rolled back and memory was not touched. After a failed fsync nobody knows what the disk
 * holds, so from then on everything is ERR_UNSURE. */
#include "store/sqlite.h"

#include "base/mem.h"
#include "store/cache.h"
#include "store/checkpoint.h"
#include "store/journal.h"
#include "store/object.h"
#include "store/retention.h"
#include "store/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE_SIZE = 4096,
    BITE = 128,          /* heads written in one go */
    KEYED_MAX = 1024,    /* dirty heads the indexes wait for */
    PLAIN_MAX = 65536,   /* other dirty heads */
    LAG_MAX = 131072,    /* changes that opening has to apply, about */
    RECOVERY_BITE = 256, /* changes applied in one go */
};

struct sqlite {
    struct store store;
    sqlite3 *db;
    struct journal journal;
    struct object object;
    struct retention retention;
    struct checkpoint *checkpoint;
    struct cache cache;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    sqlite3_stmt *progress;
    uint64_t seq;
    uint64_t *round; /* ids of the dirty heads being written, sorted */
    size_t round_count;
    size_t round_at;
    bool unsure;
};

static struct sqlite *of(struct store *store)
{
    return (struct sqlite *)store;
}

static enum err fail(struct sqlite *sqlite, enum err e)
{
    if (!e)
        return OK;
    why_set(&sqlite->store.failure, "%s", sqlite3_errmsg(sqlite->db));
    if (e == ERR_UNSURE)
        sqlite->unsure = true;
    return e;
}

/* A statement of a transaction failed: take it back. */
static enum err roll_back(struct sqlite *sqlite, enum err e)
{
    fail(sqlite, e);
    if (!sqlite3_get_autocommit(sqlite->db) && sql_run(sqlite->rollback) != OK)
        sqlite->unsure = true;
    return sqlite->unsure ? ERR_UNSURE : e;
}

static void show_metrics(struct sqlite *sqlite)
{
    struct store_metrics *metrics = &sqlite->store.metrics;
    const struct cache *cache = &sqlite->cache;
    metric_set(&metrics->heads_cached, cache->by_id.count);
    metric_set(&metrics->heads_dirty, cache->keyed_count + cache->plain_count);
    metric_set(&metrics->cache_bytes, cache->bytes);
    metric_set(&metrics->wal_bytes, (uint64_t)checkpoint_pages(sqlite->checkpoint) * PAGE_SIZE);
}

/* --- reading --- */

static enum err load(struct sqlite *sqlite, uint64_t id, struct cached **entry)
{
    struct change *head;
    *entry = cache_get(&sqlite->cache, id);
    metric_add(*entry ? &sqlite->store.metrics.cache_hits : &sqlite->store.metrics.cache_misses, 1);
    if (*entry)
        return OK;
    enum err e = object_get(&sqlite->object, id, &head);
    if (!e && head)
        *entry = cache_add_stored(&sqlite->cache, head);
    return fail(sqlite, e);
}

static struct change *live_head(const struct cached *entry)
{
    return entry && !change_is_removal(entry->head) ? change_ref(entry->head) : NULL;
}

static enum err get(struct store *store, uint64_t id, struct change **head)
{
    struct cached *entry;
    enum err e = load(of(store), id, &entry);
    *head = e ? NULL : live_head(entry);
    return e;
}

static enum err find(struct store *store, uint64_t parent, enum kind kind, struct str name,
                     struct change **head)
{
    struct sqlite *sqlite = of(store);
    struct cached *entry = cache_find(&sqlite->cache, parent, kind, name);
    uint64_t id;
    *head = live_head(entry);
    if (entry)
        return OK;
    enum err e = object_find(&sqlite->object, parent, kind, name, &id);
    if (e || !id)
        return fail(sqlite, e);
    return get(store, id, head);
}

static enum err change(struct store *store, uint64_t seq, struct change **change)
{
    return fail(of(store), journal_get(&of(store)->journal, seq, change));
}

static enum err tail(struct store *store, uint64_t after, struct change **changes,
                     size_t changes_max, size_t *count)
{
    return fail(of(store), journal_tail(&of(store)->journal, after, changes, changes_max, count));
}

/* --- writing --- */

/* Once its last page is in the log, a transaction may be back after a crash, whatever else of
 * the commit fails. Only these two are always said before. */
static enum err finish(struct sqlite *sqlite)
{
    enum err e = sql_run(sqlite->commit);
    int code = e ? sqlite3_errcode(sqlite->db) : SQLITE_OK;
    return e && code != SQLITE_FULL && code != SQLITE_BUSY ? ERR_UNSURE : e;
}

static enum err append_all(struct sqlite *sqlite, struct change *const *changes, size_t count)
{
    enum err e = sql_run(sqlite->begin);
    for (size_t i = 0; !e && i < count; i++) {
        assert(changes[i]->seq == sqlite->seq + 1 + i);
        e = journal_append(&sqlite->journal, changes[i]);
    }
    return e ? e : finish(sqlite);
}

static enum err commit(struct store *store, struct change *const *changes, size_t count)
{
    struct sqlite *sqlite = of(store);
    if (sqlite->unsure)
        return ERR_UNSURE;
    enum err e = append_all(sqlite, changes, count);
    if (e) {
        metric_add(&store->metrics.commit_failures, 1);
        return roll_back(sqlite, e);
    }
    for (size_t i = 0; i < count; i++)
        cache_commit(&sqlite->cache, changes[i]);
    sqlite->seq += count;
    metric_add(&store->metrics.commits, 1);
    metric_add(&store->metrics.changes, count);
    show_metrics(sqlite);
    return OK;
}

/* --- writing behind --- */

/* Not statements prepared once: this pragma acts when it is prepared, not when it is run. */
static enum err sync_commits(struct sqlite *sqlite, bool sync)
{
    return sql_exec(sqlite->db, sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

static enum err write_progress(struct sqlite *sqlite, uint64_t applied)
{
    sql_bind_int(sqlite->progress, 1, (int64_t)applied);
    sql_bind_int(sqlite->progress, 2, (int64_t)sqlite->seq);
    return sql_run(sqlite->progress);
}

static enum err write_rows(struct sqlite *sqlite, struct cached *const *entries, size_t count,
                           uint64_t applied)
{
    enum err e = sql_run(sqlite->begin);
    for (size_t i = 0; !e && i < count; i++)
        e = object_write(&sqlite->object, entries[i]->head);
    if (!e)
        e = write_progress(sqlite, applied);
    return e ? e : sql_run(sqlite->commit);
}

/* Not synced: see the head of this file. */
static enum err write_heads(struct sqlite *sqlite, struct cached *const *entries, size_t count)
{
    uint64_t applied = cache_applied(&sqlite->cache, sqlite->seq);
    if (sqlite->unsure)
        return ERR_UNSURE;
    enum err e = sync_commits(sqlite, false);
    if (!e)
        e = write_rows(sqlite, entries, count, applied);
    if (e)
        e = roll_back(sqlite, e);
    enum err restored = sync_commits(sqlite, true);
    if (restored)
        sqlite->unsure = true; /* never commit unsynced by accident */
    if (e || restored)
        return e ? e : fail(sqlite, ERR_UNSURE);
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->stored_seq)
            retention_note_garbage(&sqlite->retention, entries[i]->stored_seq);
        cache_written(&sqlite->cache, entries[i]);
    }
    metric_add(&sqlite->store.metrics.heads_written, count);
    return OK;
}

/* Oldest first. */
static enum err write_keyed(struct sqlite *sqlite, size_t max)
{
    struct cached *entries[BITE];
    size_t count = 0;
    struct ring *keyed = &sqlite->cache.keyed;
    for (struct ring *at = keyed->next; at != keyed && count < BITE && count < max; at = at->next)
        entries[count++] = ring_of(at, struct cached, place);
    return count ? write_heads(sqlite, entries, count) : OK;
}

static enum err write_all_keyed(struct sqlite *sqlite)
{
    enum err e = OK;
    while (!e && sqlite->cache.keyed_count)
        e = write_keyed(sqlite, BITE);
    return e;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* All dirty heads of now, sorted: neighbours share pages. */
static void start_round(struct sqlite *sqlite)
{
    struct ring *plain = &sqlite->cache.plain;
    sqlite->round_at = sqlite->round_count = 0;
    for (struct ring *at = plain->next; at != plain && sqlite->round_count < PLAIN_MAX;
         at = at->next)
        sqlite->round[sqlite->round_count++] = ring_of(at, struct cached, place)->head->id;
    qsort(sqlite->round, sqlite->round_count, sizeof *sqlite->round, compare_ids);
}

static enum err write_round(struct sqlite *sqlite)
{
    struct cached *entries[BITE];
    size_t count = 0;
    while (count < BITE && sqlite->round_at < sqlite->round_count) {
        struct cached *entry = cache_get(&sqlite->cache, sqlite->round[sqlite->round_at++]);
        if (entry && entry->dirty)
            entries[count++] = entry;
    }
    return count ? write_heads(sqlite, entries, count) : OK;
}

/* Too much memory is dirty, or too many changes are to be applied after a crash. */
static bool is_behind(const struct sqlite *sqlite)
{
    const struct cache *cache = &sqlite->cache;
    return cache->dirty_bytes > cache->bytes_max / 4 ||
           sqlite->seq - cache_applied(cache, sqlite->seq) > LAG_MAX;
}

static bool keyed_is_due(const struct sqlite *sqlite, bool idle)
{
    size_t count = sqlite->cache.keyed_count;
    return count > KEYED_MAX / 2 || (count && (idle || is_behind(sqlite)));
}

static bool round_is_due(const struct sqlite *sqlite, bool idle)
{
    size_t count = sqlite->cache.plain_count;
    return sqlite->round_at < sqlite->round_count || count > PLAIN_MAX / 2 ||
           (count && (idle || is_behind(sqlite)));
}

/* More than bites of this size can keep up with: the commits have to wait. */
static bool is_overrun(const struct sqlite *sqlite)
{
    const struct cache *cache = &sqlite->cache;
    return cache->keyed_count > KEYED_MAX || cache->plain_count > PLAIN_MAX ||
           cache->dirty_bytes > cache->bytes_max / 2;
}

static enum err tidy_bite(struct sqlite *sqlite, bool idle)
{
    enum err e = keyed_is_due(sqlite, idle) ? write_keyed(sqlite, BITE) : OK;
    if (e || !round_is_due(sqlite, idle))
        return e;
    if (sqlite->round_at == sqlite->round_count)
        start_round(sqlite);
    return write_round(sqlite);
}

static enum err tidy_heads(struct sqlite *sqlite, bool idle)
{
    enum err e = tidy_bite(sqlite, idle);
    while (!e && is_overrun(sqlite))
        e = tidy_bite(sqlite, idle);
    return e;
}

static enum err drop_bite(struct sqlite *sqlite, uint64_t applied, int64_t now_ms,
                          uint64_t *dropped, bool *more)
{
    enum err e = sql_run(sqlite->begin);
    if (!e)
        e = retention_bite(&sqlite->retention, applied, sqlite->seq, now_ms, dropped, more);
    if (!e)
        e = write_progress(sqlite, applied);
    return e ? e : sql_run(sqlite->commit);
}

/* Synced with the next commit, like heads. */
static enum err tidy_journal(struct sqlite *sqlite, int64_t now_ms, bool *more)
{
    uint64_t applied = cache_applied(&sqlite->cache, sqlite->seq), dropped = 0;
    struct retention before = sqlite->retention;
    enum err e = sync_commits(sqlite, false);
    if (!e)
        e = drop_bite(sqlite, applied, now_ms, &dropped, more);
    if (e) {
        sqlite->retention = before;
        e = roll_back(sqlite, e);
    }
    if (sync_commits(sqlite, true) != OK)
        return fail(sqlite, ERR_UNSURE);
    if (!e)
        metric_add(&sqlite->store.metrics.changes_dropped, dropped);
    return e;
}

static enum err tidy(struct store *store, int64_t now_ms, bool idle, bool *more)
{
    struct sqlite *sqlite = of(store);
    bool checkpointed, sweep = false;
    *more = false;
    if (sqlite->unsure)
        return ERR_UNSURE;
    enum err e = tidy_heads(sqlite, idle);
    if (!e && retention_is_due(&sqlite->retention, cache_applied(&sqlite->cache, sqlite->seq),
                               sqlite->seq, now_ms))
        e = tidy_journal(sqlite, now_ms, &sweep);
    if (e)
        return e;
    e = checkpoint_step(sqlite->checkpoint, &checkpointed, &store->failure);
    if (e == ERR_UNSURE)
        sqlite->unsure = true;
    metric_add(&store->metrics.checkpoints, checkpointed);
    *more = sweep || keyed_is_due(sqlite, idle) || round_is_due(sqlite, idle);
    show_metrics(sqlite);
    return e;
}

/* --- ranges --- */

/* What memory knows better than the row just read; false: leave it out. */
static bool bring_up_to_date(struct sqlite *sqlite, struct change **head, int64_t alive_ms)
{
    struct cached *entry = cache_get(&sqlite->cache, (*head)->id);
    if (entry && entry->head->seq != (*head)->seq) {
        change_unref(*head);
        *head = change_ref(entry->head);
    }
    bool expired = alive_ms && (*head)->expires_ms && (*head)->expires_ms <= alive_ms;
    return !change_is_removal(*head) && !expired;
}

static size_t keep_current(struct sqlite *sqlite, struct change **heads, size_t count,
                           int64_t alive_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (bring_up_to_date(sqlite, &heads[i], alive_ms))
            heads[kept++] = heads[i];
        else
            change_unref(heads[i]);
    }
    return kept;
}

static enum err page(struct store *store, const struct store_range *range, struct change **heads,
                     size_t heads_max, size_t *count)
{
    struct sqlite *sqlite = of(store);
    struct store_range rest = *range;
    size_t got = 0;
    *count = 0;
    enum err e = write_all_keyed(sqlite);
    do { /* again only when rows were left out */
        size_t want = heads_max - *count;
        if (!e)
            e = object_page(&sqlite->object, &rest, heads + *count, want, &got);
        if (e)
            break;
        if (got)
            rest.beyond = heads[*count + got - 1]->id;
        *count += keep_current(sqlite, heads + *count, got, range->alive_ms);
        if (got < want)
            break;
    } while (*count < heads_max);
    while (e && *count)
        change_unref(heads[--*count]);
    return fail(sqlite, e);
}

static enum err due(struct store *store, int64_t now_ms, struct change **heads, size_t heads_max,
                    size_t *count, int64_t *next_ms)
{
    struct sqlite *sqlite = of(store);
    *count = 0;
    enum err e = write_all_keyed(sqlite);
    if (!e)
        e = object_due(&sqlite->object, now_ms, heads, heads_max, count);
    if (e)
        return fail(sqlite, e);
    bool all = *count < heads_max;
    *next_ms = now_ms;
    if (all)
        e = object_next_due(&sqlite->object, now_ms, next_ms);
    *count = keep_current(sqlite, heads, *count, 0);
    while (e && *count)
        change_unref(heads[--*count]);
    return fail(sqlite, e);
}

static uint64_t seq(const struct store *store)
{
    return ((const struct sqlite *)store)->seq;
}

/* --- opening and closing --- */

static void write_all(struct sqlite *sqlite)
{
    enum err e = sqlite->unsure ? ERR_UNSURE : write_all_keyed(sqlite);
    while (!e && sqlite->cache.plain_count)
        e = tidy_heads(sqlite, true);
}

static void close_store(struct store *store)
{
    struct sqlite *sqlite = of(store);
    write_all(sqlite); /* what fails is applied from the journal at the next opening */
    checkpoint_free(sqlite->checkpoint);
    retention_deinit(&sqlite->retention);
    object_deinit(&sqlite->object);
    journal_deinit(&sqlite->journal);
    sqlite3_finalize(sqlite->begin);
    sqlite3_finalize(sqlite->commit);
    sqlite3_finalize(sqlite->rollback);
    sqlite3_finalize(sqlite->progress);
    if (sqlite->unsure) /* then nothing may take the log's place */
        sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(sqlite->db); /* the last connection: SQLite checkpoints and removes the log */
    cache_deinit(&sqlite->cache);
    free(sqlite->round);
    free(sqlite);
}

static const struct store_ops ops = {get,  find,   page, due, change,
                                     tail, commit, tidy, seq, close_store};

static enum err configure(sqlite3 *db, size_t wal_size_max)
{
    char text[400];
    snprintf(text, sizeof text,
             "PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
             "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = %zu;"
             "PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
             PAGE_SIZE, wal_size_max);
    return sql_exec(db, text);
}

static enum err prepare(struct sqlite *sqlite, const struct sqlite_options *options)
{
    sqlite3 *db = sqlite->db;
    enum err e = journal_init(&sqlite->journal, db);
    if (!e)
        e = object_init(&sqlite->object, db);
    if (!e)
        e = retention_init(&sqlite->retention, db, options->keep_changes, options->keep_ms);
    if (!e)
        e = sql_prepare(db, "BEGIN IMMEDIATE", &sqlite->begin);
    if (!e)
        e = sql_prepare(db, "COMMIT", &sqlite->commit);
    if (!e)
        e = sql_prepare(db, "ROLLBACK", &sqlite->rollback);
    if (!e)
        e = sql_prepare(db, "UPDATE progress SET applied = ?1, last_seq = ?2", &sqlite->progress);
    return e;
}

static enum err read_progress(struct sqlite *sqlite, uint64_t *applied)
{
    sqlite3_stmt *stmt;
    bool row = false;
    enum err e = sql_prepare(sqlite->db,
                             "SELECT applied, max(last_seq, (SELECT ifnull(max(seq), 0)"
                             " FROM journal)) FROM progress",
                             &stmt);
    if (!e)
        e = sql_step(stmt, &row);
    *applied = row ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite->seq = row ? (uint64_t)sqlite3_column_int64(stmt, 1) : 0;
    sqlite3_finalize(stmt);
    return e;
}

/* What the object table does not know becomes dirty heads, as it was before the crash. */
static enum err recover(struct sqlite *sqlite)
{
    struct change *changes[RECOVERY_BITE];
    uint64_t at;
    size_t count = 0;
    enum err e = read_progress(sqlite, &at);
    while (!e) {
        e = journal_tail(&sqlite->journal, at, changes, RECOVERY_BITE, &count);
        if (e || !count)
            break;
        at = changes[count - 1]->seq;
        for (size_t i = 0; i < count; i++) {
            cache_commit(&sqlite->cache, changes[i]);
            change_unref(changes[i]);
        }
    }
    return e;
}

static enum err open_file(struct sqlite *sqlite, const char *path,
                          const struct sqlite_options *options, struct why *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    enum err e = OK;
    if (sqlite3_open_v2(path, &sqlite->db, flags, options->vfs) != SQLITE_OK)
        e = ERR_STORE;
    if (!e && (e = schema_check(sqlite->db, path, why)))
        return e;
    if (!e)
        e = configure(sqlite->db, options->wal_size_max);
    if (!e && (e = schema_apply(sqlite->db, path, why)))
        return e;
    if (!e)
        e = prepare(sqlite, options);
    if (!e)
        e = recover(sqlite);
    if (e) {
        why_set(why, "%s: %s", path, sqlite3_errmsg(sqlite->db));
        return ERR_CONFIG;
    }
    return checkpoint_new(&sqlite->checkpoint, sqlite->db, path, options->vfs,
                          (unsigned)(options->wal_size_max / PAGE_SIZE), why);
}

enum err sqlite_open(struct store **store, const struct sqlite_options *options, struct why *why)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/tutti.db", options->folder) >= (int)sizeof path) {
        why_set(why, "the data folder's path is too long");
        return ERR_CONFIG;
    }
    /* SQLite would count every byte it allocates, under a lock. Once it is in use it refuses to be
     * told, and then it was told before. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct sqlite *sqlite = mem_zalloc(1, sizeof *sqlite);
    sqlite->store.ops = &ops;
    sqlite->round = mem_alloc(PLAIN_MAX * sizeof *sqlite->round);
    cache_init(&sqlite->cache, options->cache_size_max);
    enum err e = open_file(sqlite, path, options, why);
    if (e) {
        sqlite->unsure = true; /* nothing is behind that could be written */
        close_store(&sqlite->store);
        return e;
    }
    *store = &sqlite->store;
    return OK;
}
