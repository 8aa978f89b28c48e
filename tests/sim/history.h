/* What clients saw, and whether one order of all operations explains it.
 *
 * The promise that is checked: each operation on an object (a document, a map's item) takes effect
 * at one moment between its call and its return. Revisions tell the order of writes, so the check
 * is exact and quick:
 *
 *  1. Acknowledged writes are laid out in a line of states per name: absent, revision 0, 1, ...,
 *     absent, the next object of that name. There are no holes, and none stands there twice;
 *     a guarded write follows its guard; a time to live carries over as it should.
 *  2. Every operation names the states in which it may have happened: a fetch the one whose
 *     revision and value it shows, a refused guard all others, "not found" an absent one.
 *  3. In the order of their calls each gets the earliest of these that is not before a state
 *     some operation had seen that returned before. One that fits nowhere is a violation. */
#ifndef HISTORY_H
#define HISTORY_H

#include "base/err.h"
#include "sync/command.h"

struct operation {
    uint64_t call; /* real time: a counter */
    uint64_t ret;
    int64_t now_ms; /* the server's clock in between */

    enum verb verb; /* create, fetch, update, put or remove */
    unsigned name;
    uint64_t on; /* the object's id, when it was called by its SID; 0: by name */
    bool guarded;
    uint64_t guard;
    uint64_t value;  /* written by create, update and put: another each time */
    bool has_ttl;    /* an update without one keeps the date */
    int64_t ttl_ms;  /* 0: for ever */
    enum err answer; /* OK; ERR_STORE: known to have no effect; else what was refused */

    /* With OK: */
    uint64_t id;
    uint64_t revision;  /* of a removal: the one removed */
    uint64_t seen;      /* the value shown */
    int64_t expires_ms; /* 0: never */
};

struct history {
    struct operation *ops;
    size_t count;
    size_t max;
};

void history_init(struct history *history);
void history_deinit(struct history *history);
void history_add(struct history *history, const struct operation *op);

/* False: `why` tells a violation. */
bool history_is_linearizable(const struct history *history, struct why *why);

#endif
