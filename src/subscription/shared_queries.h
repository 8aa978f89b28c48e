/* The live queries of one map at one gateway. Clients that ask for the same expression share one
 * query: it is evaluated once a change, and all are told by one event.
 *
 * What clients are told of a change depends on that change alone: an item that matches now was
 * updated; an item that does not match now, but did before, was removed. So the gateway keeps no
 * list of the items that match. If the state before is not known any more (notice.before), we take
 * it for one that matched: a client may have the item. If the client has it not, it is shown the
 * removal of a key that it never had.
 *
 * Queries are compiled in groups (sync/query_program.h): one walk over an item does for a whole
 * group. A group is compiled anew after a query has joined it, at the next change. */
#ifndef SUBSCRIPTION_SHARED_QUERIES_H
#define SUBSCRIPTION_SHARED_QUERIES_H

#include "base/dict.h"
#include "base/ring.h"
#include "session/event.h"
#include "sync/feed.h"

enum { QUERY_GROUP_MAX = 32 };

struct shared_query;

struct shared_queries {
    struct dict by_text;
    struct ring groups; /* those with room first */
    struct ring told;   /* queries that keep an event */
};

void shared_queries_init(struct shared_queries *queries);

/* All have left. */
void shared_queries_deinit(struct shared_queries *queries);

/* The query with that expression, which is a good one. To be left once. */
struct shared_query *shared_queries_join(struct shared_queries *queries, struct str text);
void shared_queries_leave(struct shared_queries *queries, struct shared_query *query);

enum query_effect { QUERY_NO_EFFECT, QUERY_ITEM_UPDATED, QUERY_ITEM_REMOVED };

/* What a change of the map means to clients of the query. What it costs to find out is added to
 * `cost` (sync/query_evaluation.h). */
enum query_effect shared_queries_evaluate(struct shared_query *query, const struct notice *notice,
                                          size_t *cost);

/* Has the item been looked at already, for another query? Then the rest costs little. */
bool shared_queries_is_evaluated(const struct shared_query *query, const struct notice *notice);

/* The event for clients that call the query `id`, if there is effect. A reference; one more is
 * kept, to be used for others, until shared_queries_forget. */
struct event *shared_queries_event(struct shared_queries *queries, struct shared_query *query,
                                   const struct notice *notice, enum query_effect effect,
                                   struct str id);

/* All have been told of a change. */
void shared_queries_forget(struct shared_queries *queries);

#endif
