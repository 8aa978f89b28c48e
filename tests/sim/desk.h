/* A batch on a sim's store and feed, beside the core's own, and documents in it: what a test of
 * batches begins with. */
#ifndef DESK_H
#define DESK_H

#include "sim/sim.h"
#include "sync/batch.h"

enum { DESK_PARENT = 7 }; /* of all documents */

struct desk {
    struct sim sim;
    struct random random;
    struct feed feed;
    struct batch batch;
    size_t heard; /* of sim.heard, looked at so far */
};

/* A test's setup and teardown; every byte of a salt is 0xab. */
int desk_begin(void **state);
int desk_end(void **state);

struct change *desk_create(struct desk *desk, struct str name, int64_t expires_ms);

/* `head`'s next revision. */
struct change *desk_alter(struct desk *desk, const struct change *head, enum change_type type);

/* Commit and publish, and begin anew. */
void desk_commit(struct desk *desk);

/* Commit in two steps, what comes in between being open. */
void desk_seal(struct desk *desk);
void desk_settle(struct desk *desk);

/* The revision found, by name or id; -1: none. */
int desk_find(struct desk *desk, struct str name);
int desk_get(struct desk *desk, uint64_t id);

#endif
