/* The changes that are pending, and the world as they leave it.
 *
 *   changes:  [ sealed: on their way to the disk | open: of the commit in the making ]
 *
 * Commands are evaluated one after the other; each sees what those before it did, though nothing
 * is on the disk yet. batch_seal hands the open changes to the store, batch_settle tells that they
 * have arrived, and meanwhile more commands may be evaluated. Only when nothing is sealed can the
 * store refuse; forgetting all that is pending is then all there is to take back. */
#ifndef SYNC_BATCH_H
#define SYNC_BATCH_H

#include "base/clock.h"
#include "store/store.h"
#include "sync/command.h"
#include "sync/feed.h"
#include "sync/pending.h"
#include "sync/view.h"

/* Changes that housekeeping makes in one go, at most. */
enum { BATCH_HOUSE_MAX = 1024 };

/* A command makes at most four: an item takes the name of one that has expired, and each of the
 * two changes their map; or an object takes such a name, with the expiry come the order to purge
 * and with the creation the grant of all rights to its creator. */
enum { BATCH_CHANGES_MAX = 4 * BATCH_MAX + BATCH_HOUSE_MAX };

/* A stream's message on its way, and how many of the batch's changes come before it. */
struct batch_message {
    struct notice notice;
    size_t after;
};

/* A place between two changes or messages. */
struct batch_mark {
    size_t changes;
    size_t messages;
};

struct batch {
    struct store *store;
    const struct random *random;
    struct feed *feed;
    int64_t now_ms;
    uint64_t origin; /* of the command under evaluation */
    size_t count;
    struct change *changes[BATCH_CHANGES_MAX];
    uint64_t origins[BATCH_CHANGES_MAX];
    struct change *befores[BATCH_CHANGES_MAX]; /* batch_keep_before; NULL: nothing */
    struct pending pending;                    /* the same, found by object and name */
    size_t messages_count;
    struct batch_message messages[BATCH_MAX];
    struct batch_mark sealed;
    struct batch_mark told; /* how far the feed has been told */
};

void batch_init(struct batch *batch, struct store *store, const struct random *random,
                struct feed *feed);
void batch_deinit(struct batch *batch);

/* Start anew at `now_ms`; what is pending is forgotten. */
void batch_start(struct batch *batch, int64_t now_ms);

/* What is evaluated from now on is evaluated at `now_ms`. */
void batch_go_on(struct batch *batch, int64_t now_ms);

/* Where the next command of the batch begins. */
struct batch_mark batch_mark(const struct batch *batch);

/* Take back what has been made since; there are no new messages. */
void batch_take_back(struct batch *batch, struct batch_mark mark);

/* Are there open changes? */
bool batch_is_open(const struct batch *batch);

/* Append the open changes to the store; nothing is sealed. ERR_STORE, ERR_UNSURE: all is forgotten.
 */
must_check enum err batch_seal(struct batch *batch);

/* The store has synced what is sealed, or not: it is pending no more, and is to be published.
 * ERR_UNSURE: as `synced`. */
must_check enum err batch_settle(struct batch *batch, enum err synced);

/* Tell the feed of what was settled, in the order in which it happened: of what came before
 * `mark`; then of all the rest, and forget it. */
void batch_publish_until(struct batch *batch, struct batch_mark mark);
void batch_publish(struct batch *batch);

/* batch_seal, the store's sync, and batch_settle in one, if there is anything open. */
must_check enum err batch_commit(struct batch *batch);

/* The view in which commands of the batch are evaluated, now. */
struct view batch_view(struct batch *batch);

/* As view_get and so on, in that view. */
must_check enum err batch_get(struct batch *batch, uint64_t id, struct change **head);
must_check enum err batch_find(struct batch *batch, uint64_t parent, enum kind kind,
                               struct str name, struct change **head);
must_check enum err batch_resolve(struct batch *batch, uint64_t parent, enum kind kind,
                                  struct str sid_or_name, struct change **head);
must_check enum err batch_find_expired(struct batch *batch, uint64_t parent, enum kind kind,
                                       struct str name, struct change **head);

/* Has `parent` any children of that kind, perhaps expired ones? ERR_STORE. */
must_check enum err batch_has_child(struct batch *batch, uint64_t parent, enum kind kind,
                                    bool *any);

/* The first change of a new object: fills in id, seq, salt and dates of `draft`. The result is
 * borrowed, until the batch's next start. */
struct change *batch_create(struct batch *batch, struct change *draft);

/* A further change of an object, from batch_draft; fills in its seq. Borrowed likewise. */
struct change *batch_change(struct batch *batch, struct change *draft);

/* The change just added followed that state of its object; who hears of it is told so. */
void batch_keep_before(struct batch *batch, struct change *state);

/* The last pending change of an object; NULL: none. Borrowed likewise. */
struct change *batch_pending(const struct batch *batch, uint64_t id);

/* What follows `head` in its object's chain: a copy to alter and hand to batch_change. Its
 * strings are borrowed from `head`. */
struct change batch_draft(const struct batch *batch, const struct change *head,
                          enum change_type type, struct str author);

/* When something expires: `ttl` from now, 0 for never; `otherwise` when there is no ttl. */
int64_t batch_expiry(const struct batch *batch, const struct ttl *ttl, int64_t otherwise);

/* Tell the feed of a message: at once, or with the commit if anything uncommitted was seen. */
void batch_send(struct batch *batch, struct change *message);

#endif
