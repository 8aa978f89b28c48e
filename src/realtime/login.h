/* `init` and `update`: a client shows its access token, and is let in, or stays in.
 *
 *   packet ── verify the token ──> command ── core: are there this key and service? ──> reply
 *
 * What can fail is the token, in all the ways of jwt.h; its key or service may be gone; and the
 * server may have too much to do, or trouble with its store. */
#ifndef REALTIME_LOGIN_H
#define REALTIME_LOGIN_H

#include "session/session.h"

/* An `init`; a second one counts as an update. */
void login_init(struct session *session, const struct packet *packet);

/* A new token for the same identity and service. */
void login_update(struct session *session, const struct packet *packet);

#endif
