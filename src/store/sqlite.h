/* The store in one SQLite file, DIR/tutti.db: journal first, heads written behind. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

struct sqlite_options {
    const char *folder;         /* exists, and is ours alone */
    const char *vfs;            /* NULL: the platform's; tests put one that fails */
    size_t cache_size_max;      /* bytes of heads in memory */
    size_t wal_size_max;        /* bytes of write-ahead log; commits wait beyond it */
    size_t wal_size_reader_max; /* ... while another program reads; commits are refused beyond it.
                                   0: the same */
    uint64_t keep_changes;      /* retention: see retention.h */
    int64_t keep_ms;
    int64_t now_us;  /* where numbering goes on: epochs.h. 0: behind the last change (for tests) */
    uint64_t random; /* any number */
};

/* ERR_CONFIG, in `why`: the file cannot be opened, is not ours, is newer, or is damaged. */
must_check enum err sqlite_open(struct store **store, const struct sqlite_options *options,
                                struct why *why);

#endif
