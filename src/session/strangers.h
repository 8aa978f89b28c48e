/* Strangers: clients that have not shown a good access token yet.
 *
 * They have places of their own, a share at each gateway, so they cannot take those of clients that
 * were let in. When no place is free the newest stranger takes that of the oldest one, which is
 * aborted: who means to come in needs its place for a moment only. A network that has a good part
 * of the places already pays with one of its own, so that a flood from one address keeps nobody
 * else from coming in. */
#ifndef SESSION_STRANGERS_H
#define SESSION_STRANGERS_H

#include "session/janitor.h"

enum {
    STRANGER_PACKETS_MAX = 32, /* in all; more: aborted */
    STRANGER_INITS_MAX = 5,    /* refused ones; then the session ends */
    STRANGER_SHARE = 4,        /* more than 1 / so much of the places is too much for a network */
};

/* A new session takes a place, and gives it up: when it is let in, or its socket is gone. Giving up
 * twice is fine. */
void strangers_add(struct sessions *sessions, struct session *session);
void strangers_remove(struct sessions *sessions, struct session *session);

/* A packet has come: may this stranger send so many? False: it was aborted. */
bool strangers_count_packet(struct session *session);

/* Its token was refused, and it was told so: the first time costs nothing, then a pause that grows,
 * in which it is not read from; in the end the session. */
void strangers_count_refusal(struct session *session);

#endif
