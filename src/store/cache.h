/* The heads in memory: those used lately, and all that the tables do not know yet.
 *
 * A head is clean (its table row says the same) or dirty. Dirty heads stay until they are
 * written; clean ones go, least recently used first, when the bytes exceed the limit.
 *
 *   committed ──> dirty ── cache_written ──> clean ──> evicted
 *                   ^                          │
 *                   └──────── committed ───────┘
 *
 * There are two queues of dirty heads, oldest first. `keyed`: what the tables' indexes must
 * learn (an object appeared, went, or expires at another time). `plain`: only newer data. The
 * first is kept short, so that whoever needs right indexes can have it written at once; and who
 * needs them of one range only (a kind under a parent) can ask whether it has to be. */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "base/dict.h"
#include "base/ring.h"
#include "store/change.h"
#include "store/ids.h"

struct cached {
    struct ring place; /* in one of the cache's rings */
    struct change *head;
    uint64_t since;      /* dirty: no change of the object above this seq is in the tables */
    uint64_t stored_seq; /* the seq its table row names; 0: there is no row */
    int64_t stored_expires_ms;
    bool dirty;
    bool keyed;
};

enum { CACHE_RANGES = 4096 };

struct cache {
    struct dict by_id;
    struct dict by_name;
    struct ring recent; /* clean, least recently used first */
    struct ring keyed;
    struct ring plain;
    size_t keyed_count;
    uint32_t keyed_in[CACHE_RANGES]; /* the same for those ranges that share a hash */
    size_t plain_count;
    struct ids plain_ids; /* what joined `plain` since cache_take_plain, some of it is not there */
    size_t bytes;
    size_t dirty_bytes;
    size_t bytes_max;
};

void cache_init(struct cache *cache, size_t bytes_max);
void cache_deinit(struct cache *cache);

/* NULL: not in memory. One that is there may be a removal. */
struct cached *cache_get(struct cache *cache, uint64_t id);

/* References to the heads of at most CACHE_MANY_MAX; NULL: not in memory. Not counted as a use. */
enum { CACHE_MANY_MAX = 128 };
void cache_get_many(const struct cache *cache, const uint64_t *ids, size_t count,
                    struct change **heads);

/* Which change the object table has as the head of `id`, when that is known here. */
bool cache_knows_stored(const struct cache *cache, uint64_t id, uint64_t *seq);

/* cache_get of these, at most CACHE_MANY_MAX, comes soon. */
void cache_prefetch(const struct cache *cache, const uint64_t *ids, size_t count);

/* Live heads only. NULL: not in memory. */
struct cached *cache_find(struct cache *cache, uint64_t parent, enum kind kind, struct str name);

/* A head just read from the tables; takes the reference. */
struct cached *cache_add_stored(struct cache *cache, struct change *head);

/* A head just committed; takes a reference of its own. */
void cache_commit(struct cache *cache, struct change *head);

/* May the indexes wait for a head of `kind` under `parent`? They do not when it says no. */
bool cache_is_keyed(const struct cache *cache, uint64_t parent, enum kind kind);

/* The ids of all heads that joined `plain` since this was called last, in `ids`, whose memory is
 * used again. Some may have left it, some may be there twice. */
void cache_take_plain(struct cache *cache, struct ids *ids);

/* The tables now say what the head of `entry`, which is dirty, says. A removal is forgotten;
 * another may be evicted at once. */
void cache_written(struct cache *cache, struct cached *entry);

/* Every change up to this seq is in the tables; `seq` is the last one committed. */
uint64_t cache_applied(const struct cache *cache, uint64_t seq);

#endif
