/* Sockets that outlive their connection a little.
 *
 * A socket closed while bytes from its client are still coming in is reset, and the reset may
 * overtake the reply (RFC 9112 section 9.6). So a connection that is closed before its request
 * was read to the end lingers: we have sent all, and throw away what comes, until the client
 * closes too, or a limit of time or bytes is reached. */
#ifndef HTTP_LINGERING_H
#define HTTP_LINGERING_H

#include "base/ring.h"

#include <uv.h>

/* All lingering sockets of one server. */
struct lingerings {
    uv_loop_t *loop;
    struct ring ring; /* oldest first */
    size_t count;
};

void lingerings_init(struct lingerings *lingerings, uv_loop_t *loop);

/* Take `fd` over: it lingers, or is closed at once when there are too many already. */
void lingering_start(struct lingerings *lingerings, int fd);

/* Close those over their time. */
void lingerings_visit(struct lingerings *lingerings);

/* Close all; their handles are gone after one more uv_run. */
void lingerings_deinit(struct lingerings *lingerings);

#endif
