#include "http/peer.h"

#include <netdb.h>
#include <netinet/in.h>

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

void peer_address(int fd, char text[PEER_ADDRESS_MAX])
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    text[0] = 0;
    if (getpeername(fd, (struct sockaddr *)&address, &len) == 0)
        getnameinfo((struct sockaddr *)&address, len, text, PEER_ADDRESS_MAX, NULL, 0,
                    NI_NUMERICHOST);
}
