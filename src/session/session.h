/* A session: one client on one WebSocket, from its `init` to the socket's end.
 *
 *   OPEN --init--> STARTING --the core knows key and service--> READY --> ENDED
 *     |  <--refused--  |                                          |         ^
 *     +----------------+------------------------------------------+---------+
 *        timed out, aborted, closed, token expired, key or service removed
 *
 * A session is freed when its socket is gone and every command of it has come back. */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "http/peer.h"
#include "session/outbox.h"
#include "session/packet.h"
#include "sync/sid.h"

struct jwt;
struct session;
struct session_table;
struct session_texts;

enum { SESSION_SDK_SIZE = 48 };

enum session_state { SESSION_OPEN, SESSION_STARTING, SESSION_READY, SESSION_ENDED };

/* What the user of a session has of it and is not done with. */
struct session_load {
    size_t waiting; /* requests that are not in the core's hands */
    size_t bytes;   /* of all requests, waiting or not */
    bool busy;      /* nothing more should be read meanwhile */
};

/* The user of a gateway's sessions: it carries out what clients ask for. The callbacks run in this
 * order; all but `load` may call any function of this header. */
struct session_handler {
    /* The session is new: set session->user. */
    void (*opened)(struct session *session);

    /* The client has sent a packet; or a message that is none, `reason` (static) says why. */
    void (*packet)(struct session *session, const struct packet *packet);
    void (*broken)(struct session *session, const char *reason);

    /* There may be room again for what the client is to be sent. */
    void (*drained)(struct session *session);

    /* The session has moved to ENDED: what waits need not start, nobody would hear the answer. */
    void (*ended)(struct session *session);

    /* The socket is gone. Commands may still be in the core's hands. */
    void (*closed)(struct session *session);

    /* Every command has come back; free session->user. */
    void (*freed)(struct session *session);

    struct session_load (*load)(const struct session *session);
};

struct session {
    struct ring place;    /* among all sessions of the gateway */
    struct ring stranger; /* among the sessions that were not let in yet */
    struct session_table *table;
    void *user;               /* the handler's own */
    struct websocket *socket; /* NULL: not there yet, or gone */
    uint64_t id;              /* command.origin; never 0, never used again */
    enum session_state state;
    struct str base;     /* start of the URLs in answers: http://host:port */
    struct str identity; /* these three from the token; absent before it is known */
    struct str service;  /* as the token names it */
    struct str key;      /* absent: the server's own key signed */
    struct sid service_sid;
    uint64_t service_id;
    uint64_t network;       /* where it comes from; 0: from where any number may come */
    struct work_lane *lane; /* a reference; NULL: it has no socket yet */
    char address[PEER_ADDRESS_MAX];
    char sdk[SESSION_SDK_SIZE]; /* as the client calls its SDK, cut; empty: it did not */
    char sdk_version[SESSION_SDK_SIZE];
    size_t in_core; /* commands in the core's hands */
    struct outbox outbox;

    /* session.c's own. */
    struct session_texts *texts; /* what `identity`, `service` and `key` point into */
    const char *reason;          /* why it ended */
    int64_t expires_ms;          /* its token; wall clock */
    bool warned;                 /* the client was told that it expires */
    bool deflate;
    bool reading;
    tally_slot *of_network; /* its places among those of its network and identity */
    tally_slot *of_identity;
    bool admitted;    /* it has one of the places of `sessions_max` */
    unsigned packets; /* both of a stranger (strangers.h) */
    unsigned refusals;
    struct ring throttled; /* among the sessions that sent too much at a time */
    uint64_t booked_us;    /* up to when its messages use what it may send; of uv_now() */
    uint64_t opened_ms;    /* these by uv_now() */
    uint64_t pinged_ms;
    char base_text[];
};

/* --- life --- */

/* In OPEN, without a socket. `base` is copied; `network` as of http_request_network, `deflate` as
 * websocket_new takes it. NULL: the network has too many sessions. */
struct session *session_new(struct session_table *table, struct str base, uint64_t network,
                            bool deflate);

/* Its connection: `fd` and `early` as websocket_new takes them. A negative `fd`: the client has
 * gone meanwhile, and the session with it. */
void session_attach(struct session *session, int fd, struct str early);

/* Read on, or stop reading, as the limits say. */
void session_adjust_reading(struct session *session);

/* There may be room again: tell the handler. */
void session_resume(struct session *session);

/* The gateway drains: no more requests; end as soon as those there are are answered. */
void session_drain(struct session *session);

/* End without a closing handshake; the second one because of what the client did, or did not. */
void session_abort(struct session *session, const char *reason);
void session_abort_for_fault(struct session *session, const char *reason);

/* As session_end; `reason` (static) is for the log. */
void session_end_because(struct session *session, const char *reason);

/* The one way from a state to another; moves that the picture does not have are asserted. */
void session_move(struct session *session, enum session_state state);

/* Take over what a good token says. */
void session_grant(struct session *session, const struct jwt *jwt, const struct change *service);

/* Hand a command to the core as it is; session_release once, as with session_submit. */
void session_forward(struct session *session, struct command *command);

/* --- for requests and subscriptions --- */

/* Hand a command to the core in the session's name: fills in origin, identity, key, service and
 * guarded; the caller has set letter.arrive. */
void session_submit(struct session *session, struct command *command);

/* To be called once for each session_submit, from letter.arrive, when all is done with the answer.
 * The session may be gone when it returns. */
void session_release(struct session *session);

/* Is there a socket, and is it not closing? */
bool session_is_talking(const struct session *session);

/* Close plainly, without a `close` packet: the client comes back by itself. */
void session_end(struct session *session);

#endif
