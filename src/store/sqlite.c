/* How a change travels: a commit appends it to the journal, and that is all the disk sees of
 * it then; in memory it becomes its object's head (cache.h). Tidying writes heads to the object
 * table behind (behind.h); reading finds them in memory until then.
 *
 * SQLite's own commits are not synced; the log is synced by store_sync alone. So what tidying
 * writes is on the disk no later than the next commit, which is soon enough for it.
 *
 * What can fail: any statement, for want of space or with an I/O error. The transaction is
 * rolled back and memory was not touched. After a failed fsync everything is ERR_UNSURE
 * (transaction.h). */
#include "store/sqlite.h"

#include "base/mem.h"
#include "store/behind.h"
#include "store/checkpoint.h"
#include "store/epochs.h"
#include "store/folder.h"
#include "store/journal.h"
#include "store/schema.h"
#include "store/wal_rewrite.h"
#include "store/wal_tail.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE_SIZE = 4096,
    RECOVERY_BITE = 256, /* changes applied in one go */
    BITES_MAX = 8,       /* of heads, in one call */
};

struct sqlite {
    struct store store;
    sqlite3 *db;
    struct journal journal;
    struct object object;
    struct retention retention;
    struct checkpoint *checkpoint;
    struct cache cache;
    struct transaction transaction;
    struct behind behind;
    sqlite3_file *log;
    struct epochs epochs;
    uint64_t seq;     /* the next change that is appended comes behind it */
    uint64_t settled; /* that of the last change that reading sees */
    size_t appended;  /* changes that are not settled */
};

static struct sqlite *of(struct store *store)
{
    return (struct sqlite *)store;
}

static void show_metrics(struct sqlite *sqlite)
{
    struct store_metrics *metrics = &sqlite->store.metrics;
    const struct cache *cache = &sqlite->cache;
    metric_set(&metrics->heads_cached, cache->by_id.count);
    metric_set(&metrics->heads_dirty, cache->keyed_count + cache->plain_count);
    metric_set(&metrics->cache_bytes, cache->bytes);
    metric_set(&metrics->checkpoints, checkpoint_rounds(sqlite->checkpoint));
    metric_set(&metrics->wal_bytes, (uint64_t)checkpoint_pages(sqlite->checkpoint) * PAGE_SIZE);
}

/* --- reading --- */

static void note_access(struct sqlite *sqlite, const struct cached *entry)
{
    metric_add(entry ? &sqlite->store.metrics.cache_hits : &sqlite->store.metrics.cache_misses, 1);
}

/* A head just read from the tables; takes the reference. One in memory may be newer: of what a
 * name finds in the tables, a removal. */
static struct cached *add_row(struct sqlite *sqlite, struct change *row)
{
    struct cached *entry = cache_get(&sqlite->cache, row->id);
    if (!entry)
        return cache_add_stored(&sqlite->cache, row);
    change_unref(row);
    return entry;
}

static struct change *live_head(const struct cached *entry)
{
    return entry && !change_is_removal(entry->head) ? change_ref(entry->head) : NULL;
}

/* What the object table points at; 0: nothing. */
static enum err read_head(struct sqlite *sqlite, uint64_t seq, struct change **row)
{
    *row = NULL;
    if (!seq)
        return OK;
    enum err e = journal_get(&sqlite->journal, seq, row);
    return !e && !*row ? ERR_STORE : e; /* the tables contradict each other */
}

static enum err get(struct store *store, uint64_t id, struct change **head)
{
    struct sqlite *sqlite = of(store);
    struct cached *entry = cache_get(&sqlite->cache, id);
    struct change *row;
    uint64_t seq;
    note_access(sqlite, entry);
    *head = live_head(entry);
    if (entry)
        return OK;
    enum err e = object_get(&sqlite->object, id, &seq);
    if (!e)
        e = read_head(sqlite, seq, &row);
    if (!e && row)
        *head = live_head(cache_add_stored(&sqlite->cache, row));
    return transaction_fail(&sqlite->transaction, e);
}

static enum err find(struct store *store, uint64_t parent, enum kind kind, struct str name,
                     struct change **head)
{
    struct sqlite *sqlite = of(store);
    struct cached *entry = cache_find(&sqlite->cache, parent, kind, name);
    struct change *row;
    uint64_t seq;
    note_access(sqlite, entry);
    *head = live_head(entry);
    if (entry)
        return OK;
    enum err e = object_find(&sqlite->object, parent, kind, name, &seq);
    if (!e)
        e = read_head(sqlite, seq, &row);
    if (!e && row)
        *head = live_head(add_row(sqlite, row));
    return transaction_fail(&sqlite->transaction, e);
}

