/* How long a request's body is, and whether its headers can be trusted to say so.
 *
 * A server and a proxy before it that disagree about where a request ends can be played
 * against each other (RFC 9112 section 11.2). So whatever can be read in two ways is refused:
 * a repeated Content-Length, one beside a Transfer-Encoding, any Transfer-Encoding but
 * "chunked", one with HTTP/1.0. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "base/str.h"

/* All zero before the first header. */
struct framing {
    uint64_t content_length; /* 0: none */
    bool has_length;
    bool chunked;
    bool other_coding; /* a transfer coding that is not "chunked" */
    bool broken;
};

/* Take one header of the request into account, without blanks around its value. */
void framing_add(struct framing *framing, struct str name, struct str value);

/* After the last header. */
bool framing_is_sound(const struct framing *framing, bool is_http_1_0);

#endif
