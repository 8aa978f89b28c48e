#include "sim/sim_store.h"

#include "fake/fake_store.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

static struct sim *of(struct store *store)
{
    return (struct sim *)store;
}

static enum err take_turn(struct sim *sim, enum sim_call call)
{
    struct sim_failure *failure = &sim->failures[call];
    if (!failure->err || failure->behind-- > 0)
        return OK;
    enum err e = failure->err;
    failure->err = OK;
    why_set(&sim->store.failure, "the simulated store fails, as it was told");
    return e;
}

static enum err get(struct store *store, uint64_t id, struct change **head)
{
    enum err e = take_turn(of(store), SIM_GET);
    *head = NULL;
    return e ? e : store_get(of(store)->inner, id, head);
}

static enum err find(struct store *store, uint64_t parent, enum kind kind, struct str name,
                     struct change **head)
{
    enum err e = take_turn(of(store), SIM_FIND);
    *head = NULL;
    return e ? e : store_find(of(store)->inner, parent, kind, name, head);
}

static enum err page(struct store *store, const struct store_range *range, struct change **heads,
                     size_t heads_max, size_t *count)
{
    enum err e = take_turn(of(store), SIM_PAGE);
    *count = 0;
    return e ? e : store_page(of(store)->inner, range, heads, heads_max, count);
}

static enum err due(struct store *store, int64_t now_ms, struct change **heads, size_t heads_max,
                    size_t *count, int64_t *next_ms)
{
    enum err e = take_turn(of(store), SIM_DUE);
    *count = 0;
    return e ? e : store_due(of(store)->inner, now_ms, heads, heads_max, count, next_ms);
}

static enum err change(struct store *store, uint64_t seq, struct change **change)
{
    return store_change(of(store)->inner, seq, change);
}

static enum err tail(struct store *store, uint64_t after, struct change **changes,
                     size_t changes_max, size_t *count)
{
    return store_tail(of(store)->inner, after, changes, changes_max, count);
}

static enum err append(struct store *store, struct change *const *changes, size_t count)
{
    struct sim *sim = of(store);
    sim->synced = take_turn(sim, SIM_COMMIT);
    sim->commits++;
    if (sim->synced == ERR_STORE || (sim->synced && !sim->unsure_keeps))
        return sim->synced;
    return store_append(sim->inner, changes, count);
}

/* What tests want to happen meanwhile happens here. */
static enum err sync_all(struct store *store)
{
    struct sim *sim = of(store);
    if (sim->meanwhile.first)
        core_evaluate(sim->core, &sim->meanwhile);
    while (sim->core && core_read(sim->core, &sim->called))
        ;
    enum err e = store_sync(sim->inner);
    return e ? e : sim->synced;
}

static enum err settle(struct store *store, enum err synced, struct change *const *changes,
                       size_t count)
{
    struct sim *sim = of(store);
    bool keeps = synced && sim->synced;
    enum err e = store_settle(sim->inner, keeps ? OK : synced, changes, count);
    return keeps ? synced : e;
}

static enum err tidy(struct store *store, int64_t now_ms, bool idle, bool *more)
{
    enum err e = take_turn(of(store), SIM_TIDY);
    *more = false;
    return e ? e : store_tidy(of(store)->inner, now_ms, idle, more);
}

static void prefetch(struct store *store, const uint64_t *ids, size_t count)
{
    store_prefetch(of(store)->inner, ids, count);
}

static bool is_pressed(const struct store *store)
{
    return store_is_pressed(((const struct sim *)store)->inner);
}

static void await(struct store *store, int64_t timeout_ms)
{
    store_await(of(store)->inner, timeout_ms);
}

static uint64_t seq(const struct store *store)
{
    return store_seq(((const struct sim *)store)->inner);
}

static bool knows(const struct store *store, uint64_t seq)
{
    return store_knows(((const struct sim *)store)->inner, seq);
}

static void close_inner(struct store *store)
{
    store_close(of(store)->inner);
}

static const struct store_ops ops = {get,    find,     page,     due,        change,     tail,
                                     append, sync_all, settle,   tidy,       is_pressed, await,
                                     seq,    knows,    prefetch, close_inner};

void sim_store_open(struct sim *sim)
{
    sim->store.ops = &ops;
    struct why why;
    struct sqlite_options options = {
        .folder = sim->folder.path,
        .cache_size_max = 1 << 20,
        .wal_size_max = 4 << 20,
        .keep_changes = sim->kind == SIM_FORGETFUL ? 0 : 1000000,
        .keep_ms = sim->kind == SIM_FORGETFUL ? 0 : 86400000,
    };
    if (sim->kind == SIM_FAKE) {
        sim->inner = fake_store_new();
    } else if (sqlite_open(&sim->inner, &options, &why) != OK) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
}
