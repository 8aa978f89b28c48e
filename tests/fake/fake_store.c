#include "fake/fake_store.h"

#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct fake {
    struct store store;
    struct change **journal; /* of seq 1, 2, ... */
    size_t journal_max;
    uint64_t seq;          /* of the last change that was appended */
    uint64_t settled;      /* of the last one in the journal */
    enum err synced;       /* what the next sync comes to */
    struct change **heads; /* of the live objects, by id */
    size_t heads_count;
    size_t heads_max;
    size_t commits_left; /* before the one that fails */
    enum err failure;    /* OK: none fails */
    void (*on_sync)(void *context);
    void *context;
    bool unsure;
    atomic_bool pressed;
};

static struct fake *of(struct store *store)
{
    return (struct fake *)store;
}

static enum err refuse(struct fake *fake, enum err e)
{
    why_set(&fake->store.failure, "the fake store fails, as it was told");
    fake->unsure = fake->unsure || e == ERR_UNSURE;
    return e;
}

/* Where the head of `id` stands, or would. */
static size_t place(const struct fake *fake, uint64_t id)
{
    size_t low = 0, high = fake->heads_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fake->heads[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct change *head_of(const struct fake *fake, uint64_t id)
{
    size_t at = place(fake, id);
    return at < fake->heads_count && fake->heads[at]->id == id ? fake->heads[at] : NULL;
}

static struct change *head_named(const struct fake *fake, uint64_t parent, enum kind kind,
                                 struct str name)
{
    for (size_t i = 0; i < fake->heads_count; i++) {
        struct change *head = fake->heads[i];
        if (head->parent == parent && head->kind == kind && head->name.ptr &&
            str_eq(head->name, name))
            return head;
    }
    return NULL;
}

static struct change *ref(struct change *change)
{
    return change ? change_ref(change) : NULL;
}

static enum err get(struct store *store, uint64_t id, struct change **head)
{
    struct fake *fake = of(store);
    *head = NULL;
    if (fake->unsure)
        return refuse(fake, ERR_UNSURE);
    *head = ref(head_of(fake, id));
    return OK;
}

static enum err find(struct store *store, uint64_t parent, enum kind kind, struct str name,
                     struct change **head)
{
    struct fake *fake = of(store);
    *head = NULL;
    if (fake->unsure)
        return refuse(fake, ERR_UNSURE);
    *head = ref(head_named(fake, parent, kind, name));
    return OK;
}

static int compare_ids(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_names(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b)
{
    return compare_names((*(struct change *const *)a)->name, (*(struct change *const *)b)->name);
}

/* Does the range begin with `head`, or before it? */
static bool is_reached(const struct change *head, const struct store_range *range)
{
    int order = range->order == STORE_BY_NAME ? compare_names(head->name, range->name)
                                              : compare_ids(head->id, range->id);
    return order ? (order < 0) == range->descending : range->inclusive;
}

static bool is_in_range(const struct change *head, const struct store_range *range)
{
    bool ordered = range->order != STORE_BY_NAME || head->name.ptr;
    return head->parent == range->parent && head->kind == range->kind && ordered &&
           (!range->bounded || is_reached(head, range));
}

/* All heads of a range, ascending; `free()` them. */
static struct change **heads_of(const struct fake *fake, const struct store_range *range,
                                size_t *count)
{
    struct change **found = mem_alloc((fake->heads_count + 1) * sizeof(struct change *));
    *count = 0;
    for (size_t i = 0; i < fake->heads_count; i++)
        if (is_in_range(fake->heads[i], range))
            found[(*count)++] = fake->heads[i];
    if (range->order == STORE_BY_NAME)
        qsort(found, *count, sizeof(struct change *), by_name);
    return found;
}

static enum err page(struct store *store, const struct store_range *range, struct change **heads,
                     size_t heads_max, size_t *count)
{
    struct fake *fake = of(store);
    size_t found_count;
    *count = 0;
    assert(!range->bounded || range->order != STORE_BY_NAME || range->name.ptr);
    if (fake->unsure)
        return refuse(fake, ERR_UNSURE);
    struct change **found = heads_of(fake, range, &found_count);
    for (; *count < found_count && *count < heads_max; (*count)++)
        heads[*count] = change_ref(found[range->descending ? found_count - 1 - *count : *count]);
    free(found);
    return OK;
}

/* The soonest to expire of those behind (`after_ms`, `after_id`), in that order. */
static struct change *soonest(const struct fake *fake, int64_t after_ms, uint64_t after_id)
{
    struct change *best = NULL;
    for (size_t i = 0; i < fake->heads_count; i++) {
        struct change *head = fake->heads[i];
        bool later =
            head->expires_ms > after_ms || (head->expires_ms == after_ms && head->id > after_id);
        if (head->expires_ms && later && (!best || head->expires_ms < best->expires_ms))
            best = head;
    }
    return best;
}

static enum err due(struct store *store, int64_t now_ms, struct change **heads, size_t heads_max,
                    size_t *count, int64_t *next_ms)
{
    struct fake *fake = of(store);
    *count = 0;
    if (fake->unsure)
        return refuse(fake, ERR_UNSURE);
    struct change *head = soonest(fake, 0, 0);
    while (head && head->expires_ms <= now_ms && *count < heads_max) {
        heads[(*count)++] = change_ref(head);
        head = soonest(fake, head->expires_ms, head->id);
    }
    *next_ms = head ? head->expires_ms : INT64_MAX;
    return OK;
}

static enum err change(struct store *store, uint64_t seq, struct change **change)
{
    struct fake *fake = of(store);
    *change = NULL;
    if (fake->unsure)
        return refuse(fake, ERR_UNSURE);
    if (seq > 0 && seq <= fake->settled)
        *change = change_ref(fake->journal[seq - 1]);
    return OK;
}

static enum err tail(struct store *store, uint64_t after, struct change **changes,
                     size_t changes_max, size_t *count)
{
    struct fake *fake = of(store);
    *count = 0;
    if (fake->unsure)
        return refuse(fake, ERR_UNSURE);
    for (uint64_t seq = after; seq < fake->settled && *count < changes_max; seq++)
        changes[(*count)++] = change_ref(fake->journal[seq]);
    return OK;
}

static void *grow(void *array, size_t count, size_t *max)
{
    if (count < *max)
        return array;
    *max = *max ? 2 * *max : 64;
    return mem_realloc(array, *max * sizeof(struct change *));
}

static void keep(struct fake *fake, struct change *change)
{
    fake->journal = grow(fake->journal, (size_t)fake->settled, &fake->journal_max);
    fake->journal[fake->settled++] = change_ref(change);
}

static void add_head(struct fake *fake, struct change *change)
{
    assert(change->id == change->seq && change->prev == 0);
    assert(!change->name.ptr || !head_named(fake, change->parent, change->kind, change->name));
    fake->heads = grow(fake->heads, fake->heads_count, &fake->heads_max);
    fake->heads[fake->heads_count++] = change_ref(change);
}

static void assert_follows(const struct change *change, const struct change *head)
{
    assert(head && change->prev == head->seq);
    assert(change->parent == head->parent && change->kind == head->kind);
    assert(change->salt == head->salt && change->created_ms == head->created_ms);
    assert(str_eq(change->name, head->name) && str_eq(change->creator, head->creator));
}

static void replace_head(struct fake *fake, struct change *change)
{
    size_t at = place(fake, change->id);
    assert_follows(change, head_of(fake, change->id));
    change_unref(fake->heads[at]);
    if (change_is_removal(change))
        memmove(fake->heads + at, fake->heads + at + 1,
                (--fake->heads_count - at) * sizeof *fake->heads);
    else
        fake->heads[at] = change_ref(change);
}

/* Does this commit fail, and how? */
static enum err take_turn(struct fake *fake)
{
    if (fake->unsure)
        return ERR_UNSURE;
    if (!fake->failure || fake->commits_left-- > 0)
        return OK;
    enum err e = fake->failure;
    fake->failure = OK;
    return e;
}

/* One that cannot be known to have failed is found out about by its sync. */
static enum err append(struct store *store, struct change *const *changes, size_t count)
{
    struct fake *fake = of(store);
    assert(count > 0 && fake->seq == fake->settled);
    enum err e = take_turn(fake);
    fake->synced = e == ERR_UNSURE && !fake->unsure ? e : OK;
    if (e && !fake->synced) {
        metric_add(&store->metrics.commit_failures, 1);
        return refuse(fake, e);
    }
    for (size_t i = 0; i < count && !fake->synced; i++)
        assert(changes[i]->seq == fake->seq + 1 + i);
    fake->seq += count;
    return OK;
}

static enum err sync_all(struct store *store)
{
    struct fake *fake = of(store);
    if (fake->on_sync)
        fake->on_sync(fake->context);
    return fake->synced;
}

static enum err settle(struct store *store, enum err synced, struct change *const *changes,
                       size_t count)
{
    struct fake *fake = of(store);
    assert(fake->seq == fake->settled + count);
    if (synced) {
        fake->seq = fake->settled;
        metric_add(&store->metrics.commit_failures, 1);
        return refuse(fake, synced);
    }
    for (size_t i = 0; i < count; i++) {
        keep(fake, changes[i]);
        if (changes[i]->type == CHANGE_CREATED)
            add_head(fake, changes[i]);
        else
            replace_head(fake, changes[i]);
    }
    metric_add(&store->metrics.commits, 1);
    metric_add(&store->metrics.changes, count);
    return OK;
}

static enum err tidy(struct store *store, int64_t now_ms, bool idle, bool *more)
{
    (void)now_ms;
    (void)idle;
    *more = false;
    return of(store)->unsure ? refuse(of(store), ERR_UNSURE) : OK;
}

static void prefetch(struct store *store, const uint64_t *ids, size_t count)
{
    (void)store;
    (void)ids;
    (void)count;
}

static bool is_pressed(const struct store *store)
{
    return atomic_load(&((const struct fake *)store)->pressed);
}

static void await(struct store *store, int64_t timeout_ms)
{
    (void)store;
    const struct timespec pause = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static uint64_t seq(const struct store *store)
{
    return ((const struct fake *)store)->seq;
}

static bool knows(const struct store *store, uint64_t seq)
{
    return seq <= ((const struct fake *)store)->settled;
}

static void close_store(struct store *store)
{
    struct fake *fake = of(store);
    for (uint64_t i = 0; i < fake->settled; i++)
        change_unref(fake->journal[i]);
    for (size_t i = 0; i < fake->heads_count; i++)
        change_unref(fake->heads[i]);
    free(fake->journal);
    free(fake->heads);
    free(fake);
}

static const struct store_ops ops = {get,    find,     page,     due,        change,     tail,
                                     append, sync_all, settle,   tidy,       is_pressed, await,
                                     seq,    knows,    prefetch, close_store};

struct store *fake_store_new(void)
{
    struct fake *fake = mem_zalloc(1, sizeof *fake);
    fake->store.ops = &ops;
    return &fake->store;
}

void fake_store_fail_next(struct store *store, enum err e)
{
    fake_store_fail_after(store, 0, e);
}

void fake_store_fail_after(struct store *store, size_t commits, enum err e)
{
    of(store)->failure = e;
    of(store)->commits_left = commits;
}

void fake_store_on_sync(struct store *store, void (*on_sync)(void *context), void *context)
{
    struct fake *fake = of(store);
    fake->on_sync = on_sync;
    fake->context = context;
}

void fake_store_press(struct store *store, bool pressed)
{
    atomic_store(&of(store)->pressed, pressed);
}
