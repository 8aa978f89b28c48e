/* The head of a reply (RFC 9112, section 4; RFC 9110, sections 6 and 8). */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "http/server.h"

struct response {
    unsigned status;
    const char *content_type; /* NULL: no body, unless `length` says what 200 would have had */
    const struct http_header *headers;
    size_t length;    /* of the body */
    const char *date; /* RFC 9110, section 5.6.7 */
    bool closes;      /* the connection ends with it */
    bool keeps_alive; /* to be said to HTTP/1.0 */
    bool upgrades;
};

/* May a reply with this status have a body? */
bool response_may_have_body(unsigned status);

void response_write(const struct response *response, struct buf *out);

/* IMF-fixdate of seconds since 1970. */
void response_date(int64_t s, char text[32]);

#endif
