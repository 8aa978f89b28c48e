/* /metrics: what all threads have counted, added up, as Prometheus text. */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include "base/work.h"
#include "realtime/realtime.h"
#include "rest/rest.h"
#include "store/statistics.h"
#include "sync/core.h"

enum { EXPOSITION_GATEWAYS_MAX = 256 };

/* Filled in before the threads start, read by all of them. */
struct exposition {
    size_t gateways;
    const struct rest_metrics *rest[EXPOSITION_GATEWAYS_MAX];
    const struct realtime_metrics *realtime[EXPOSITION_GATEWAYS_MAX];
    const struct websocket_metrics *websockets[EXPOSITION_GATEWAYS_MAX];
    const struct metric *connections[EXPOSITION_GATEWAYS_MAX];
    const struct places_metrics *places[EXPOSITION_GATEWAYS_MAX];
    const struct work_metrics *work[EXPOSITION_GATEWAYS_MAX];
    const struct guesses_metrics *guesses;
    const struct core_metrics *core;
    const struct store_metrics *store;
};

/* `exposition`: a struct exposition; as rest_options.expose. */
void exposition_render(const void *exposition, struct buf *out);

#endif
