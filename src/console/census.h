/* GET /console/connections: who is connected, at all gateways.
 *
 * Gateways share nothing but queues, so one letter goes round the ring of consoles. Each gateway
 * adds its own clients on its own thread and passes it on; when it is home again it is the answer.
 */
#ifndef CONSOLE_CENSUS_H
#define CONSOLE_CENSUS_H

#include "console/visit.h"

struct census_station {
    const struct console_options *options;
    struct census_station *next; /* in the ring; itself when alone */
    struct ring waiting;         /* visits whose letter is under way */
    size_t count;
    uint64_t next_id;
    bool draining;
};

void census_init(struct census_station *station, const struct console_options *options);

/* Answer `visit` when the letter is home. ERR_BUSY at once when too many are under way, or the
 * station drains. */
void census_start(struct census_station *station, struct visit *visit);

/* Answer those that wait with ERR_BUSY; their letters are of no more use. */
void census_drain(struct census_station *station);

/* As console_discard. */
bool census_discard(struct letter *letter);

#endif
