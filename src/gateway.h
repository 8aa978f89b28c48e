/* A gateway: a thread with its own event loop, listening socket, connections and dialects. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "base/work.h"
#include "console/console.h"
#include "http/server.h"
#include "realtime/realtime.h"
#include "rest/rest.h"
#include "sync/loop.h"

struct gateway;

struct gateway_options {
    int listen_fd; /* the gateway's own, of a group with SO_REUSEPORT; stays the caller's */
    struct http_options http;
    struct rest_options rest;         /* port, submit and context are the gateway's to fill in */
    struct realtime_options realtime; /* the same, and loop and work */
    struct console_options console;   /* as of `rest`, and enrol */
    struct loop *loop;
    struct work_options work;
    unsigned drain_timeout_ms;
};

/* ERR_CONFIG, in `why`. The thread is not running yet. */
must_check enum err gateway_new(struct gateway **gateway, const struct gateway_options *options,
                                struct why *why);

/* The gateways form a ring, for what is asked of all of them: `next` is the one after this. Before
 * any is started. */
void gateway_join_ring(struct gateway *gateway, const struct gateway *next);

must_check enum err gateway_start(struct gateway *gateway, struct why *why);

/* Any thread: stop accepting, finish what is under way within the drain timeout, end. */
void gateway_stop(struct gateway *gateway);

/* Wait for the thread's end, if it was started. */
void gateway_join(struct gateway *gateway);

/* After gateway_join, and when the core pushes no more answers. */
void gateway_free(struct gateway *gateway);

const struct rest_metrics *gateway_metrics(const struct gateway *gateway);
const struct realtime *gateway_realtime(const struct gateway *gateway);
const struct metric *gateway_connections(const struct gateway *gateway);
const struct places_metrics *gateway_places(const struct gateway *gateway);
const struct work_metrics *gateway_work_metrics(const struct gateway *gateway);

#endif