static enum err change(struct store *store, uint64_t seq, struct change **change)
{
    struct sqlite *sqlite = of(store);
    *change = NULL;
    if (seq > sqlite->settled)
        return OK;
    return transaction_fail(&sqlite->transaction, journal_follow(&sqlite->journal, seq, change));
}

static enum err tail(struct store *store, uint64_t after, struct change **changes,
                     size_t changes_max, size_t *count)
{
    struct sqlite *sqlite = of(store);
    enum err e = journal_tail(&sqlite->journal, after, changes, changes_max, count);
    while (!e && *count && changes[*count - 1]->seq > sqlite->settled)
        change_unref(changes[--*count]);
    return transaction_fail(&sqlite->transaction, e);
}

/* --- writing --- */

static enum err append_all(struct sqlite *sqlite, struct change *const *changes, size_t count)
{
    enum err e = transaction_begin(&sqlite->transaction);
    if (!e)
        e = epochs_write(&sqlite->epochs);
    if (!e)
        e = journal_append(&sqlite->journal, changes, count);
    return e ? e : transaction_commit_or_unsure(&sqlite->transaction);
}

/* What is refused may not come back after a crash. A commit that did not get the lock for writing
 * has written nothing. */
static enum err refuse(struct sqlite *sqlite, enum err e)
{
    bool began = sqlite3_errcode(sqlite->db) != SQLITE_BUSY;
    e = transaction_roll_back(&sqlite->transaction, e);
    if (e == ERR_STORE && began && wal_tail_cut(sqlite->db) != OK) {
        why_set(&sqlite->store.failure, "what a refused commit left in the log cannot be cut off");
        sqlite->transaction.unsure = true;
        return ERR_UNSURE;
    }
    return e;
}

static enum err append(struct store *store, struct change *const *changes, size_t count)
{
    struct sqlite *sqlite = of(store);
    if (sqlite->transaction.unsure)
        return ERR_UNSURE;
    assert(!sqlite->appended);
    for (size_t i = 0; i < count; i++)
        assert(changes[i]->seq == sqlite->seq + 1 + i);
    enum err e = behind_is_stuck(&sqlite->behind, sqlite->settled) /* `failure` says why */
                     ? ERR_STORE
                     : checkpoint_admit(sqlite->checkpoint, &store->failure);
    if (e) {
        metric_add(&store->metrics.commit_failures, 1);
        sqlite->transaction.unsure = e == ERR_UNSURE;
        return e;
    }
    e = append_all(sqlite, changes, count);
    if (e) {
        metric_add(&store->metrics.commit_failures, 1);
        return refuse(sqlite, e);
    }
    epochs_written(&sqlite->epochs);
    sqlite->seq += count;
    sqlite->appended = count;
    return OK;
}

static enum err sync_log(struct store *store)
{
    sqlite3_file *log = of(store)->log;
    int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    return code == SQLITE_OK ? OK : ERR_UNSURE;
}

static enum err settle(struct store *store, enum err synced, struct change *const *changes,
                       size_t count)
{
    struct sqlite *sqlite = of(store);
    assert(sqlite->appended == count);
    if (synced)
        why_set(&store->failure, "the write-ahead log could not be synced");
    if (synced || sqlite->transaction.unsure) {
        sqlite->transaction.unsure = true;
        metric_add(&store->metrics.commit_failures, 1);
        return ERR_UNSURE;
    }
    for (size_t i = 0; i < count; i++)
        cache_commit(&sqlite->cache, changes[i]);
    sqlite->settled = sqlite->seq;
    sqlite->appended = 0;
    metric_add(&store->metrics.commits, 1);
    metric_add(&store->metrics.changes, count);
    show_metrics(sqlite);
    return OK;
}

/* More than a bite when the commits would get ahead for good. */
static enum err write_heads_behind(struct sqlite *sqlite, bool idle)
{
    enum err e = behind_write_bite(&sqlite->behind, sqlite->settled, idle);
    for (int bites = 1; !e && bites < BITES_MAX && behind_is_overrun(&sqlite->behind) &&
                        checkpoint_has_room(sqlite->checkpoint);
         bites++)
        e = behind_write_bite(&sqlite->behind, sqlite->settled, idle);
    return e;
}

static enum err write_behind(struct sqlite *sqlite, int64_t now_ms, bool idle, bool *sweep)
{
    uint64_t seq = sqlite->settled;
    enum err e = write_heads_behind(sqlite, idle);
    if (e || !retention_is_due(&sqlite->retention, cache_applied(&sqlite->cache, seq), seq, now_ms))
        return e;
    journal_forget(&sqlite->journal);
    return behind_drop_changes(&sqlite->behind, seq, now_ms, sweep);
}

