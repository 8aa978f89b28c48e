/* What the store costs beyond SQLite itself.
 *
 *   store [SECONDS]
 *
 * Two sides take turns, a second each: commits of 128 changes through store.h, with the heads
 * written behind and old changes dropped as in the server; and a plain loop that inserts the same
 * changes, a row each, 128 a transaction, into a table with a column a field and the same pragmas.
 * 300-byte documents, 2,000 of them, chosen at random. The last line is "ratio X": the median of
 * ours divided by theirs, turn by turn. */
#include "base/clock.h"
#include "store/sql.h"
#include "store/sqlite.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DOCUMENTS = 2000, COMMIT = 128, TURNS = 5, DATA_SIZE = 300 };

struct plain {
    sqlite3 *db;
    sqlite3_stmt *insert;
    uint64_t seq;
};

static char data[DATA_SIZE];
static uint64_t last_seq[DOCUMENTS];

static void must(enum err e, const char *what)
{
    if (e)
        errx(1, "%s failed", what);
}

static void exec(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        errx(1, "%s: %s", text, sqlite3_errmsg(db));
}

static struct change draft(uint64_t seq, size_t document)
{
    uint64_t prev = last_seq[document];
    return (struct change){
        .type = prev ? CHANGE_UPDATED : CHANGE_CREATED,
        .kind = KIND_DOCUMENT,
        .seq = seq,
        .prev = prev,
        .id = document + 1,
        .parent = 1,
        .revision = seq,
        .created_ms = 1,
        .updated_ms = (int64_t)seq,
        .creator = STR("system"),
        .author = STR("system"),
        .data = {data, sizeof data},
    };
}

/* The first round makes the documents, in order; after that any of them. */
static size_t choose(uint64_t seq)
{
    return seq <= DOCUMENTS ? seq - 1 : (size_t)random() % DOCUMENTS;
}

static void store_one(struct store *store)
{
    struct change *changes[COMMIT];
    bool more;
    for (size_t i = 0; i < COMMIT; i++) {
        uint64_t seq = store_seq(store) + 1 + i;
        size_t document = choose(seq);
        struct change change = draft(seq, document);
        changes[i] = change_new(&change);
        last_seq[document] = seq;
    }
    must(store_commit(store, changes, COMMIT), "commit");
    must(store_tidy(store, 1, false, &more), "tidying");
    for (size_t i = 0; i < COMMIT; i++)
        change_unref(changes[i]);
}

static void insert(sqlite3_stmt *stmt, const struct change *change)
{
    const int64_t numbers[] = {
        (int64_t)change->seq,  (int64_t)change->prev,
        (int64_t)change->id,   (int64_t)change->parent,
        change->kind,          change->type,
        (int64_t)change->salt, (int64_t)change->revision,
        change->created_ms,    change->updated_ms,
    };
    int at = 1;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sql_bind_int(stmt, at++, numbers[i]);
    sqlite3_bind_null(stmt, at++);
    sql_bind_str(stmt, at++, change->name);
    sql_bind_str(stmt, at++, change->creator);
    sql_bind_str(stmt, at++, change->author);
    sql_bind_str(stmt, at++, change->data);
    must(sql_run(stmt), "insert");
}

static void plain_one(struct plain *plain)
{
    exec(plain->db, "BEGIN");
    for (size_t i = 0; i < COMMIT; i++) {
        uint64_t seq = ++plain->seq;
        struct change change = draft(seq, choose(seq));
        insert(plain->insert, &change);
    }
    exec(plain->db, "COMMIT");
}

static void open_plain(struct plain *plain, const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/plain.db", folder);
    if (sqlite3_open(path, &plain->db) != SQLITE_OK)
        errx(1, "cannot open %s", path);
    exec(plain->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, prev INTEGER, object INTEGER,"
                    " parent INTEGER, kind INTEGER, event INTEGER, salt INTEGER, revision INTEGER,"
                    " created_ms INTEGER, updated_ms INTEGER, expires_ms INTEGER, name TEXT,"
                    " creator TEXT, author TEXT, data TEXT) STRICT");
    must(sql_prepare(plain->db, "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                     &plain->insert),
         "preparing");
}

/* Changes a second. */
static double run_store(struct store *store, double seconds)
{
    uint64_t begun = clock_monotonic_ns(), first = store_seq(store);
    while ((double)(clock_monotonic_ns() - begun) < seconds * 1e9)
        store_one(store);
    double took = (double)(clock_monotonic_ns() - begun) / 1e9;
    return (double)(store_seq(store) - first) / took;
}

static double run_plain(struct plain *plain, double seconds)
{
    uint64_t begun = clock_monotonic_ns(), first = plain->seq;
    while ((double)(clock_monotonic_ns() - begun) < seconds * 1e9)
        plain_one(plain);
    double took = (double)(clock_monotonic_ns() - begun) / 1e9;
    return (double)(plain->seq - first) / took;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"tutti.db", "tutti.db-wal", "tutti.db-shm",
                                        "plain.db", "plain.db-wal", "plain.db-shm"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2, ratios[TURNS];
    char folder[] = "bench-store-XXXXXX";
    struct store *store;
    struct plain plain = {0};
    struct why why;
    if (!mkdtemp(folder))
        err(1, "cannot make a folder here");
    struct sqlite_options options = {
        .folder = folder,
        .cache_size_max = 256 << 20,
        .wal_size_max = 64 << 20,
        .keep_changes = 1000000,
        .keep_ms = 86400000,
    };
    memset(data, 'x', sizeof data);
    if (sqlite_open(&store, &options, &why) != OK)
        errx(1, "%s", why.text);
    open_plain(&plain, folder);
    for (size_t i = 0; i < TURNS; i++) {
        double ours = run_store(store, seconds), theirs = run_plain(&plain, seconds);
        ratios[i] = ours / theirs;
        printf("store %.0f changes/s, plain SQLite %.0f rows/s, ratio %.2f\n", ours, theirs,
               ratios[i]);
    }
    qsort(ratios, TURNS, sizeof *ratios, compare);
    printf("ratio %.2f\n", ratios[TURNS / 2]);
    store_close(store);
    sqlite3_finalize(plain.insert);
    sqlite3_close(plain.db);
    remove_folder(folder);
    return 0;
}
