/* What the sessions of one gateway are told at its start, and what they count. The gateway fills
 * both structs' owners in (realtime/realtime.h). */
#ifndef SESSION_SESSION_OPTIONS_H
#define SESSION_SESSION_OPTIONS_H

#include "base/metric.h"
#include "base/tally.h"
#include "base/work.h"
#include "sync/command.h"

#include <uv.h>

struct log;

struct session_options {
    uv_loop_t *loop;
    struct work_queue *work; /* what is too large for one turn of the loop */
    struct log *log;
    uint64_t origin_base; /* ids of this gateway's sessions count up from here */
    struct port *port;    /* for the commands */
    void (*submit)(void *context, struct command *command); /* hand one to the core */
    void *context;
    size_t sessions_max;       /* of all gateways, that were let in; more: 503 */
    _Atomic size_t *sessions;  /* how many there are at all gateways */
    struct tally *networks;    /* sessions of each, let in or not, at all gateways */
    uint64_t per_network_max;  /* more: 429; 0: any */
    struct tally *identities;  /* sessions of each in each service, let in, at all gateways */
    uint64_t per_identity_max; /* more: 429; 0: any */
    size_t strangers_max;      /* of this one, that were not yet; more: the oldest is aborted */
    size_t queue_max;          /* bytes that may wait in a session */
    size_t requests_max;       /* of a session under way; more wait in the kernel */
    size_t frames_max;         /* messages a second that a session may send; 0: any */
    size_t bytes_max;          /* of these messages a second, inflated; 0: any */
    unsigned init_timeout_ms;
    unsigned ping_ms;         /* without a byte from the client: ask; twice that: abort */
    unsigned stall_ms;        /* a queue that does not move: abort */
    size_t rate_min;          /* bytes a second at which it has to move; 0: any */
    unsigned event_window_ms; /* 0: each event at once */
    bool access_log;          /* lines for clients that were let in, and that end */
};

/* Written by the gateway, read by any thread. */
struct session_metrics {
    struct metric sessions; /* open now */
    struct metric sessions_total;
    struct metric strangers;           /* of those open now, not let in yet */
    struct metric strangers_displaced; /* aborted for a newer one */
    struct metric address_full;        /* refused: their network had too many */
    struct metric identity_full;       /* refused: their identity had too many */
    struct metric full;                /* refused: there was no place for another client */
    struct metric events;              /* to clients, each counted at each of them */
    struct metric batches;             /* frames that carried them */
    struct metric cut;     /* sessions aborted: stalled, silent, or without a token in time */
    struct metric in_core; /* commands in the core's hands */
};

#endif