static enum err shorten_log(struct sqlite *sqlite, bool idle)
{
    bool done;
    enum err e = checkpoint_step(sqlite->checkpoint, idle, &done, &sqlite->store.failure);
    if (e == ERR_UNSURE)
        sqlite->transaction.unsure = true;
    return e;
}

/* What is written behind goes into the log, too: only while that has room. */
static enum err tidy(struct store *store, int64_t now_ms, bool idle, bool *more)
{
    struct sqlite *sqlite = of(store);
    bool sweep = false;
    enum err e = OK;
    *more = false;
    if (sqlite->transaction.unsure)
        return ERR_UNSURE;
    if (checkpoint_has_room(sqlite->checkpoint))
        e = write_behind(sqlite, now_ms, idle, &sweep);
    if (e == ERR_UNSURE)
        return e;
    /* Also when there was no room to write: a log that begins anew makes some. */
    enum err shortened = shorten_log(sqlite, idle);
    if (shortened == ERR_UNSURE || !e)
        e = shortened;
    *more = !e && checkpoint_has_room(sqlite->checkpoint) &&
            (sweep || behind_is_due(&sqlite->behind, sqlite->settled, idle));
    show_metrics(sqlite);
    return e;
}

/* At the second limit nobody stands back: commits are refused there. */
static bool is_pressed(const struct store *store)
{
    const struct sqlite *sqlite = (const struct sqlite *)store;
    return checkpoint_is_full(sqlite->checkpoint) ||
           (behind_is_overrun(&sqlite->behind) && checkpoint_has_room(sqlite->checkpoint));
}

/* --- ranges --- */

static void unref_all(struct change **heads, size_t *count)
{
    while (*count)
        change_unref(heads[--*count]);
}

/* The heads of objects that the tables have; in memory they may be newer. */
static enum err read_heads(struct sqlite *sqlite, const uint64_t *ids, size_t count,
                           struct change **heads)
{
    enum err e = OK;
    cache_get_many(&sqlite->cache, ids, count, heads);
    for (size_t i = 0; !e && i < count; i++) {
        if (!heads[i])
            e = get(&sqlite->store, ids[i], &heads[i]);
        if (!e && !heads[i])
            e = ERR_STORE; /* the tables contradict each other */
    }
    if (e)
        unref_all(heads, &count);
    return e;
}

/* A range that is read bite by bite. */
struct reading {
    struct store_range rest;
    struct change *last; /* the head before the rest, whose name bounds it */
    bool more;           /* perhaps */
};

static void go_on_behind(struct reading *reading, struct change *head)
{
    change_unref(reading->last);
    reading->last = change_ref(head);
    reading->rest.bounded = true;
    reading->rest.inclusive = false;
    reading->rest.id = head->id;
    reading->rest.name = head->name;
}

static enum err read_bite(struct sqlite *sqlite, struct reading *reading, struct change **heads,
                          size_t max, size_t *count)
{
    uint64_t ids[CACHE_MANY_MAX];
    size_t got = 0;
    *count = 0;
    max = max < CACHE_MANY_MAX ? max : CACHE_MANY_MAX;
    enum err e = object_page(&sqlite->object, &reading->rest, ids, max, &got);
    if (!e)
        e = read_heads(sqlite, ids, got, heads);
    if (e)
        return e;
    reading->more = got == max;
    if (got)
        go_on_behind(reading, heads[got - 1]);
    *count = got;
    return OK;
}

static enum err page(struct store *store, const struct store_range *range, struct change **heads,
                     size_t heads_max, size_t *count)
{
    struct sqlite *sqlite = of(store);
    struct reading reading = {.rest = *range, .more = true};
    *count = 0;
    if (sqlite->transaction.unsure)
        return ERR_UNSURE;
    enum err e =
        behind_write_keyed_of(&sqlite->behind, sqlite->settled, range->parent, range->kind);
    while (!e && reading.more && *count < heads_max) {
        size_t got;
        e = read_bite(sqlite, &reading, heads + *count, heads_max - *count, &got);
        *count += got;
    }
    change_unref(reading.last);
    if (e)
        unref_all(heads, count);
    return transaction_fail(&sqlite->transaction, e);
}

