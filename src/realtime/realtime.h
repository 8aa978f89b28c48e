/* The client dialect: sessions of the client SDKs over WebSockets (docs/realtime.md).
 *
 * One `struct realtime` belongs to one gateway thread; all in this room runs on that thread. */
#ifndef REALTIME_REALTIME_H
#define REALTIME_REALTIME_H

#include "auth/credentials.h"
#include "http/server.h"
#include "session/session_options.h"
#include "subscription/subscription_options.h"
#include "ws/websocket.h"

struct notice;
struct realtime;
struct session_table;

struct realtime_options {
    struct session_options session;
    struct subscription_options subscription;
    const struct credentials *credentials;
    struct limits limits;
    const char *public_url; /* NULL: from the Host header */
    const char *address;    /* host:port, for requests without a usable Host header */
    uint64_t boot_id;       /* random, the same for all gateways: tells a start from the next */
    struct now began;       /* from where the server's time is reckoned, in `init`'s answer */
    size_t packet_size_max; /* bytes of a client's message; more: 1009 */
    size_t init_packet_size_max; /* the same, before it was let in */
    bool compression;
};

/* Written by the gateway, read by any thread. */
struct realtime_metrics {
    struct session_metrics session;
    struct subscription_metrics subscription;
    struct metric logins_refused; /* for their access token, or for want of a place */
    struct metric requests;
};

struct realtime *realtime_new(const struct realtime_options *options);

/* Every command has come back. The loop needs one more uv_run. */
void realtime_free(struct realtime *realtime);

/* Is this request for us (GET /v3/wsconnect)? */
bool realtime_wants(const struct http_request *request);

/* From http_handler.begin: answer with 101 and take the connection over, or refuse. */
void realtime_connect(struct realtime *realtime, struct http_request *request);

/* Of port->hear: something that was followed has happened. */
void realtime_hear(struct realtime *realtime, const struct notice *notice);

/* Append a JSON object for each client that was let in, at most `*room` of them, separated by
 * commas, the first one too where `out` is not empty; `*room` becomes what is left. False: there
 * are more. */
bool realtime_add_connections(const struct realtime *realtime, size_t *room, struct buf *out);

/* No new sessions; those there are end as soon as what they asked for is answered. */
void realtime_drain(struct realtime *realtime);
bool realtime_is_drained(const struct realtime *realtime);

/* End what has not drained in time. It is drained as soon as the core has given back what it has.
 */
void realtime_abort_all(struct realtime *realtime);

/* Its sessions: for tests, which have a socket and no HTTP request. */
struct session_table *realtime_sessions(struct realtime *realtime);

const struct realtime_metrics *realtime_metrics(const struct realtime *realtime);
const struct websocket_metrics *realtime_websocket_metrics(const struct realtime *realtime);

#endif
