/* Which site a browser's request comes from.
 *
 * A browser that has been given credentials for this server sends them with any request to it, also
 * with one that a page of another site causes. What that page cannot choose are the headers Origin
 * (RFC 6454) and Sec-Fetch-Site (W3C Fetch Metadata). Programs that are no browsers send neither.
 */
#ifndef HTTP_SITE_H
#define HTTP_SITE_H

#include "base/str.h"

/* Headers are absent where there were none. */
struct site_request {
    struct str host;
    struct str origin;
    struct str fetch_site; /* Sec-Fetch-Site */
};

/* Did a page of another site cause the request? `friends`: origins that count as this server's own,
 * separated by commas; `*` for any. */
bool site_is_foreign(const struct site_request *request, struct str friends);

#endif
