/* Dropping changes that nobody needs any more.
 *
 * A change may go when it is old (more than `keep_changes` changes or `keep_ms` ago), known to
 * the object table, and not the head of its object. A sweep walks the journal from its
 * beginning in small bites and drops those, chunk by chunk, once all of a chunk is old and half of
 * it may go; where it has passed, most are heads. They become garbage as their objects are written
 * again; when that has happened to half of what was left behind, the next sweep begins. So the
 * journal holds at most the retained changes and about three times the live heads, whatever the
 * load. */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "base/buf.h"
#include "store/cache.h"
#include "store/epochs.h"
#include "store/sql.h"

struct sweep {
    uint64_t swept;   /* so far the running or last sweep has looked */
    uint64_t kept;    /* how many changes it left there */
    uint64_t garbage; /* how many of them have ceased to be heads since */
    int64_t look_ms;  /* before that time nothing beyond `swept` is old by its age */
};

struct retention {
    const struct cache *cache; /* to ask before the object table */
    const struct epochs *epochs;
    sqlite3_stmt *next;
    sqlite3_stmt *is_head;
    sqlite3_stmt *shrink;
    sqlite3_stmt *drop;
    uint64_t keep_changes;
    int64_t keep_ms;
    struct sweep sweep;
    struct buf left; /* of the chunk at hand */
};

must_check enum err retention_init(struct retention *retention, sqlite3 *db,
                                   const struct cache *cache, const struct epochs *epochs,
                                   uint64_t keep_changes, int64_t keep_ms);
void retention_deinit(struct retention *retention);

/* The change at `seq` is not its object's head any more. */
void retention_note_garbage(struct retention *retention, uint64_t seq);

/* Is there anything a bite would look at? `applied`: the object table knows all up to there;
 * `seq`: the last change. */
bool retention_is_due(const struct retention *retention, uint64_t applied, uint64_t seq,
                      int64_t now_ms);

/* One bite, within a transaction; should that be rolled back, put `sweep` back as it was.
 * `dropped`: how many changes went. `more`: the sweep is not done. */
must_check enum err retention_bite(struct retention *retention, uint64_t applied, uint64_t seq,
                                   int64_t now_ms, uint64_t *dropped, bool *more);

#endif
