/* The opening handshake (RFC 6455 section 4.2), and the agreement on permessage-deflate (RFC 7692
 * section 7). Pure. */
#ifndef WS_HANDSHAKE_H
#define WS_HANDSHAKE_H

#include "base/str.h"

enum { HANDSHAKE_ACCEPT_LENGTH = 28 };

/* The request's headers; absent when not sent, several of one name joined by commas. */
struct handshake_request {
    struct str host;
    struct str upgrade;
    struct str connection;
    struct str version;    /* Sec-WebSocket-Version */
    struct str key;        /* Sec-WebSocket-Key */
    struct str extensions; /* Sec-WebSocket-Extensions */
};

struct handshake {
    unsigned status;                          /* 101; 400: no such request; 426: another version */
    char accept[HANDSHAKE_ACCEPT_LENGTH + 1]; /* Sec-WebSocket-Accept */
    bool deflate;                             /* an offer was good */
};

/* What Sec-WebSocket-Extensions of the reply says when `deflate`. */
#define HANDSHAKE_EXTENSIONS                                                                       \
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

/* `compression`: accept an offer of permessage-deflate. */
void handshake_answer(const struct handshake_request *request, bool compression,
                      struct handshake *handshake);

#endif
