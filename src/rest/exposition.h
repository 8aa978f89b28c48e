/* /metrics: what all threads have counted, added up, as Prometheus text. */
#ifndef REST_EXPOSITION_H
#define REST_EXPOSITION_H

#include "rest/rest.h"
#include "store/statistics.h"
#include "sync/core.h"

enum { EXPOSITION_GATEWAYS_MAX = 256 };

/* Filled in before the threads start, read by all of them. */
struct exposition {
    size_t gateways;
    const struct rest_metrics *rest[EXPOSITION_GATEWAYS_MAX];
    const struct metric *connections[EXPOSITION_GATEWAYS_MAX];
    const struct core_metrics *core;
    const struct store_metrics *store;
};

void exposition_render(const struct exposition *exposition, struct buf *out);

#endif
