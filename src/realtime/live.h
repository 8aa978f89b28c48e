/* A live query: its expression, and which items of the map match it as far as the client knows, so
 * that it is told when one stops matching, and not of those that never did.
 *
 * All are known when all items have been looked at once (live_seed). Until then, and for ever of a
 * map of which more than LIVE_KEYS_MAX match, a change of an item that has been neither created nor
 * looked at since is told as its removal if it does not match: the client may have it. If it does
 * not, what it shows is the removal of a key that it never had. */
#ifndef REALTIME_LIVE_H
#define REALTIME_LIVE_H

#include "base/arena.h"
#include "base/dict.h"
#include "base/err.h"
#include "realtime/occasion.h"
#include "sync/feed.h"

enum { LIVE_KEYS_MAX = 100000 };

struct query;
struct query_evaluation;
struct query_program;

struct live {
    struct arena arena;
    struct str id;    /* as the client calls it */
    struct str index; /* the map, by name or SID */
    const struct query *query;
    struct query_program *program;
    struct query_evaluation *evaluation;
    struct dict matching; /* hashes of the items' numbers */
    struct dict others;   /* of items looked at that do not match; none once it is seeded */
    bool seeded;
};

/* All strings are copied. ERR_QUERY, ERR_QUERY_OPERATORS, ERR_QUERY_ARRAY. */
must_check enum err live_new(struct live **live, struct str id, struct str index, struct str query);
void live_free(struct live *live); /* NULL is fine */

/* Some of the map's items as they are now. `last`: these are all. */
void live_seed(struct live *live, struct change *const *items, size_t count, bool last);

/* What the client is to be told of a change of the map; a reference; NULL: nothing. `now`: does the
 * item match? */
struct occasion *live_event(const struct live *live, const struct notice *notice, bool *now);

/* It has been told that, or there was nothing to tell. */
void live_note(struct live *live, const struct notice *notice, bool matches);

#endif
