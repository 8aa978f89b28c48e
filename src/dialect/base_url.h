/* Where the URLs in answers start: as the client itself calls the server. */
#ifndef DIALECT_BASE_URL_H
#define DIALECT_BASE_URL_H

#include "base/arena.h"

/* `public_url` when it is not NULL; else http:// and `host`, a request's Host header, or, when
 * that cannot be part of a URL or is absent, `address` (host:port). In `arena`, or `public_url`
 * itself. */
struct str base_url_of(const char *public_url, const char *address, struct str host,
                       struct arena *arena);

#endif
