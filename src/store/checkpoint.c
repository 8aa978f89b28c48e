/* The states, moved by checkpoint_step and checkpoint_admit alone:
 *
 *   RESTING ── log at half its limit ──> COPYING ── thread is done ──> RESTING
 *
 * The thread owns its connection and, while COPYING, `result` and `reached`; the queues hand them
 * over.
 *
 * It makes one pass an order. When much was committed meanwhile it gets another one; the owner does
 * only a small rest. `held`: the last round did not let the log begin anew, because somebody
 * else reads it, or there was no room for its pages in the database.
 *
 * SQLite up to 3.51.2 loses commits when the log is reset while a pass begins ("the WAL-reset bug",
 * sqlite.org/wal.html). Only a commit resets it, and only when all its pages were copied; and only
 * a pass or the owner copies. So an order is given in the owner's turn, and only when it knows of
 * pages that were not copied: then no commit can reset the log until this very pass has copied
 * them, and with that it is past the place. Every pass reports how far it came; where it cannot be
 * known, all counts as copied. When that may be so the owner does the rest itself, for no commit
 * can come in between. */
#include "store/checkpoint.h"

#include "base/mem.h"
#include "base/queue.h"
#include "store/sql.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    BUSY_MS = 20,      /* how long the owner waits, in its turn, for a lock that others have */
    COPY_MS = 30000,   /* how long the thread does */
    REST_PAGES_MIN = 4 /* pages that the owner copies itself, or a part of the limit if more */
};

struct checkpoint {
    sqlite3 *db;
    sqlite3 *own; /* the thread's */
    pthread_t thread;
    struct queue *orders;
    struct queue *reports;
    struct node token; /* there is only one: in a queue or with one of the two threads */
    enum err result;
    int reached; /* how many pages were in the database after the pass; negative: unknown */
    bool copying;
    bool held;
    unsigned pages;
    unsigned ordered; /* how many there were at the last order; 0: the log began anew since */
    unsigned copied;  /* at most so many of them are in the database, while no pass runs */
    unsigned due;     /* how many make the next round begin */
    uint64_t rounds;
    struct checkpoint_limits limits;
};

/* `reached` stays as it is when another program's checkpoint is under way. */
static enum err copy(sqlite3 *db, int *reached)
{
    int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, reached);
    if (code == SQLITE_OK || code == SQLITE_BUSY)
        return OK;
    return sql_checkpoint_err(db);
}

/* Owns its connection, and `result` and `reached` between an order and its report. */
static void *run(void *context)
{
    struct checkpoint *checkpoint = context;
    pthread_setname_np(pthread_self(), "checkpoint");
    for (;;) {
        struct chain chain = queue_wait(checkpoint->orders, -1);
        if (!chain.first)
            return NULL; /* closed */
        checkpoint->reached = -1;
        checkpoint->result = copy(checkpoint->own, &checkpoint->reached);
        queue_push(checkpoint->reports, &chain);
    }
}

static void begin_anew(struct checkpoint *checkpoint)
{
    checkpoint->rounds++;
    checkpoint->held = false;
    checkpoint->pages = checkpoint->copied = checkpoint->ordered = 0;
    checkpoint->due = checkpoint->limits.pages_max / 2;
}

/* A commit resets a log that was copied and that nobody reads, whether a round is under way or not:
 * then it has fewer pages than before. (One that is as long at once is looked at soon anyway.) */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct checkpoint *checkpoint = context;
    (void)db;
    (void)name;
    if ((unsigned)pages < checkpoint->pages)
        begin_anew(checkpoint);
    checkpoint->pages = (unsigned)pages;
    return SQLITE_OK;
}

static enum err open_own(struct checkpoint *checkpoint, const char *path, const char *vfs,
                         struct why *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &checkpoint->own, flags, vfs);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(checkpoint->own, COPY_MS);
        code = sqlite3_exec(checkpoint->own, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        return OK;
    why_set(why, "%s: %s", path, sqlite3_errmsg(checkpoint->own));
    return ERR_CONFIG;
}

