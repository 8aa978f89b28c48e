/* One client: what its session (session/session.h) has of requests and subscriptions. */
#ifndef REALTIME_CLIENT_H
#define REALTIME_CLIENT_H

#include "dialect/token.h"
#include "realtime/limiter.h"
#include "realtime/realtime.h"
#include "realtime/request_queue.h"
#include "realtime/routes.h"
#include "session/session_table.h"
#include "subscription/subscriber.h"

struct subscribing;

/* What the clients of one gateway share. */
struct client_context {
    const struct realtime_options *options;
    struct realtime_metrics *metrics;
    struct routes *routes;
    unsigned char seal_key[TOKEN_KEY_SIZE]; /* for page tokens */
    struct limiter pages;                   /* of all clients: request_queue.h */
    struct subscriptions subscriptions;
};

struct client {
    struct client_context *context;
    struct request_queue requests;
    struct subscriber subscriber;
    struct subscribing
        *subscribing; /* the request that is being carried out: subscription_route.c */
};

/* Has the clients' sessions; their table's context is a client_context. */
extern const struct session_handler client_handler;

/* `core` as subscriptions_init takes it. */
void client_context_init(struct client_context *context, const struct realtime_options *options,
                         struct realtime_metrics *metrics, struct core_link *core);

/* All clients are gone. */
void client_context_deinit(struct client_context *context);

static inline struct client *client_of(const struct session *session)
{
    return session->user;
}

#endif
