/* The open connections, by what each is awaited for, and since when.
 *
 *            headers complete           body complete            reply queued
 *   FIRST, HEADERS -----------> BODY ------------------> SERVER --------------> SENT
 *      ^                                                                         |
 *      +-------------------------------------------------------------------------+
 *                                     reply sent
 *
 * All that are awaited for the same have the same limit, so each ring is in the order of its
 * deadlines and the janitor looks at the overdue ones only. Cutting is shutdown(2): whoever reads
 * the socket sees the end, and closes it. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/ring.h"
#include "http/peer.h"
#include "http/places.h"

#include <uv.h>

enum connection_await {
    AWAIT_FIRST,   /* the first request's headers */
    AWAIT_HEADERS, /* the next one's */
    AWAIT_BODY,
    AWAIT_SENT,   /* the client reading our reply */
    AWAIT_SERVER, /* our own answer: no limit */
    AWAIT_CLOSE,  /* it was cut or given away: no limit */
    AWAIT_COUNT
};

struct connections {
    uv_loop_t *loop;                  /* the clock */
    struct ring awaited[AWAIT_COUNT]; /* longest first */
    uint64_t limits_ms[AWAIT_COUNT];  /* 0: none */
    size_t count;
    struct places places;
};

struct connection {
    struct connections *connections;
    struct place place;
    struct ring node;
    enum connection_await await;
    int fd;
    char address[PEER_ADDRESS_MAX];
    uint64_t since_ms; /* it is awaited for this */
};

void connections_init(struct connections *connections, uv_loop_t *loop, unsigned idle_ms,
                      unsigned request_ms, const struct places_options *places);

/* One just accepted, awaited for headers. Another one may be cut for it (places.h). */
void connection_init(struct connection *connection, struct connections *connections, int fd);

/* The socket is about to be closed, or given away. */
void connection_deinit(struct connection *connection);

/* The one way to change what it is awaited for. One that was cut stays so. */
void connection_await(struct connection *connection, enum connection_await await);

/* The janitor's round: cut what is overdue. */
void connections_visit(struct connections *connections);

/* The socket lives on behind another descriptor: from now on leave it alone. */
void connection_give(struct connection *connection);

/* Read nothing more but what has arrived already; then it closes. */
void connection_shut(struct connection *connection);
void connections_shut_idle(struct connections *connections);

#endif
