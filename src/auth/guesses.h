/* Wrong passwords, counted by network, so that whoever guesses is slowed down and nobody else is.
 *
 * Ten may be wrong, each within a minute of the one before. From then on each wrong one begins a
 * pause, of 1 s, 2 s, 4 s and so on up to a minute, in which nothing from that network is compared
 * with a secret: not even the right password, or an answer would say that it is. A minute after the
 * last pause without a wrong one all is forgotten.
 *
 * A table of fixed size without locks: each slot is one atomic word. Where more networks meet than
 * there is room for, the one that has been quiet the longest is forgotten. */
#ifndef AUTH_GUESSES_H
#define AUTH_GUESSES_H

#include "base/metric.h"

struct guesses_metrics {
    struct metric wrong;  /* credentials that were compared, and wrong */
    struct metric paused; /* not compared, because of a pause */
};

struct guesses;

struct guesses *guesses_new(void);
void guesses_free(struct guesses *guesses);

/* How long nothing from `network` is to be compared; 0: go on. `now_ns`: clock_monotonic_ns().
 * `network` as in http/network.h; 0 has no pauses, and neither has `guesses` NULL. */
unsigned guesses_pause_s(struct guesses *guesses, uint64_t network, uint64_t now_ns);

/* Credentials from there were wrong. */
void guesses_wrong(struct guesses *guesses, uint64_t network, uint64_t now_ns);

/* Of all threads. */
const struct guesses_metrics *guesses_metrics(const struct guesses *guesses);

#endif
