/* The client dialect: sessions of the client SDKs over WebSockets (docs/realtime.md).
 *
 * One `struct realtime` belongs to one gateway thread; all in this room runs on that thread. */
#ifndef REALTIME_REALTIME_H
#define REALTIME_REALTIME_H

#include "auth/credentials.h"
#include "base/metric.h"
#include "base/tally.h"
#include "base/work.h"
#include "http/server.h"
#include "sync/command.h"
#include "ws/websocket.h"

struct log;
struct notice;
struct realtime;

struct realtime_options {
    uv_loop_t *loop;
    struct work_queue *work; /* what is too large for one turn of the loop */
    const struct credentials *credentials;
    struct limits limits;
    const char *public_url; /* NULL: from the Host header */
    const char *address;    /* host:port, for requests without a usable Host header */
    struct log *log;
    uint64_t boot_id;     /* random, the same for all gateways: tells a start from the next one */
    struct now began;     /* from where the server's time is reckoned, in `init`'s answer */
    uint64_t origin_base; /* ids of this gateway's sessions count up from here */
    struct port *port;    /* for the commands */
    void (*submit)(void *context, struct command *command); /* hand one to the core */
    void *context;
    size_t sessions_max;         /* of all gateways, that were let in; more: 503 */
    _Atomic size_t *sessions;    /* how many there are at all gateways */
    struct tally *networks;      /* sessions of each, let in or not, at all gateways */
    uint64_t per_network_max;    /* more: 429; 0: any */
    struct tally *identities;    /* sessions of each in each service, let in, at all gateways */
    uint64_t per_identity_max;   /* more: 429; 0: any */
    size_t strangers_max;        /* of this one, that were not yet; more: the oldest is aborted */
    size_t subscriptions_max;    /* of a session; more: subscription_failed */
    size_t live_size_max;        /* bytes that the live queries of a session take; the same */
    size_t queue_max;            /* bytes that may wait in a session */
    size_t requests_max;         /* of a session under way; more wait in the kernel */
    size_t packet_size_max;      /* bytes of a client's message; more: 1009 */
    size_t init_packet_size_max; /* the same, before it was let in */
    size_t frames_max;           /* messages a second that a session may send; 0: any */
    size_t bytes_max;            /* of these messages a second, inflated; 0: any */
    uint64_t replay_max;         /* events to catch up with; more: lost */
    unsigned init_timeout_ms;
    unsigned ping_ms;         /* without a byte from the client: ask; twice that: cut */
    unsigned stall_ms;        /* a queue that does not move: cut */
    size_t rate_min;          /* bytes a second at which it has to move; 0: any */
    unsigned event_window_ms; /* 0: each event at once */
    bool compression;
    bool access_log; /* lines for clients that were let in, and that end */
};

/* Written by the gateway, read by any thread. */
struct realtime_metrics {
    struct metric sessions; /* open now */
    struct metric sessions_total;
    struct metric strangers;           /* of those open now, not let in yet */
    struct metric strangers_displaced; /* aborted for a newer one */
    struct metric address_full;        /* refused: their network had too many */
    struct metric identity_full;       /* refused: their identity had too many */
    struct metric full;                /* refused: there was no place for another client */
    struct metric inits_refused;
    struct metric subscriptions; /* now */
    struct metric requests;
    struct metric events;  /* to clients, each counted at each of them */
    struct metric batches; /* frames that carried them */
    struct metric replays; /* subscriptions that had something to catch up with */
    struct metric behind;  /* subscriptions that fell behind */
    struct metric lost;    /* ... whose history was no longer kept */
    struct metric cut;     /* sessions: stalled, silent, or without a token in time */
    struct metric in_core; /* commands in the core's hands */
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

const struct realtime_metrics *realtime_metrics(const struct realtime *realtime);
const struct websocket_metrics *realtime_websocket_metrics(const struct realtime *realtime);

#endif
