#include "store/cache.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static struct hash head_name_hash(const struct change *head)
{
    return change_name_hash(head->parent, head->kind, head->name);
}

static bool is_named(const struct change *head)
{
    return head->name.ptr && !change_is_removal(head);
}

static size_t entry_size(const struct change *head)
{
    enum { OVERHEAD = 2 * 16 + 2 * sizeof(struct dict_slot) }; /* heap blocks, both tables */
    return sizeof(struct cached) + change_size(head) + OVERHEAD;
}

void cache_init(struct cache *cache, size_t bytes_max)
{
    *cache = (struct cache){.bytes_max = bytes_max};
    ring_init(&cache->recent);
    ring_init(&cache->keyed);
    ring_init(&cache->plain);
}

static void take_head(struct cache *cache, struct cached *entry, struct change *head)
{
    entry->head = head;
    cache->bytes += entry_size(head);
    if (is_named(head))
        dict_add(&cache->by_name, head_name_hash(head), entry);
}

static void drop_head(struct cache *cache, struct cached *entry)
{
    cache->bytes -= entry_size(entry->head);
    if (is_named(entry->head))
        dict_remove(&cache->by_name, head_name_hash(entry->head), entry);
    change_unref(entry->head);
}

/* Of the same object, which keeps its name for life. */
static void replace_head(struct cache *cache, struct cached *entry, struct change *head)
{
    if (is_named(entry->head) && is_named(head)) {
        cache->bytes += entry_size(head) - entry_size(entry->head);
        change_unref(entry->head);
        entry->head = head;
        return;
    }
    drop_head(cache, entry);
    take_head(cache, entry, head);
}

static void forget(struct cache *cache, struct cached *entry)
{
    dict_remove(&cache->by_id, hash_number(entry->head->id), entry);
    drop_head(cache, entry);
    ring_remove(&entry->place);
    free(entry);
}

static void forget_all(struct cache *cache, struct ring *ring)
{
    while (!ring_is_empty(ring))
        forget(cache, ring_of(ring->next, struct cached, place));
}

void cache_deinit(struct cache *cache)
{
    forget_all(cache, &cache->recent);
    forget_all(cache, &cache->keyed);
    forget_all(cache, &cache->plain);
    dict_deinit(&cache->by_id);
    dict_deinit(&cache->by_name);
    ids_deinit(&cache->plain_ids);
}

static void evict(struct cache *cache)
{
    while (cache->bytes > cache->bytes_max && !ring_is_empty(&cache->recent))
        forget(cache, ring_of(cache->recent.next, struct cached, place));
}

static void touch(struct cache *cache, struct cached *entry)
{
    if (entry->dirty)
        return;
    ring_remove(&entry->place);
    ring_append(&cache->recent, &entry->place);
}

static struct cached *by_id(const struct cache *cache, uint64_t id)
{
    struct dict_cursor cursor;
    return dict_first(&cache->by_id, hash_number(id), &cursor); /* no other id has this hash */
}

struct cached *cache_get(struct cache *cache, uint64_t id)
{
    struct cached *entry = by_id(cache, id);
    if (entry)
        touch(cache, entry);
    return entry;
}

bool cache_knows_stored(const struct cache *cache, uint64_t id, uint64_t *seq)
{
    const struct cached *entry = by_id(cache, id);
    *seq = entry ? entry->stored_seq : 0;
    return *seq;
}

/* They lie all over the memory: one step for all at a time, so that the waits for it overlap. */
static void prefetch_entries(const struct cache *cache, const uint64_t *ids, size_t count,
                             const struct cached **entries)
{
    for (size_t i = 0; i < count; i++)
        dict_prefetch(&cache->by_id, hash_number(ids[i]));
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(entries[i] = by_id(cache, ids[i]));
}

static void prefetch_head(const struct cached *entry)
{
    enum { LINE = 64, LINES = 4 }; /* the processor finds by itself that more of the data follows */
    __builtin_prefetch(entry->head, 1); /* its references are counted */
    for (size_t i = 1; i < LINES; i++)
        __builtin_prefetch((const char *)entry->head + i * LINE);
}

void cache_prefetch(const struct cache *cache, const uint64_t *ids, size_t count)
{
    const struct cached *entries[CACHE_MANY_MAX];
    prefetch_entries(cache, ids, count, entries);
    for (size_t i = 0; i < count; i++) {
        if (!entries[i])
            continue;
        prefetch_head(entries[i]);
        __builtin_prefetch(entries[i]->place.next, 1);
        __builtin_prefetch(entries[i]->place.prev, 1);
    }
}

