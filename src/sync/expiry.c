#include "sync/expiry.h"

#include "sync/removal.h"

enum { BITE = 128 };

enum err expiry_step(struct expiry *expiry, struct batch *batch)
{
    struct change *heads[BITE];
    size_t count;
    int64_t next_ms;
    if (expiry->next_ms > batch->now_ms)
        return OK;
    enum err e = store_due(batch->store, batch->now_ms, heads, BITE, &count, &next_ms);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (!e && !batch_pending(batch, heads[i]->id)) /* else it is looked at again behind that */
            e = removal_add(batch, heads[i], CHANGE_EXPIRED, (struct str){0});
        change_unref(heads[i]);
    }
    if (!e)
        expiry->next_ms = next_ms;
    return e;
}
