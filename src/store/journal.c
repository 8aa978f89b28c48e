#include "store/journal.h"

#include "store/chunk.h"

enum { CHUNK_SIZE = 8 * 1024 }; /* begin another one; a longer one is slower to find a change in */

enum err journal_init(struct journal *journal, sqlite3 *db)
{
    *journal = (struct journal){0};
    buf_init(&journal->text, CHUNK_SIZE_MAX);
    for (size_t i = 0; i < JOURNAL_KEPT; i++)
        kept_chunk_init(&journal->kept[i]);
    enum err e = sql_prepare(db, "INSERT INTO chunk VALUES (?, ?)", &journal->insert);
    if (!e)
        e = sql_prepare(db, "SELECT changes FROM chunk WHERE last >= ? ORDER BY last LIMIT 1",
                        &journal->select);
    if (!e)
        e = sql_prepare(db, "SELECT changes FROM chunk WHERE last > ? ORDER BY last",
                        &journal->tail);
    return e;
}

void journal_deinit(struct journal *journal)
{
    sqlite3_finalize(journal->insert);
    sqlite3_finalize(journal->select);
    sqlite3_finalize(journal->tail);
    buf_deinit(&journal->text);
    for (size_t i = 0; i < JOURNAL_KEPT; i++)
        kept_chunk_deinit(&journal->kept[i]);
}

static enum err insert(struct journal *journal, uint64_t last)
{
    sql_bind_int(journal->insert, 1, (int64_t)last);
    sql_bind_str(journal->insert, 2, buf_str(&journal->text));
    return sql_run(journal->insert);
}

enum err journal_append(struct journal *journal, struct change *const *changes, size_t count)
{
    enum err e = OK;
    buf_clear(&journal->text);
    for (size_t i = 0; !e && i < count; i++) {
        chunk_add(&journal->text, changes[i]);
        if (i + 1 < count && journal->text.len < CHUNK_SIZE)
            continue;
        e = insert(journal, changes[i]->seq);
        buf_clear(&journal->text);
    }
    return e;
}

/* ERR_STORE: it is broken, as only a failing disk or another program can have made it. */
static enum err find(struct str text, uint64_t seq, struct change **change)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    chunk_reader_init(&reader, text);
    while (chunk_next(&reader, &entry) && entry.seq <= seq) {
        if (entry.seq < seq)
            continue;
        *change = chunk_change(&entry);
        return *change ? OK : ERR_STORE;
    }
    return reader.broken ? ERR_STORE : OK;
}

enum err journal_get(struct journal *journal, uint64_t seq, struct change **change)
{
    bool row;
    *change = NULL;
    sql_bind_int(journal->select, 1, (int64_t)seq);
    enum err e = sql_step(journal->select, &row);
    if (!e && row)
        e = find(sql_column_str(journal->select, 0), seq, change);
    sql_done(journal->select);
    return e;
}

/* The first one from now on; what it is to hold may be another chunk. */
static struct kept_chunk *use(struct journal *journal, size_t at)
{
    struct kept_chunk used = journal->kept[at];
    for (; at; at--)
        journal->kept[at] = journal->kept[at - 1];
    journal->kept[0] = used;
    return journal->kept;
}

static enum err keep(struct journal *journal, struct str text, uint64_t seq, struct change **change)
{
    struct kept_chunk *kept = use(journal, JOURNAL_KEPT - 1);
    enum err e = kept_chunk_load(kept, text);
    return e ? e : kept_chunk_get(kept, seq, change);
}

static enum err read_chunk(struct journal *journal, uint64_t seq, struct change **change)
{
    bool row;
    sql_bind_int(journal->select, 1, (int64_t)seq);
    enum err e = sql_step(journal->select, &row);
    if (!e && row) {
        struct str text = sql_column_str(journal->select, 0);
        e = text.len > KEPT_CHUNK_SIZE_MAX ? find(text, seq, change)
                                           : keep(journal, text, seq, change);
    }
    sql_done(journal->select);
    return e;
}

enum err journal_follow(struct journal *journal, uint64_t seq, struct change **change)
{
    *change = NULL;
    for (size_t i = 0; i < JOURNAL_KEPT; i++)
        if (kept_chunk_covers(&journal->kept[i], seq))
            return kept_chunk_get(use(journal, i), seq, change);
    return read_chunk(journal, seq, change);
}

void journal_forget(struct journal *journal)
{
    for (size_t i = 0; i < JOURNAL_KEPT; i++)
        kept_chunk_forget(&journal->kept[i]);
}

static enum err take(struct str text, uint64_t after, struct change **changes, size_t max,
                     size_t *count)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    chunk_reader_init(&reader, text);
    while (*count < max && chunk_next(&reader, &entry)) {
        if (entry.seq <= after)
            continue;
        changes[*count] = chunk_change(&entry);
        if (!changes[*count])
            return ERR_STORE;
        ++*count;
    }
    return reader.broken ? ERR_STORE : OK;
}

enum err journal_tail(struct journal *journal, uint64_t after, struct change **changes,
                      size_t changes_max, size_t *count)
{
    enum err e = OK;
    bool row = true;
    *count = 0;
    sql_bind_int(journal->tail, 1, (int64_t)after);
    while (!e && row && *count < changes_max) {
        e = sql_step(journal->tail, &row);
        if (!e && row)
            e = take(sql_column_str(journal->tail, 0), after, changes, changes_max, count);
    }
    sql_done(journal->tail);
    while (e && *count)
        change_unref(changes[--*count]);
    return e;
}
