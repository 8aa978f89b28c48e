/* Headers of the server's own packets (packet.h), as JSON. */
#ifndef SESSION_PACKET_HEADER_H
#define SESSION_PACKET_HEADER_H

#include "base/buf.h"

enum { PACKET_HEADER_SIZE_MAX = 64 * 1024 };

/* What becomes of a packet, or of the connection. */
struct packet_status {
    unsigned code;           /* as in HTTP */
    const char *text;        /* NULL: the usual one */
    unsigned error_code;     /* 0: none */
    const char *description; /* NULL: none */
};

/* The usual text of a status: NOT_FOUND. */
const char *packet_header_status_text(unsigned code);

/* {"method":METHOD,"id":ID,"status":{...}  and no brace behind it yet: members may follow. */
void packet_header_begin(const char *method, struct str id, const struct packet_status *status,
                         struct buf *out);

/* All of it: the reply to the packet `id`; that to a tunnelled request. */
void packet_header_reply(struct str id, const struct packet_status *status, struct buf *out);
void packet_header_reply_http(struct str id, unsigned http_status, struct buf *out);

/* The server wants a sign of life; will not talk any further; says that the token expires. */
void packet_header_ping(struct str id, struct buf *out);
void packet_header_close(struct str id, const struct packet_status *status, struct buf *out);
void packet_header_expires(struct str id, struct buf *out);

#endif
