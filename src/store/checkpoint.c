/* The states, moved by checkpoint_step alone:
 *
 *   RESTING ── log at half its limit ──> COPYING ── thread is done ──> RESTING
 *
 * The thread owns its connection and, while COPYING, `result`; the queues hand both over.
 *
 * It makes one pass an order, and an order is given in the owner's turn, while the log has pages
 * that were not copied: so the owner cannot begin the log anew before the pass is done. It must not
 * while a pass begins: SQLite up to 3.51.2 can lose commits when a checkpoint follows one that has
 * copied all there was, and another connection resets the log in between ("the WAL-reset bug",
 * sqlite.org/wal.html). */
#include "store/checkpoint.h"

#include "base/mem.h"
#include "base/queue.h"
#include "store/sql.h"

#include <pthread.h>
#include <stdlib.h>

enum { WAIT_MS = 30000 }; /* for the other connection's lock; far longer than a copy takes */

struct checkpoint {
    sqlite3 *db;
    sqlite3 *own; /* the thread's */
    pthread_t thread;
    struct queue *orders;
    struct queue *reports;
    struct node token; /* there is only one: in a queue or with one of the two threads */
    enum err result;
    bool copying;
    unsigned pages;
    unsigned pages_max;
};

static enum err copy(sqlite3 *db)
{
    int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code == SQLITE_OK || code == SQLITE_BUSY)
        return OK;
    return sql_err(db);
}

/* Owns its connection, and `result` between an order and its report. */
static void *run(void *context)
{
    struct checkpoint *checkpoint = context;
    pthread_setname_np(pthread_self(), "checkpoint");
    for (;;) {
        struct chain chain = queue_wait(checkpoint->orders, -1);
        if (!chain.first)
            return NULL; /* closed */
        checkpoint->result = copy(checkpoint->own);
        queue_push(checkpoint->reports, &chain);
    }
}

static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct checkpoint *checkpoint = context;
    (void)db;
    (void)name;
    checkpoint->pages = (unsigned)pages;
    return SQLITE_OK;
}

static enum err open_own(struct checkpoint *checkpoint, const char *path, const char *vfs,
                         struct why *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &checkpoint->own, flags, vfs);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(checkpoint->own, WAIT_MS);
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
                        unsigned pages_max, struct why *why)
{
    struct checkpoint *checkpoint = mem_zalloc(1, sizeof *checkpoint);
    checkpoint->db = db;
    checkpoint->pages_max = pages_max;
    enum err e = reserve_index(db, pages_max, why);
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
    sqlite3_busy_timeout(db, WAIT_MS);
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

bool checkpoint_is_due(const struct checkpoint *checkpoint)
{
    return checkpoint->copying || checkpoint->pages >= checkpoint->pages_max / 2;
}

static void start_copy(struct checkpoint *checkpoint)
{
    struct chain chain = {0};
    chain_add(&chain, &checkpoint->token);
    checkpoint->copying = true;
    queue_push(checkpoint->orders, &chain);
}

static enum err tell(enum err e, sqlite3 *db, struct why *why)
{
    if (e)
        why_set(why, "cannot shorten the log: %s", sqlite3_errmsg(db));
    return e;
}

enum err checkpoint_step(struct checkpoint *checkpoint, bool *done, struct why *why)
{
    *done = false;
    if (!checkpoint->copying) {
        if (checkpoint_is_due(checkpoint))
            start_copy(checkpoint);
        return OK;
    }
    bool must_wait = checkpoint->pages >= checkpoint->pages_max;
    struct chain report =
        must_wait ? queue_wait(checkpoint->reports, -1) : queue_take(checkpoint->reports);
    if (!report.first)
        return OK;
    checkpoint->copying = false;
    if (checkpoint->result)
        return tell(checkpoint->result, checkpoint->own, why);
    enum err e = copy(checkpoint->db);
    *done = !e;
    checkpoint->pages = 0; /* the next commit tells how many there are */
    return tell(e, checkpoint->db, why);
}