/* The log's index grows by regions, after the pages are in the log: on a full disk that is too
 * late, the commit can be neither finished nor taken back. So it gets them all now, and one more
 * for what goes beyond the log's limit. */
static enum err reserve_index(sqlite3 *db, unsigned pages_max, struct why *why)
{
    enum { REGION_SIZE = 32768, REGION_PAGES = 4096 };
    sqlite3_file *file;
    void volatile *memory;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    for (unsigned i = 0; code == SQLITE_OK && i < pages_max / REGION_PAGES + 2; i++)
        code = file->pMethods->xShmMap(file, (int)i, REGION_SIZE, true, &memory);
    if (code == SQLITE_OK)
        return OK;
    why_set(why, "cannot reserve space for the log's index: %s", sqlite3_errstr(code));
    return ERR_CONFIG;
}

enum err checkpoint_new(struct checkpoint **made, sqlite3 *db, const char *path, const char *vfs,
                        const struct checkpoint_limits *limits, struct why *why)
{
    struct checkpoint *checkpoint = mem_zalloc(1, sizeof *checkpoint);
    checkpoint->db = db;
    checkpoint->limits = *limits;
    if (checkpoint->limits.reader_pages_max < limits->pages_max)
        checkpoint->limits.reader_pages_max = limits->pages_max;
    checkpoint->due = limits->pages_max / 2;
    enum err e = reserve_index(db, checkpoint->limits.reader_pages_max, why);
    if (!e)
        e = open_own(checkpoint, path, vfs, why);
    if (e) {
        sqlite3_close(checkpoint->own);
        free(checkpoint);
        return e;
    }
    checkpoint->orders = queue_new(NULL, NULL);
    checkpoint->reports = queue_new(NULL, NULL);
    if (pthread_create(&checkpoint->thread, NULL, run, checkpoint) != 0) {
        why_set(why, "cannot start a thread");
        queue_free(checkpoint->orders);
        queue_free(checkpoint->reports);
        sqlite3_close(checkpoint->own);
        free(checkpoint);
        return ERR_CONFIG;
    }
    sqlite3_busy_timeout(db, BUSY_MS);
    sqlite3_wal_hook(db, on_commit, checkpoint);
    *made = checkpoint;
    return OK;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    sqlite3_wal_hook(checkpoint->db, NULL, NULL);
    queue_close(checkpoint->orders);
    pthread_join(checkpoint->thread, NULL);
    queue_take(checkpoint->reports);
    queue_free(checkpoint->orders);
    queue_free(checkpoint->reports);
    sqlite3_close(checkpoint->own);
    free(checkpoint);
}

unsigned checkpoint_pages(const struct checkpoint *checkpoint)
{
    return checkpoint->pages;
}

uint64_t checkpoint_rounds(const struct checkpoint *checkpoint)
{
    return checkpoint->rounds;
}

/* A log that was held is worth a look whenever there is time: who read may have gone. */
bool checkpoint_is_due(const struct checkpoint *checkpoint, bool idle)
{
    bool again = checkpoint->held && idle && checkpoint->pages >= checkpoint->limits.pages_max / 2;
    return checkpoint->copying || again || checkpoint->pages >= checkpoint->due;
}

static bool may_all_be_copied(const struct checkpoint *checkpoint)
{
    return checkpoint->copied >= checkpoint->pages;
}

static void start_copy(struct checkpoint *checkpoint)
{
    struct chain chain = {0};
    assert(!may_all_be_copied(checkpoint)); /* see above */
    chain_add(&chain, &checkpoint->token);
    checkpoint->copying = true;
    checkpoint->ordered = checkpoint->pages;
    queue_push(checkpoint->orders, &chain);
}

static enum err tell(enum err e, sqlite3 *db, struct why *why)
{
    if (e)
        why_set(why, "cannot shorten the log: %s", sqlite3_errmsg(db));
    return e;
}

/* The log goes on; the next round when it has `more` pages, or as soon as there is time. */
static void hold(struct checkpoint *checkpoint, unsigned more)
{
    unsigned most = checkpoint->limits.reader_pages_max;
    unsigned due = checkpoint->pages + more;
    checkpoint->held = true;
    checkpoint->due = due < most ? due : most;
}

