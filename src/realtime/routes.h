/* Which route serves a method and a path: those of objects as /v3/X and, the same, as
 * /v3/Services/{service}/X. */
#ifndef REALTIME_ROUTES_H
#define REALTIME_ROUTES_H

#include "base/arena.h"
#include "base/err.h"
#include "http/route.h"

struct realtime_route;

struct routes;

struct routes *routes_new(void);
void routes_free(struct routes *routes);

struct routes_match {
    const struct realtime_route *route;
    struct str service; /* absent: the path names none */
    struct str captures[ROUTE_CAPTURES_MAX];
};

/* ERR_ROUTE, ERR_METHOD. */
must_check enum err routes_find(const struct routes *routes, struct str method, struct str path,
                                struct arena *arena, struct routes_match *match);

#endif
