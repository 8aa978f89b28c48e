/* Who gets a place when there are many connections.
 *
 * A new connection gets an ordinary place as long as there are any and its network has not too many
 * already. When all are taken, one that waits for nothing but its client's next move gives way: the
 * oldest that never sent a request, else the one that has been idle the longest. Where nobody can,
 * the new connection gets one of a few reserved places, of which each kind has its own, so that
 * none keeps out the others:
 *
 *   CROWDED   all ordinary places are taken
 *   TRUSTED   the same, and it comes from a trusted network
 *   EXCESSIVE its network has too many connections
 *
 * In a reserved place it is heard for one request, and for a short time: so that health checks and
 * operators are answered, and all others are told to come later. The newest takes the place of the
 * oldest of its kind. */
#ifndef HTTP_PLACES_H
#define HTTP_PLACES_H

#include "base/metric.h"
#include "base/ring.h"
#include "base/tally.h"
#include "http/network.h"

enum place_kind { PLACE_ORDINARY, PLACE_CROWDED, PLACE_TRUSTED, PLACE_EXCESSIVE, PLACE_KINDS };

/* All of it is shared by whoever counts. */
struct places_options {
    size_t ordinary_max;
    size_t reserved_max;    /* of each of the other kinds */
    size_t per_network_max; /* 0: any number */
    struct tally *networks; /* of all servers; NULL: not counted */
    const struct networks *trusted;
};

struct places_metrics {
    struct metric displaced; /* connections that gave way */
    struct metric crowded;   /* connections that found all ordinary places taken */
    struct metric excessive; /* ... or whose network had too many */
};

struct place {
    struct ring node; /* of its kind, oldest first; but for ordinary ones */
    enum place_kind kind;
    bool taken;
    uint64_t network; /* 0: a trusted one, not counted */
    uint64_t since_ms;
    tally_slot *slot;
};

struct places {
    struct places_options options;
    struct places_metrics metrics;
    size_t taken[PLACE_KINDS];
    struct ring reserved[PLACE_KINDS];
};

void places_init(struct places *places, const struct places_options *options);

/* A place for the connection on `fd`. */
void place_take(struct places *places, struct place *place, int fd, uint64_t now_ms);

/* Is it a reserved one only because all ordinary ones are taken? Then another connection may give
 * way, and place_inherit has the ordinary place that it gave. */
bool place_wants(const struct place *place);
void place_inherit(struct places *places, struct place *place);

/* The oldest of a reserved kind that has too many by this one; NULL: it has not. */
struct place *place_surplus(const struct places *places, const struct place *place);

/* Twice is fine. */
void place_give(struct places *places, struct place *place);

/* The oldest in a reserved place that has been there for longer than it may; NULL: none. */
struct place *places_overdue(const struct places *places, uint64_t now_ms);

#endif
