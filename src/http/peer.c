#include "http/peer.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

enum { LOOPBACK_NET = 127 };

static bool is_loopback_v6(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        return address->s6_addr[12] == LOOPBACK_NET;
    return IN6_IS_ADDR_LOOPBACK(address);
}

bool peer_is_loopback_address(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == LOOPBACK_NET;
    }
    if (address->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return is_loopback_v6(&v6.sin6_addr);
}

bool peer_is_loopback(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    return getpeername(fd, (struct sockaddr *)&address, &len) == 0 &&
           peer_is_loopback_address((struct sockaddr *)&address);
}

static unsigned port_of(const struct sockaddr_storage *address)
{
    struct sockaddr_in v4; /* the port stands at the same place in both */
    memcpy(&v4, address, sizeof v4);
    return ntohs(v4.sin_port);
}

/* Connections from one port to another in such a table: `own` of them belong to `user`. */
static void count_connections(const char *table, unsigned from, unsigned to, uid_t user,
                              size_t *count, size_t *own)
{
    char line[512];
    FILE *file = fopen(table, "re");
    while (file && fgets(line, sizeof line, file)) {
        unsigned local, remote, state, uid;
        int found = sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%x %x %*s %*s %*s %u", &local,
                           &remote, &state, &uid);
        bool is_it = found == 4 && local == from && remote == to && state == TCP_ESTABLISHED;
        *count += is_it;
        *own += is_it && uid == user;
    }
    if (file)
        fclose(file);
}

bool peer_is_own_user(int fd)
{
    struct sockaddr_storage peer = {0}, self = {0};
    socklen_t peer_len = sizeof peer, self_len = sizeof self;
    size_t count = 0, own = 0;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0 ||
        getsockname(fd, (struct sockaddr *)&self, &self_len) != 0)
        return false;
    unsigned from = port_of(&peer), to = port_of(&self);
    count_connections("/proc/net/tcp", from, to, geteuid(), &count, &own);
    count_connections("/proc/net/tcp6", from, to, geteuid(), &count, &own);
    return count && own == count;
}

void peer_address(int fd, char text[PEER_ADDRESS_MAX])
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    text[0] = 0;
    if (getpeername(fd, (struct sockaddr *)&address, &len) == 0)
        getnameinfo((struct sockaddr *)&address, len, text, PEER_ADDRESS_MAX, NULL, 0,
                    NI_NUMERICHOST);
}
