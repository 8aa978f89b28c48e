/* POST /v3/Insights/{index}/Items: which items of a map match a query now. A live query goes on
 * from there (subscription.h). The index is a map, by unique name or SID. */
#ifndef REALTIME_QUERY_ROUTE_H
#define REALTIME_QUERY_ROUTE_H

#include "realtime/request.h"

enum {
    QUERY_ROUTE_ITEMS_MAX = 1000, /* more are left out */
    QUERY_ROUTE_SIZE_MAX = 4 << 20,
    QUERY_ROUTE_STEP_COST =
        64 << 10, /* of a step between two turns of others: query_evaluation.h */
};

/* ERR_BODY, ERR_QUERY, ERR_QUERY_OPERATORS, ERR_QUERY_ARRAY; the core's ERR_MISSING and
 * ERR_NAME_MISSING are told as ERR_INDEX_MISSING. */
must_check enum err query_route_prepare(struct request *request);
bool query_route_is_page(const struct request *request);
bool query_route_proceed(struct request *request);
void query_route_end(struct request *request);
void query_route_render(struct request *request, struct buf *out);

#endif