/* `copied`: as SQLite told of the log as it is; negative: it did not. */
static void note_copied(struct checkpoint *checkpoint, int copied)
{
    checkpoint->copied = copied < 0 ? checkpoint->pages : (unsigned)copied;
}

/* The owner's part. It waits for nobody. */
static enum err copy_rest(struct checkpoint *checkpoint, bool *done, struct why *why)
{
    int pages = 0, copied = -1, mode = SQLITE_CHECKPOINT_RESTART;
    sqlite3_busy_timeout(checkpoint->db, 0);
    int code = sqlite3_wal_checkpoint_v2(checkpoint->db, NULL, mode, &pages, &copied);
    enum err e = code == SQLITE_OK || code == SQLITE_BUSY ? OK : sql_checkpoint_err(checkpoint->db);
    tell(e, checkpoint->db, why);
    sqlite3_busy_timeout(checkpoint->db, BUSY_MS);
    *done = code == SQLITE_OK;
    if (!e)
        note_copied(checkpoint, copied);
    if (*done)
        begin_anew(checkpoint);
    else
        hold(checkpoint, e ? 0 : checkpoint->limits.pages_max / 2);
    return e;
}

static unsigned rest_max(const struct checkpoint *checkpoint)
{
    unsigned part = checkpoint->limits.pages_max / 32;
    return part > REST_PAGES_MIN ? part : REST_PAGES_MIN;
}

/* The pass is done. One that failed leaves `copied` as it was: SQLite counts pages last. */
static enum err finish(struct checkpoint *checkpoint, bool *done, struct why *why)
{
    unsigned rest = checkpoint->pages - checkpoint->ordered;
    checkpoint->copying = false;
    if (checkpoint->result) {
        hold(checkpoint, 0);
        return tell(checkpoint->result, checkpoint->own, why);
    }
    if (!checkpoint->ordered) { /* what it reports is of the log as it was */
        *done = true;
        return OK;
    }
    note_copied(checkpoint, checkpoint->reached);
    if (checkpoint->held || may_all_be_copied(checkpoint) || rest <= rest_max(checkpoint))
        return copy_rest(checkpoint, done, why);
    start_copy(checkpoint);
    return OK;
}

enum err checkpoint_step(struct checkpoint *checkpoint, bool idle, bool *done, struct why *why)
{
    *done = false;
    if (checkpoint->copying)
        return queue_take(checkpoint->reports).first ? finish(checkpoint, done, why) : OK;
    if (!checkpoint_is_due(checkpoint, idle))
        return OK;
    if (may_all_be_copied(checkpoint))
        return copy_rest(checkpoint, done, why);
    start_copy(checkpoint);
    return OK;
}

bool checkpoint_is_full(const struct checkpoint *checkpoint)
{
    return !checkpoint->held && checkpoint->pages >= checkpoint->limits.pages_max;
}

bool checkpoint_has_room(const struct checkpoint *checkpoint)
{
    return !checkpoint_is_full(checkpoint) &&
           checkpoint->pages < checkpoint->limits.reader_pages_max;
}

void checkpoint_await(struct checkpoint *checkpoint, int64_t timeout_ms)
{
    queue_await(checkpoint->reports, timeout_ms);
}

enum err checkpoint_admit(struct checkpoint *checkpoint, struct why *why)
{
    enum err e = OK;
    bool done;
    while (e != ERR_UNSURE && checkpoint_is_full(checkpoint)) {
        if (checkpoint->copying)
            checkpoint_await(checkpoint, -1);
        e = checkpoint_step(checkpoint, false, &done, why);
    }
    if (e == ERR_UNSURE || checkpoint_has_room(checkpoint))
        return e == ERR_UNSURE ? e : OK; /* else the commit itself tells */
    why_set(why, "the write-ahead log is at its limit, and cannot begin anew: another program "
                 "reads the database, or the disk is full");
    return ERR_STORE;
}