static enum err due(struct store *store, int64_t now_ms, struct change **heads, size_t heads_max,
                    size_t *count, int64_t *next_ms)
{
    struct sqlite *sqlite = of(store);
    uint64_t ids[CACHE_MANY_MAX];
    size_t max = heads_max < CACHE_MANY_MAX ? heads_max : CACHE_MANY_MAX;
    *count = 0;
    *next_ms = now_ms;
    if (sqlite->transaction.unsure)
        return ERR_UNSURE;
    enum err e = behind_write_keyed(&sqlite->behind, sqlite->settled);
    if (!e)
        e = object_due(&sqlite->object, now_ms, ids, max, count);
    if (!e && *count < max)
        e = object_next_due(&sqlite->object, now_ms, next_ms);
    if (!e)
        e = read_heads(sqlite, ids, *count, heads);
    if (e)
        *count = 0;
    return transaction_fail(&sqlite->transaction, e);
}

static void prefetch(struct store *store, const uint64_t *ids, size_t count)
{
    cache_prefetch(&of(store)->cache, ids, count);
}

static void await(struct store *store, int64_t timeout_ms)
{
    checkpoint_await(of(store)->checkpoint, timeout_ms);
}

static uint64_t seq(const struct store *store)
{
    return ((const struct sqlite *)store)->seq;
}

static bool knows(const struct store *store, uint64_t seq)
{
    const struct sqlite *sqlite = (const struct sqlite *)store;
    return epochs_know(&sqlite->epochs, seq, sqlite->settled);
}

/* --- opening and closing --- */

/* A bite outside the turns: it waits while the log is full. `at`: the last change applied. */
static enum err write_bite(struct sqlite *sqlite, uint64_t at, bool idle)
{
    enum err e = checkpoint_admit(sqlite->checkpoint, &sqlite->store.failure);
    if (!e)
        e = behind_write_bite(&sqlite->behind, at, idle);
    return e ? e : shorten_log(sqlite, false);
}

/* As far as that is possible. */
static void write_all_behind(struct sqlite *sqlite)
{
    enum err e = OK;
    while (!e && behind_is_due(&sqlite->behind, sqlite->settled, true))
        e = write_bite(sqlite, sqlite->settled, true);
}

static void close_store(struct store *store)
{
    struct sqlite *sqlite = of(store);
    if (!sqlite->transaction.unsure) /* what is left is applied from the journal at opening */
        write_all_behind(sqlite);
    checkpoint_free(sqlite->checkpoint);
    behind_deinit(&sqlite->behind);
    transaction_deinit(&sqlite->transaction);
    retention_deinit(&sqlite->retention);
    epochs_deinit(&sqlite->epochs);
    object_deinit(&sqlite->object);
    journal_deinit(&sqlite->journal);
    if (sqlite->db && sqlite->transaction.unsure) /* then nothing may take the log's place */
        sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(sqlite->db); /* the last connection: SQLite checkpoints and removes the log */
    cache_deinit(&sqlite->cache);
    free(sqlite);
}

static const struct store_ops ops = {get,    find,     page,     due,        change,     tail,
                                     append, sync_log, settle,   tidy,       is_pressed, await,
                                     seq,    knows,    prefetch, close_store};

static enum err configure(sqlite3 *db, size_t wal_size_max)
{
    char text[400];
    snprintf(text, sizeof text,
             "PRAGMA page_size = %d; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
             "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = %zu;"
             "PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
             PAGE_SIZE, wal_size_max);
    return sql_exec(db, text);
}

/* The write-ahead log's file: SQLite does not sync it with each commit, we do. */
static enum err find_log(struct sqlite *sqlite)
{
    int code = sqlite3_file_control(sqlite->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &sqlite->log);
    return code == SQLITE_OK && sqlite->log && sqlite->log->pMethods ? OK : ERR_STORE;
}

static enum err prepare(struct sqlite *sqlite, const struct sqlite_options *options)
{
    sqlite3 *db = sqlite->db;
    enum err e = find_log(sqlite);
    if (!e)
        e = journal_init(&sqlite->journal, db);
    if (!e)
        e = object_init(&sqlite->object, db);
    if (!e)
        e = retention_init(&sqlite->retention, db, &sqlite->cache, &sqlite->epochs,
                           options->keep_changes, options->keep_ms);
    if (!e)
        e = transaction_init(&sqlite->transaction, db, &sqlite->store.failure);
    if (!e)
        e = behind_init(&sqlite->behind, &sqlite->transaction, &sqlite->cache, &sqlite->object,
                        &sqlite->retention, &sqlite->store.metrics);
    return e;
}

