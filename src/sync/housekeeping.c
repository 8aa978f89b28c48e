#include "sync/housekeeping.h"

#include "sync/purge.h"

#include <assert.h>

enum { RETRY_MS = 1000 };

/* Perhaps there is something left over. */
static void begin(struct housekeeping *housekeeping, int64_t retry_ms)
{
    *housekeeping = (struct housekeeping){.purging = true, .retry_ms = retry_ms};
}

void housekeeping_init(struct housekeeping *housekeeping)
{
    begin(housekeeping, 0);
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
    if (!housekeeping->purging || housekeeping->expired)
        return OK;
    enum err e = purge_step(batch, &housekeeping->purging);
    housekeeping->purged = count_removals(batch, first);
    return e;
}

enum err housekeeping_step(struct housekeeping *housekeeping, struct batch *batch)
{
    struct batch_mark begun = batch_mark(batch);
    if (batch->now_ms < housekeeping->retry_ms)
        return OK;
    housekeeping->retry_ms = 0;
    assert(begun.changes + BATCH_HOUSE_MAX <= BATCH_CHANGES_MAX);
    enum err e = expire_some(housekeeping, batch);
    if (!e)
        e = purge_some(housekeeping, batch);
    housekeeping->pending = batch->count > begun.changes;
    if (e) {
        batch_take_back(batch, begun);
        begin(housekeeping, batch->now_ms + RETRY_MS);
    }
    return e == ERR_UNSURE ? e : OK;
}

void housekeeping_note(struct housekeeping *housekeeping, const struct change *change)
{
    expiry_note(&housekeeping->expiry, change->expires_ms);
    housekeeping->purging = housekeeping->purging || change->kind == KIND_PURGE;
}

void housekeeping_settle(struct housekeeping *housekeeping, bool kept, int64_t now_ms)
{
    if (!kept && housekeeping->pending)
        begin(housekeeping, now_ms + RETRY_MS);
    housekeeping->pending = false;
    housekeeping->expired = housekeeping->purged = 0;
}

int64_t housekeeping_next_ms(const struct housekeeping *housekeeping)
{
    if (housekeeping->retry_ms)
        return housekeeping->retry_ms;
    return housekeeping->purging ? 0 : housekeeping->expiry.next_ms;
}
