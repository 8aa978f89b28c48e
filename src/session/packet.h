/* The frame of the client protocol: what one WebSocket message holds.
 *
 *     TWILSOCK V3.0 LEN CRLF
 *     one JSON object of LEN bytes, the header, CRLF
 *     as many bytes of payload as the header's payload_size says
 */
#ifndef SESSION_PACKET_H
#define SESSION_PACKET_H

#include "base/arena.h"
#include "base/buf.h"

enum { PACKET_ID_SIZE_MAX = 256 };

enum packet_method {
    PACKET_OTHER, /* one that is not known here */
    PACKET_INIT,
    PACKET_UPDATE,
    PACKET_MESSAGE,
    PACKET_PUT_NOTIFICATION_CTX,
    PACKET_DELETE_NOTIFICATION_CTX,
    PACKET_TELEMETRY,
    PACKET_CLOSE,
    PACKET_PING,
    PACKET_REPLY,
};

struct packet {
    enum packet_method method;
    struct str id;           /* empty: none */
    struct str header;       /* the whole of it, for value_get */
    struct str http_request; /* member of a `message`'s header, as JSON; absent: none */
    struct str payload_type; /* empty: none */
    struct str payload;      /* borrowed from the frame; whatever bytes it has */
};

/* Read a client's frame; all but the payload lives in `arena`. False: it is none, `reason`
 * (static text) says why.
 *
 * Read leniently: null is as good as absent, a number as good as a string of its digits; a CRLF
 * may follow the payload, and none need follow the header when there is no payload. Of members
 * of one name the first counts. */
bool packet_parse(struct str frame, struct arena *arena, struct packet *packet,
                  const char **reason);

/* Append a frame for a client: `header` is a JSON object without payload_type and payload_size,
 * which are added; `payload` is JSON, or empty. Neither has a raw line break. */
void packet_write(struct str header, struct str payload, struct buf *out);

#endif
