/* What the subscriptions of one gateway have in common: who hears of which object, and the
 * outboxes that wait for their window's end. */
#ifndef SUBSCRIPTION_TOPICS_H
#define SUBSCRIPTION_TOPICS_H

#include "base/dict.h"
#include "dialect/token.h"
#include "realtime/limiter.h"
#include "realtime/realtime.h"
#include "realtime/routes.h"
#include "session/outbox.h"
#include "subscription/shared_queries.h"
#include "subscription/subscriber.h"
#include "sync/sid.h"

/* An object that somebody subscribes to. */
struct topic {
    uint64_t id;
    struct sid sid;
    enum kind kind;
    struct ring subscriptions;
    size_t count;
    struct shared_queries queries;
    bool proven; /* the core knows it by this SID; at most one of each id is */
};

struct hub {
    struct realtime *realtime;
    const struct realtime_options *options;
    struct realtime_metrics *metrics;
    struct websockets *sockets;
    struct routes *routes;
    unsigned char seal_key[TOKEN_KEY_SIZE]; /* for page tokens */
    struct limiter pages;                   /* of all sessions: realtime/request_queue.h */
    struct dict topics;                     /* by SID, which clients choose */
    struct dict proven;                     /* of these, those of objects that there are: by id */
    struct catchup_turns {
        struct ring queues;  /* of sessions, who are asked for in turn */
        size_t steps;        /* on their way to the core and back */
    } behind[CATCHUP_LANES]; /* replay.c's own */
    struct ring waiting;     /* outboxes, for the window's end */
    size_t unsent;           /* outboxes that have anything */
    uv_timer_t timer;
    uint64_t packets; /* sent so far: their ids */
    struct batch_cache {
        struct event **events; /* what the last batch was made of, with references */
        size_t count;
        unsigned protocol;
        struct parcel *parcel;
    } last;
};

/* Of realtime.c. */
struct hub *realtime_hub(struct realtime *realtime);
void realtime_submit(struct realtime *realtime, struct command *command);
void realtime_returned(struct realtime *realtime);

void hub_init(struct hub *hub, struct realtime *realtime, const struct realtime_options *options,
              struct realtime_metrics *metrics, struct websockets *sockets);

/* All sessions are gone. The loop needs one more uv_run before `hub` may go. */
void hub_deinit(struct hub *hub);

/* The topic of what clients call so; NULL: none. Nobody has to have such an object. */
struct topic *hub_find_topic(const struct hub *hub, struct str sid);

/* That of the object with this id; NULL: none. */
struct topic *hub_proven_topic(const struct hub *hub, uint64_t id);

/* The core has answered that there is such an object. */
void hub_prove_topic(struct hub *hub, struct topic *topic);

/* As hub_find_topic; it is made when there is none. */
struct topic *hub_topic(struct hub *hub, const struct sid *sid, enum kind kind, uint64_t id);

/* Nobody subscribes to it any more: tell the core, and forget it. */
void hub_drop_topic(struct hub *hub, struct topic *topic);

/* The id of the next packet, in `id`: "TM" and 32 hexadecimal digits. */
void hub_packet_id(struct hub *hub, char id[SID_LENGTH + 1]);

#endif
