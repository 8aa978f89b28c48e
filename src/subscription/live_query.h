/* A live query as one subscription has it: what its client calls it, and which query of the map it
 * is (shared_queries.h). */
#ifndef SUBSCRIPTION_LIVE_QUERY_H
#define SUBSCRIPTION_LIVE_QUERY_H

#include "base/err.h"
#include "subscription/shared_queries.h"

struct live_query {
    struct str id;                  /* as the client calls it */
    struct str index;               /* the map, by name or SID */
    struct str text;                /* the expression */
    size_t size;                    /* bytes of memory, with its share of what is compiled */
    struct shared_queries *queries; /* of the map; NULL: it is not known yet */
    struct shared_query *shared;
    char bytes[];
};

/* All strings are copied. ERR_QUERY, ERR_QUERY_OPERATORS, ERR_QUERY_ARRAY. */
must_check enum err live_query_new(struct live_query **query, struct str id, struct str index,
                                   struct str text);

/* The map is known: `queries` are the map's, and outlive this. */
void live_query_join(struct live_query *query, struct shared_queries *queries);

void live_query_free(struct live_query *query); /* NULL is fine */

/* What the client is to be told of a change of the map, after live_query_join: a reference; NULL:
 * nothing. What it costs to find out is added to `cost`. */
struct event *live_query_event(struct live_query *query, const struct notice *notice, size_t *cost);

#endif