static enum err read_progress(struct sqlite *sqlite, uint64_t *applied)
{
    sqlite3_stmt *stmt;
    bool row = false;
    enum err e = sql_prepare(sqlite->db,
                             "SELECT applied, max(last_seq, (SELECT ifnull(max(last), 0)"
                             " FROM chunk)) FROM progress",
                             &stmt);
    if (!e)
        e = sql_step(stmt, &row);
    if (!e && !row)
        e = ERR_STORE; /* every database has one */
    *applied = row ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite->seq = sqlite->settled = row ? (uint64_t)sqlite3_column_int64(stmt, 1) : 0;
    sqlite3_finalize(stmt);
    return e;
}

/* No more may be behind than while serving. */
static enum err keep_up(struct sqlite *sqlite, uint64_t at)
{
    enum err e = OK;
    while (!e && behind_is_overrun(&sqlite->behind))
        e = write_bite(sqlite, at, false);
    return e;
}

/* An object keeps its name, kind and parent. */
static bool contradicts(struct sqlite *sqlite, const struct change *change)
{
    const struct cached *entry = cache_get(&sqlite->cache, change->id);
    return entry && (entry->head->kind != change->kind || entry->head->parent != change->parent ||
                     !str_eq(entry->head->name, change->name));
}

/* What the object table does not know becomes dirty heads, as it was before the crash. A full disk
 * is no reason not to serve what can be read. */
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
        bool damaged = false;
        for (size_t i = 0; i < count; i++) {
            damaged = damaged || contradicts(sqlite, changes[i]);
            if (!damaged)
                cache_commit(&sqlite->cache, changes[i]);
            change_unref(changes[i]);
        }
        if (damaged)
            return ERR_CONFIG;
        e = keep_up(sqlite, at);
        e = e == ERR_STORE ? OK : e;
    }
    return e;
}

static enum err begin_epoch(struct sqlite *sqlite, const struct sqlite_options *options)
{
    uint64_t last = sqlite->settled;
    enum err e = epochs_init(&sqlite->epochs, sqlite->db, last);
    if (!e)
        sqlite->seq = epochs_begin(&sqlite->epochs, last, options->now_us, options->random);
    return e;
}

static enum err cannot_open(struct sqlite *sqlite, const char *path, struct why *why)
{
    why_set(why, "%s: %s", path, sql_reason(sqlite->db));
    return ERR_CONFIG;
}

/* The log's pages into the database, synced, and the log to nothing. Only somebody who reads, or a
 * full disk, can leave it as it is; it is durable as well (wal_rewrite.h). */
static enum err empty_log(struct sqlite *sqlite)
{
    int mode = SQLITE_CHECKPOINT_TRUNCATE;
    int code = sqlite3_wal_checkpoint_v2(sqlite->db, NULL, mode, NULL, NULL);
    enum err e = code == SQLITE_OK || code == SQLITE_BUSY ? OK : sql_checkpoint_err(sqlite->db);
    if (!e || e == ERR_STORE)
        e = sync_log(&sqlite->store);
    return e;
}

static enum err open_database(struct sqlite *sqlite, const char *path,
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
    if (!e && (e = wal_rewrite(sqlite->db, why)))
        return e;
    if (!e && (e = schema_apply(sqlite->db, path, why)))
        return e;
    if (!e)
        e = prepare(sqlite, options);
    if (!e)
        e = empty_log(sqlite);
    return e ? cannot_open(sqlite, path, why) : OK;
}

static enum err start_checkpoints(struct sqlite *sqlite, const char *path,
                                  const struct sqlite_options *options, struct why *why)
{
    struct checkpoint_limits limits = {
        .pages_max = (unsigned)(options->wal_size_max / PAGE_SIZE),
        .reader_pages_max = (unsigned)(options->wal_size_reader_max / PAGE_SIZE),
    };
    return checkpoint_new(&sqlite->checkpoint, sqlite->db, path, options->vfs, &limits, why);
}

static enum err open_file(struct sqlite *sqlite, const char *path,
                          const struct sqlite_options *options, struct why *why)
{
    enum err e = folder_keep_private(path, why);
    if (!e)
        e = open_database(sqlite, path, options, why);
    if (!e)
        e = start_checkpoints(sqlite, path, options, why);
    if (!e && (recover(sqlite) != OK || begin_epoch(sqlite, options) != OK))
        e = cannot_open(sqlite, path, why);
    return e;
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
    cache_init(&sqlite->cache, options->cache_size_max);
    enum err e = open_file(sqlite, path, options, why);
    if (e) {
        sqlite->transaction.unsure = true; /* nothing is behind that could be written */
        close_store(&sqlite->store);
        return e;
    }
    *store = &sqlite->store;
    return OK;
}
