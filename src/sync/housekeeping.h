/* What the core does besides, as changes of its own: removing what has expired (expiry.h) and what
 * belonged to removed objects (purge.h), a bite a commit.
 *
 * Nobody waits for it: what is expired or belongs to nothing cannot be seen. So what fails is tried
 * again a second later, not with each commit. */
#ifndef SYNC_HOUSEKEEPING_H
#define SYNC_HOUSEKEEPING_H

#include "base/clock.h"
#include "sync/expiry.h"

struct housekeeping {
    struct expiry expiry;
    bool purging;
    bool pending; /* some of the batch's changes are its own */
    bool resting; /* after a failure: nothing before `retry` */
    struct instant retry;
    size_t expired; /* objects removed by what is pending */
    size_t purged;
    bool expired_last; /* the last bite was of expiry: the next is of purging, if there is any */
};

void housekeeping_init(struct housekeeping *housekeeping);

/* Add a bite to the batch, at most BATCH_HOUSE_MAX changes, or, when it fails, nothing.
 * ERR_UNSURE. */
must_check enum err housekeeping_step(struct housekeeping *housekeeping, struct batch *batch,
                                      struct instant now);

/* A change was committed. */
void housekeeping_note(struct housekeeping *housekeeping, const struct change *change);

/* What is pending was committed, or (not `kept`) is gone. */
void housekeeping_settle(struct housekeeping *housekeeping, bool kept, struct instant now);

/* How long there is nothing to do; `now_ms` is the calendar's. */
int64_t housekeeping_wait_ms(const struct housekeeping *housekeeping, struct instant now,
                             int64_t now_ms);

#endif
