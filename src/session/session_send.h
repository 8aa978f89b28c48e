/* What a session is sent, but for events: replies, refusals, and packets that the server
 * sends unasked. All go nowhere when the socket is gone. */
#ifndef SESSION_SESSION_SEND_H
#define SESSION_SESSION_SEND_H

#include "base/err.h"
#include "session/session.h"

/* Send a packet with this header and payload (packet_write). */
void session_send_packet(struct session *session, struct str header, struct str payload);

/* The answer to a tunnelled request: transport status 200, `http_status` {code, status}, and
 * `body` (JSON; empty: none). Goes nowhere when the socket is gone. */
void session_send_http_reply(struct session *session, struct str id, unsigned http_status,
                             struct str body);

/* The answer to anything else, or a refusal of the transport. `text`: NULL for the usual one;
 * `code`: 0 for none. */
void session_send_reply(struct session *session, struct str id, unsigned status, const char *text,
                        unsigned code, struct str body);

/* A refusal, in the words of dialect/problem.h. */
void session_send_refusal(struct session *session, struct str id, enum err err);

/* A packet sent unasked: `write` writes its header, with a new id. */
void session_send_own(struct session *session, void (*write)(struct str id, struct buf *out));

#endif
