/* The REST dialect (/v1 and the keys of /2010-04-01): requests to commands, answers to JSON.
 *
 * One `struct rest` belongs to one gateway thread. */
#ifndef REST_REST_H
#define REST_REST_H

#include "auth/credentials.h"
#include "auth/guesses.h"
#include "base/metric.h"
#include "http/server.h"
#include "sync/command.h"

struct log;

struct rest_options {
    const struct credentials *credentials;
    struct guesses *guesses; /* of all gateways; NULL: they cost nothing */
    struct limits limits;
    const char *write_origins; /* sites whose pages may write: http/site.h; NULL: none */
    const char *public_url;    /* NULL: from the Host header */
    const char *address;       /* host:port, for requests without a usable Host header */
    size_t body_size_max;
    size_t requests_max; /* commands of this gateway in the core's hands */
    bool access_log;
    bool console_read_only; /* refuse writes that come from the console's pages */
    struct log *log;
    struct work_queue *work;                                /* of the gateway */
    struct port *port;                                      /* for the commands */
    void (*submit)(void *context, struct command *command); /* hand one to the core */
    void *context;
    void (*expose)(const void *exposition, struct buf *out); /* write what /metrics shows */
    const void *exposition;
};

enum { REST_ENDPOINTS_MAX = 64, REST_STATUSES = 17, REST_NS_EXPONENT = 14 };

/* Written by the gateway, read by any thread. By endpoint, as endpoints.h numbers them. */
struct rest_metrics {
    struct metric requests[REST_ENDPOINTS_MAX][REST_STATUSES];
    struct histogram latency_ns[REST_ENDPOINTS_MAX];
    struct metric in_core; /* commands in the core's hands */
};

struct rest;

struct rest *rest_new(const struct rest_options *options);
void rest_free(struct rest *rest);

/* What http_handler calls. */
void rest_begin(struct rest *rest, struct http_request *request);
void rest_handle(struct http_request *request);
void rest_end(struct http_request *request);

/* From now on /readyz says no, and every reply closes its connection. */
void rest_drain(struct rest *rest);

const struct rest_metrics *rest_metrics(const struct rest *rest);

/* What column `at` of the requests counts. */
unsigned rest_status(size_t at);

#endif
