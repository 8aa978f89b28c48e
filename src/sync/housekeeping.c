#include "sync/housekeeping.h"

#include "sync/purge.h"

#include <assert.h>

enum { RETRY_MS = 1000 };

void housekeeping_init(struct housekeeping *housekeeping)
{
    *housekeeping = (struct housekeeping){.purging = true};
}

static void rest(struct housekeeping *housekeeping, struct instant now)
{
    housekeeping_init(housekeeping);
    housekeeping->resting = true;
    housekeeping->retry = instant_after(now, RETRY_MS);
}

/* Objects that users know, among the changes from `first` on. */
static size_t count_removals(const struct batch *batch, size_t first)
{
    size_t count = 0;
    for (size_t i = first; i < batch->count; i++)
        count += change_is_removal(batch->changes[i]) && batch->changes[i]->kind != KIND_PURGE;
    return count;
}

static enum err expire_some(struct housekeeping *housekeeping, struct batch *batch)
{
    size_t first = batch->count;
    enum err e = expiry_step(&housekeeping->expiry, batch);
    housekeeping->expired = count_removals(batch, first);
    return e;
}

static enum err purge_some(struct housekeeping *housekeeping, struct batch *batch)
{
    size_t first = batch->count;
    if (!housekeeping->purging)
        return OK;
    enum err e = purge_step(batch, &housekeeping->purging);
    housekeeping->purged = count_removals(batch, first);
    return e;
}

/* One of the two, for both may be about the same object. They take turns, so that neither waits for
 * the other's end, which may never come. */
static enum err do_some(struct housekeeping *housekeeping, struct batch *batch)
{
    enum err e = OK;
    if (!housekeeping->purging || !housekeeping->expired_last)
        e = expire_some(housekeeping, batch);
    housekeeping->expired_last = housekeeping->expired > 0;
    if (!e && !housekeeping->expired)
        e = purge_some(housekeeping, batch);
    return e;
}

enum err housekeeping_step(struct housekeeping *housekeeping, struct batch *batch,
                           struct instant now)
{
    struct batch_mark begun = batch_mark(batch);
    if (housekeeping->resting && !instant_has_come(housekeeping->retry, now))
        return OK;
    housekeeping->resting = false;
    assert(begun.changes + BATCH_HOUSE_MAX <= BATCH_CHANGES_MAX);
    enum err e = do_some(housekeeping, batch);
    housekeeping->pending = batch->count > begun.changes;
    if (e) {
        batch_take_back(batch, begun);
        rest(housekeeping, now);
    }
    return e == ERR_UNSURE ? e : OK;
}

void housekeeping_note(struct housekeeping *housekeeping, const struct change *change)
{
    expiry_note(&housekeeping->expiry, change->expires_ms);
    housekeeping->purging = housekeeping->purging || change->kind == KIND_PURGE;
}

void housekeeping_settle(struct housekeeping *housekeeping, bool kept, struct instant now)
{
    if (!kept && housekeeping->pending)
        rest(housekeeping, now);
    housekeeping->pending = false;
    housekeeping->expired = housekeeping->purged = 0;
}

int64_t housekeeping_wait_ms(const struct housekeeping *housekeeping, struct instant now,
                             int64_t now_ms)
{
    if (housekeeping->resting)
        return instant_between(now, housekeeping->retry);
    return housekeeping->purging ? 0 : housekeeping->expiry.next_ms - now_ms;
}
