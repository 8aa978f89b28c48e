/* What a request's headers say of the form in which a file may be sent. Pure functions. */
#ifndef CONSOLE_NEGOTIATION_H
#define CONSOLE_NEGOTIATION_H

#include "base/str.h"

/* Accept-Encoding (RFC 9110 section 12.5.3), or absent: may it be gzip? */
bool negotiation_takes_gzip(struct str accept_encoding);

/* If-None-Match (RFC 9110 section 13.1.2), or absent: is `etag`, with its quotes, among those
 * that the client has? Compared weakly. */
bool negotiation_has(struct str if_none_match, struct str etag);

#endif
