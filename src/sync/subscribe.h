/* To hear of an object: what has happened to it since a change that is known, and from now on.
 * Evaluated in the settled view (sync/view.h).
 *
 * Where the two meet nothing is lost and nothing comes twice: in one turn of the core the port is
 * noted (feed.h) and the object's chain of changes is read as far as it is committed. */
#ifndef SYNC_SUBSCRIBE_H
#define SYNC_SUBSCRIBE_H

#include "sync/command.h"
#include "sync/feed.h"

struct settled;

/* Bounds of one command, which takes a millisecond at most. */
enum { SUBSCRIBE_NOTICES_MAX = 32, SUBSCRIBE_STEPS_MAX = 128 };

/* A subscriber's place in the chain; it goes from one command to the next. A long way is gone in
 * several commands: take the notices over, set `since` to the last of them, or to `reached`
 * when there was none, and ask again as long as there is `more`. */
struct subscribe {
    bool since_given; /* else: from now on */
    uint64_t since;   /* the seq of the last change known */
    size_t walk_max;  /* look at so many changes at most; 0: SUBSCRIBE_STEPS_MAX */
    size_t far_max;   /* more than so many notices behind is lost */
    bool with_before; /* of a map: notices have `before`, as far as it is still kept */

    bool more;        /* not up to date yet */
    uint64_t reached; /* unless `more`: the seq of the newest change */
    size_t count;
    struct notice notices[SUBSCRIBE_NOTICES_MAX]; /* oldest first, with references */

    /* subscribe.c's: seqs on the way back from the head, the newest first. */
    uint64_t *trail;
    size_t trail_count;
    size_t trail_capacity;
    uint64_t trail_head;    /* where the walk began */
    uint64_t readable_from; /* a notice with a lower seq is not for this subscriber */
    uint64_t trail_next;    /* where it goes on; done when at or below `since` */
};

/* Drop the references of the answer; forget the trail, too, when `done`. */
void subscribe_clear(struct subscribe *subscribe, bool done);

/* Evaluate VERB_SUBSCRIBE: `object` is a SID. With command->head the object's newest committed
 * state. Of a document one notice is enough, its newest; a stream has none.
 * ERR_MISSING; ERR_LOST: what follows `since` is no longer kept, or happened when the subscriber
 * had no right to read, or `since` is of another history (store_knows); ERR_STORE. */
must_check enum err subscribe_evaluate(struct settled *settled, struct command *command);

/* VERB_UNSUBSCRIBE: the port does not want to hear of `object` any more. */
must_check enum err subscribe_end(struct settled *settled, struct command *command);

#endif
