/* What a store counts. Written by its thread, read by any. */
#ifndef STORE_STATISTICS_H
#define STORE_STATISTICS_H

#include "base/metric.h"

struct store_metrics {
    struct metric commits;
    struct metric changes;
    struct metric commit_failures;
    struct metric heads_cached;
    struct metric heads_dirty;
    struct metric cache_bytes;
    struct metric cache_hits;
    struct metric cache_misses;
    struct metric heads_written;
    struct metric changes_dropped; /* by retention */
    struct metric wal_bytes;
    struct metric checkpoints;
};

#endif
