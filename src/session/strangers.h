/* Strangers: clients that have not shown a good access token yet.
 *
 * They have places of their own, a share at each gateway, so they cannot take those of clients that
 * were let in. When no place is free the newest stranger takes that of the oldest one, which is
 * aborted: a client that means to come in needs its place for a moment only. A network that has a
 * good part of the places already pays with one of its own, so that a flood from one address keeps
 * nobody else from coming in. */
#ifndef SESSION_STRANGERS_H
#define SESSION_STRANGERS_H

#include "session/session_table.h"

enum {
    STRANGER_PACKETS_MAX = 32, /* in all; more: aborted */
    STRANGER_INITS_MAX = 5,    /* refused ones; then the session ends */
    STRANGER_SHARE = 4,        /* more than 1 / so much of the places is too much for a network */
};

/* A new session takes a place. Returns the stranger whose place it took, to be aborted; NULL: one
 * was free. */
must_check struct session *strangers_add(struct session_table *table, struct session *session);

/* Give the place up: the client is let in, or its socket is gone. Giving up twice is fine. */
void strangers_remove(struct session_table *table, struct session *session);

/* A packet has come: may this stranger send so many? False: abort it. */
must_check bool strangers_count_packet(struct session *session);

/* The session's token was refused, and it was told so: the first time costs nothing, then a pause
 * that grows, in which it is not read from. False: it was refused too often, end it. */
must_check bool strangers_count_refusal(struct session *session);

#endif
