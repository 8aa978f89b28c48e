/* Removing objects whose time to live has passed.
 *
 * An expired object is invisible, and its name free, from its very millisecond on: every
 * reading looks at the date (batch.h, listing.h). This removes what is left, soon after, so
 * that the removal becomes a change like any other. */
#ifndef SYNC_EXPIRY_H
#define SYNC_EXPIRY_H

#include "sync/batch.h"

struct expiry {
    int64_t next_ms; /* nothing expires before; 0: not known yet */
};

/* An object was committed that expires then. */
static inline void expiry_note(struct expiry *expiry, int64_t expires_ms)
{
    if (expires_ms && expires_ms < expiry->next_ms)
        expiry->next_ms = expires_ms;
}

/* Add removals of some that are due at batch->now_ms, and learn when the next one is. */
must_check enum err expiry_step(struct expiry *expiry, struct batch *batch);

#endif
