#include "store/epochs.h"

#include <stdio.h>

enum { RANDOM_BITS = 38 };

static const uint64_t NUMBER_MAX = UINT64_C(1) << 53; /* JavaScript's integers */
static const uint64_t CLOCK_MAX = UINT64_C(1) << 52;  /* the year 2112: a clock beyond is wrong */
static const uint64_t APART_MIN = UINT64_C(1) << 32;

static enum err read_all(struct epochs *epochs, sqlite3_stmt *stmt, uint64_t last)
{
    bool row = true;
    enum err e = sql_step(stmt, &row);
    for (; !e && row && epochs->count < EPOCHS_MAX; e = sql_step(stmt, &row)) {
        bool open = sqlite3_column_type(stmt, 1) == SQLITE_NULL;
        struct epoch *epoch = &epochs->list[epochs->count++];
        epoch->first = (uint64_t)sqlite3_column_int64(stmt, 0);
        epoch->last = open ? last : (uint64_t)sqlite3_column_int64(stmt, 1);
    }
    sql_done(stmt);
    return e;
}

static enum err read_table(struct epochs *epochs, sqlite3 *db, uint64_t last)
{
    char text[200];
    sqlite3_stmt *stmt;
    snprintf(text, sizeof text,
             "SELECT first, last FROM (SELECT first, last FROM epoch"
             " ORDER BY first DESC LIMIT %d) ORDER BY first",
             EPOCHS_MAX);
    enum err e = sql_prepare(db, text, &stmt);
    if (!e)
        e = read_all(epochs, stmt, last);
    sqlite3_finalize(stmt);
    return e;
}

enum err epochs_init(struct epochs *epochs, sqlite3 *db, uint64_t last)
{
    *epochs = (struct epochs){0};
    enum err e = sql_prepare(db, "UPDATE epoch SET last = ? WHERE last IS NULL", &epochs->close);
    if (!e)
        e = sql_prepare(db, "INSERT INTO epoch VALUES (?, NULL)", &epochs->open);
    if (!e)
        e = sql_prepare(db, "DELETE FROM epoch WHERE first < ?", &epochs->prune);
    return e ? e : read_table(epochs, db, last);
}

void epochs_deinit(struct epochs *epochs)
{
    sqlite3_finalize(epochs->close);
    sqlite3_finalize(epochs->open);
    sqlite3_finalize(epochs->prune);
}

static uint64_t choose_first(uint64_t last, uint64_t now_us, uint64_t random)
{
    if (now_us > last && now_us < CLOCK_MAX)
        return now_us;
    uint64_t first = last + APART_MIN + (random >> (64 - RANDOM_BITS));
    return first < NUMBER_MAX ? first : last + 1;
}

static void add(struct epochs *epochs, uint64_t first)
{
    epochs->list[epochs->count++] = (struct epoch){first, first};
    epochs->written = false;
}

uint64_t epochs_begin(struct epochs *epochs, uint64_t last, int64_t now_us, uint64_t random)
{
    if (now_us <= 0 && epochs->count) {
        epochs->written = true;
        return last;
    }
    uint64_t first = now_us > 0 ? choose_first(last, (uint64_t)now_us, random) : last + 1;
    add(epochs, first);
    return first - 1;
}

/* Oldest: what the table keeps beside the new one. */
static uint64_t oldest_kept(const struct epochs *epochs)
{
    return epochs->list[epochs->count > EPOCHS_MAX ? 1 : 0].first;
}

enum err epochs_write(struct epochs *epochs)
{
    const struct epoch *newest = &epochs->list[epochs->count - 1];
    if (epochs->written)
        return OK;
    sql_bind_int(epochs->close, 1, epochs->count > 1 ? (int64_t)newest[-1].last : 0);
    enum err e = sql_run(epochs->close);
    sql_bind_int(epochs->open, 1, (int64_t)newest->first);
    if (!e)
        e = sql_run(epochs->open);
    sql_bind_int(epochs->prune, 1, (int64_t)oldest_kept(epochs));
    return e ? e : sql_run(epochs->prune);
}

void epochs_written(struct epochs *epochs)
{
    epochs->written = true;
}

bool epochs_know(const struct epochs *epochs, uint64_t seq, uint64_t settled)
{
    size_t at = epochs->count;
    while (at && epochs->list[at - 1].first > seq)
        at--;
    if (!seq || !at)
        return !seq;
    return seq <= (at == epochs->count ? settled : epochs->list[at - 1].last);
}

uint64_t epochs_back(const struct epochs *epochs, uint64_t settled, uint64_t count)
{
    for (size_t at = epochs->count; at; at--) {
        uint64_t first = epochs->list[at - 1].first;
        uint64_t last = at == epochs->count ? settled : epochs->list[at - 1].last;
        uint64_t changes = last >= first ? last - first + 1 : 0;
        if (changes > count)
            return last - count;
        count -= changes;
    }
    return 0;
}
