/* Listening sockets: one a gateway, all on one address. */
#ifndef LISTENER_H
#define LISTENER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { LISTENER_ADDRESS_MAX = 300 };

/* Bind `count` sockets to "HOST:PORT" (a name, an IPv4 address or an IPv6 one in brackets);
 * port 0 picks a free one. The kernel spreads connections over them (SO_REUSEPORT). `address`
 * gets the numeric address and port. ERR_CONFIG: malformed, unknown, or in use. */
must_check enum err listener_open(const char *listen, int *fds, size_t count,
                                  char address[LISTENER_ADDRESS_MAX], struct why *why);

/* Can only this machine connect to the listening socket `fd`? */
bool listener_is_loopback(int fd);

/* Development mode lets in whoever can connect, as far as the guards can tell: ERR_CONFIG if that
 * is somebody else than this machine. `address` is the one that `fd` listens on. */
must_check enum err listener_check_development(int fd, const char *address, struct why *why);

void listener_close(const int *fds, size_t count);

#endif