void cache_get_many(const struct cache *cache, const uint64_t *ids, size_t count,
                    struct change **heads)
{
    const struct cached *entries[CACHE_MANY_MAX];
    prefetch_entries(cache, ids, count, entries);
    for (size_t i = 0; i < count; i++)
        if (entries[i])
            prefetch_head(entries[i]);
    for (size_t i = 0; i < count; i++)
        heads[i] = entries[i] ? change_ref(entries[i]->head) : NULL;
}

struct cached *cache_find(struct cache *cache, uint64_t parent, enum kind kind, struct str name)
{
    struct dict_cursor cursor;
    struct cached *entry =
        dict_first(&cache->by_name, change_name_hash(parent, kind, name), &cursor);
    while (entry && !(entry->head->parent == parent && entry->head->kind == kind &&
                      str_eq(entry->head->name, name)))
        entry = dict_next(&cache->by_name, &cursor);
    if (entry)
        touch(cache, entry);
    return entry;
}

static struct cached *add(struct cache *cache, struct change *head)
{
    struct cached *entry = mem_zalloc(1, sizeof *entry);
    ring_init(&entry->place);
    take_head(cache, entry, head);
    dict_add(&cache->by_id, hash_number(head->id), entry);
    return entry;
}

struct cached *cache_add_stored(struct cache *cache, struct change *head)
{
    struct cached *entry = add(cache, head);
    entry->stored_seq = head->seq;
    entry->stored_expires_ms = head->expires_ms;
    ring_append(&cache->recent, &entry->place);
    /* Only others go: the newest is the last to be evicted, and it is in use now. */
    ring_remove(&entry->place);
    evict(cache);
    ring_append(&cache->recent, &entry->place);
    return entry;
}

/* What the indexes must learn of `entry`'s head. */
static bool changes_keys(const struct cached *entry)
{
    return !entry->stored_seq || change_is_removal(entry->head) ||
           entry->head->expires_ms != entry->stored_expires_ms;
}

static size_t range_place(uint64_t parent, enum kind kind)
{
    return hash_mix(parent * 64 + kind) % CACHE_RANGES;
}

bool cache_is_keyed(const struct cache *cache, uint64_t parent, enum kind kind)
{
    return cache->keyed_in[range_place(parent, kind)] > 0;
}

static void leave_ring(struct cache *cache, struct cached *entry)
{
    ring_remove(&entry->place);
    if (!entry->dirty)
        return;
    cache->keyed_count -= entry->keyed;
    cache->keyed_in[range_place(entry->head->parent, entry->head->kind)] -= entry->keyed;
    cache->plain_count -= !entry->keyed;
}

static void join_dirty(struct cache *cache, struct cached *entry, bool keyed)
{
    leave_ring(cache, entry);
    entry->dirty = true;
    entry->keyed = keyed;
    entry->since = entry->head->seq;
    cache->keyed_count += keyed;
    cache->keyed_in[range_place(entry->head->parent, entry->head->kind)] += keyed;
    cache->plain_count += !keyed;
    ring_append(keyed ? &cache->keyed : &cache->plain, &entry->place);
    if (!keyed)
        ids_add(&cache->plain_ids, entry->head->id);
}

void cache_take_plain(struct cache *cache, struct ids *ids)
{
    struct ids taken = cache->plain_ids;
    cache->plain_ids = *ids;
    cache->plain_ids.count = 0;
    *ids = taken;
}

void cache_commit(struct cache *cache, struct change *head)
{
    struct cached *entry = by_id(cache, head->id);
    if (entry) {
        if (entry->dirty)
            cache->dirty_bytes -= entry_size(entry->head);
        replace_head(cache, entry, change_ref(head));
    } else {
        entry = add(cache, change_ref(head));
    }
    cache->dirty_bytes += entry_size(head);
    bool keyed = changes_keys(entry);
    /* One that is queued already keeps its turn, unless it belongs into the other queue. */
    if (!entry->dirty || (keyed && !entry->keyed))
        join_dirty(cache, entry, keyed);
    evict(cache);
}

void cache_written(struct cache *cache, struct cached *entry)
{
    assert(entry->dirty);
    leave_ring(cache, entry);
    entry->dirty = false;
    entry->stored_seq = entry->head->seq;
    entry->stored_expires_ms = entry->head->expires_ms;
    cache->dirty_bytes -= entry_size(entry->head);
    if (change_is_removal(entry->head))
        forget(cache, entry);
    else
        ring_append(&cache->recent, &entry->place);
    evict(cache);
}

static uint64_t oldest_since(const struct ring *ring)
{
    if (ring_is_empty(ring))
        return UINT64_MAX;
    return ring_of(ring->next, struct cached, place)->since;
}

uint64_t cache_applied(const struct cache *cache, uint64_t seq)
{
    uint64_t keyed = oldest_since(&cache->keyed);
    uint64_t plain = oldest_since(&cache->plain);
    uint64_t first = keyed < plain ? keyed : plain;
    return first == UINT64_MAX ? seq : first - 1;
}
