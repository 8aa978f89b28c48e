/* What the subscriptions of one gateway are told at its start, and what they count. */
#ifndef SUBSCRIPTION_SUBSCRIPTION_OPTIONS_H
#define SUBSCRIPTION_SUBSCRIPTION_OPTIONS_H

#include "base/metric.h"

struct subscription_options {
    size_t subscriptions_max; /* of a session; more: subscription_failed */
    size_t live_size_max;     /* bytes that the live queries of a session take; the same */
    uint64_t replay_max;      /* events to catch up with; more: lost */
};

/* Written by the gateway, read by any thread. */
struct subscription_metrics {
    struct metric subscriptions; /* now */
    struct metric replays;       /* subscriptions that had something to catch up with */
    struct metric behind;        /* subscriptions that fell behind */
    struct metric lost;          /* ... whose history was no longer kept */
};

#endif
