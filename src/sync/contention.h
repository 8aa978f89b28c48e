/* Contended objects: when many clients read, change and write back one object (`mutate`), most of
 * them only make each other fail. Here those who have failed are let through one after the other.
 *
 *   loses a race          its read is kept      its read is answered
 *   ------------> LOST ---------------> WAITING ---------------> RELEASED ---> writes: forgotten,
 *                   ^                                               |          or LOST again
 *                   +-----------------------------------------------+
 *
 * A session that lost a race (ERR_REVISION, or ERR_EXISTS) for an object is one of its losers. Its
 * next read of the object is kept back, in the order of arrival, until the object has been quiet
 * for a while: for whoever wrote last tends to write again at once, needs no read for that, and
 * should win. So that nobody writes for ever while others wait, a turn also ends by itself, the
 * sooner the more wait. Then one read is answered, and for a grace period, or until that session
 * has written, the guarded writes of other sessions are kept back.
 *
 * How long is quiet, and how long the grace period, follows from how fast the sessions of the
 * object are, between the bounds below. Nothing is kept for longer than CONTENTION_HOLD_MAX_MS.
 * What is kept back is evaluated later as if it had come then.
 *
 * Only sessions (command.origin != 0) take part, and only documents named by SID, and items of
 * containers named by SID. Where a bound is reached, commands are just evaluated. */
#ifndef SYNC_CONTENTION_H
#define SYNC_CONTENTION_H

#include "base/clock.h"
#include "base/dict.h"
#include "base/ring.h"
#include "sync/command.h"

enum {
    CONTENTION_HOLD_MAX_MS = 1000,
    CONTENTION_LOSER_MS = 2000, /* a loser that does not read in that time is one no more */
    CONTENTION_QUIET_MIN_MS = 10,
    CONTENTION_QUIET_MAX_MS = 120,
    CONTENTION_GRACE_MIN_MS = 30,
    CONTENTION_GRACE_MAX_MS = 150,
    CONTENTION_TURN_MIN_MS = 40,
    CONTENTION_TURN_MAX_MS = 200,
    CONTENTION_OBJECT_LOSERS_MAX = 512, /* of one object */
    CONTENTION_LOSERS_MAX = 20000,      /* of all; so many objects at most are followed */
    CONTENTION_HELD_MAX = 4000,         /* commands kept back at a time */
};

struct contention {
    struct dict objects;   /* struct contended */
    struct ring by_age;    /* the same, those used longest ago first */
    struct ring holding;   /* those that keep commands back */
    struct chain released; /* commands whose time has come */
    int64_t next_ms;       /* none's time comes before; of instants */
    size_t losers;
    size_t held; /* commands kept back and not yet taken */
};

void contention_init(struct contention *contention);

/* What is still kept back never comes out: the gateways wait for all their answers before the core
 * is freed. */
void contention_deinit(struct contention *contention);

/* Might the command be kept back? Then it must not be evaluated without contention_hold. */
bool contention_concerns(const struct contention *contention, const struct command *command);

/* A command is about to be evaluated. True: it is kept back, and comes out of contention_take. */
bool contention_hold(struct contention *contention, struct command *command, struct instant now);

/* It has been evaluated, with this err. */
void contention_note(struct contention *contention, const struct command *command,
                     struct instant now);

/* Those whose time has come, to be evaluated now without asking contention_hold again. */
struct chain contention_take(struct contention *contention, struct instant now);

/* Before then contention_take has nothing, as it stands. */
struct instant contention_next(const struct contention *contention);

#endif
