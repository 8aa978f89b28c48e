/* Idempotency keys (draft-ietf-httpapi-idempotency-key-header): a client that did not get the
 * answer to a write sends it again with the same key, and gets the answer of the first time; the
 * write is not done again.
 *
 * A key belongs to whoever sent it, in one service: an identity, or the account. It is remembered
 * in memory, from when its write succeeded until `keep_ms` later or until there is no more room; a
 * write that was refused changed nothing, so its key is not. What a commit that fails would have
 * kept is forgotten with it.
 *
 * A client that says since when its write may have been done (command.first_sent_ms) is told when
 * that reaches back to before what is still remembered: then nobody knows. */
#ifndef SYNC_IDEMPOTENCY_H
#define SYNC_IDEMPOTENCY_H

#include "base/clock.h"
#include "base/dict.h"
#include "base/mac.h"
#include "base/ring.h"
#include "sync/command.h"

enum { IDEMPOTENCY_KEY_MAX = 255 };

struct idempotency_options {
    size_t size_max; /* bytes that may be kept; the oldest go; 0: nothing is remembered */
    int64_t keep_ms;
    struct now began; /* from where the server's time is reckoned, in which clients tell theirs */
};

struct idempotency {
    struct idempotency_options options;
    unsigned char secret[MAC_SIZE];
    struct dict entries;
    struct ring by_age; /* oldest first */
    size_t size;
    struct instant forgot; /* of writes since then, all that succeeded are remembered */
    size_t uncommitted;    /* entries, among the youngest */
};

void idempotency_init(struct idempotency *idempotency, const struct idempotency_options *options,
                      const struct random *random, struct instant now);
void idempotency_deinit(struct idempotency *idempotency);

/* Is it a key at all: 1 to IDEMPOTENCY_KEY_MAX visible ASCII characters? ERR_PARAMETER. */
must_check enum err idempotency_check(struct str key, struct why *why);

/* A write with a key, whose service is resolved, and nothing else yet: what it was about may be
 * gone by now. `known`: it has been done, its answer is filled in, and `uncommitted` tells whether
 * that still depends on the commit. ERR_KEY_REUSED: the key was another request's.
 * ERR_KEY_FORGOTTEN: it may have been done before what is remembered. */
must_check enum err idempotency_recall(struct idempotency *idempotency, struct command *command,
                                       struct instant now, bool *known, bool *uncommitted);

/* It has been done now. */
void idempotency_note(struct idempotency *idempotency, const struct command *command,
                      struct instant now, bool uncommitted);

/* A commit has come to its end: the oldest `count` that were uncommitted (or all there are) are
 * kept, or forgotten. */
void idempotency_settle(struct idempotency *idempotency, size_t count, bool committed);

#endif
