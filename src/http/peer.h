/* Who is at the other end of a socket. */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include "base/str.h"

#include <sys/socket.h>

enum { PEER_ADDRESS_MAX = 64 };

/* 127.0.0.0/8, ::1, or the former written as IPv6. */
bool peer_is_loopback_address(const struct sockaddr *address);

/* Is the connected socket `fd` a way to a process of this machine, by its loopback interface? */
bool peer_is_loopback(int fd);

/* Is the other end of that connection a process of the user that this one runs as? A proxy mostly
 * runs as another. By /proc/net (proc(5)); false where that does not say. */
bool peer_is_own_user(int fd);

/* The numeric address, without the port; empty when there is none. */
void peer_address(int fd, char text[PEER_ADDRESS_MAX]);

#endif
