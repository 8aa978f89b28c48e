/* Two views of the objects: as they are committed, and as the pending changes leave them.
 *
 * The view decides when a command is answered. What was evaluated in the pending view may depend
 * on a commit that is still under way, and then waits for it. What was evaluated in the settled
 * view depends on nothing of the kind, and is answered at once: its answer is exact between the
 * notices before it and those behind it. An answer that mixed the two would wait, and say when it
 * comes what had been true before notices that went out meanwhile. So the two have different types:
 * an evaluator gets a `struct batch` (sync/batch.h) or a `struct settled`, and there is no way from
 * the one to the other. Only look-ups that both need take a `struct view`. */
#ifndef SYNC_VIEW_H
#define SYNC_VIEW_H

#include "base/err.h"
#include "store/store.h"

struct feed;
struct pending;

struct view {
    struct store *store;
    struct pending *pending; /* NULL: only what is committed */
    int64_t now_ms;
};

/* What is committed, and told: a command evaluated here is answered at once. */
struct settled {
    struct view view;
    struct feed *feed;
};

/* The head of a live object that has not expired, with a reference; else NULL. ERR_STORE. */
must_check enum err view_get(const struct view *view, uint64_t id, struct change **head);
must_check enum err view_find(const struct view *view, uint64_t parent, enum kind kind,
                              struct str name, struct change **head);

/* By SID or unique name, as a request names an object.
 * ERR_MISSING: shaped like a SID. ERR_NAME_MISSING: not. ERR_STORE. */
must_check enum err view_resolve(const struct view *view, uint64_t parent, enum kind kind,
                                 struct str sid_or_name, struct change **head);

/* What holds `name` and should not, because it has expired; else NULL. ERR_STORE. */
must_check enum err view_find_expired(const struct view *view, uint64_t parent, enum kind kind,
                                      struct str name, struct change **head);

#endif
