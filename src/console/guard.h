/* Who may do without credentials in development mode: a page of this very server, in a browser on
 * this very machine. See docs/decisions/0014-console.md.
 *
 * A peer on the loopback interface is not enough: any page on the web can have its visitor's
 * browser send requests there, under a name of its own that it lets point to 127.0.0.1 (DNS
 * rebinding). What such a page cannot choose is the Host, Origin and Sec-Fetch-Site headers. */
#ifndef CONSOLE_GUARD_H
#define CONSOLE_GUARD_H

#include "base/str.h"

/* Headers are absent where there were none. */
struct guard_request {
    bool local; /* the peer is a process of this user, on the loopback interface */
    struct str host;
    struct str origin;
    struct str fetch_site; /* Sec-Fetch-Site */
    bool forwarded;        /* a proxy says that it stands in between */
};

bool guard_admits(const struct guard_request *request);

/* localhost, 127.0.0.1 or [::1], with or without a port. */
bool guard_is_own_name(struct str host);

#endif
