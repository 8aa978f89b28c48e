#include "http/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum { ADDRESS_SIZE = 16, V4_AT = 12, V4_BITS = 32, V6_BITS = 128 };

static const unsigned char mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};

/* --- the list --- */

static bool parse_address(struct str text, unsigned char address[ADDRESS_SIZE], unsigned *width)
{
    char copy[INET6_ADDRSTRLEN];
    if (!text.len || text.len >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%.*s", STR_ARG(text));
    *width = V6_BITS;
    if (inet_pton(AF_INET6, copy, address) == 1)
        return true;
    *width = V4_BITS;
    memcpy(address, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, address + V4_AT) == 1;
}

static bool add(struct networks *networks, struct str text)
{
    struct str bits = text;
    struct str host = str_split(&bits, '/');
    unsigned width;
    uint64_t number;
    if (networks->count == NETWORKS_MAX)
        return false;
    if (!parse_address(host, networks->items[networks->count].address, &width))
        return false;
    number = width;
    if (bits.ptr && !str_to_u64(bits, width, &number))
        return false;
    networks->items[networks->count++].bits = V6_BITS - width + (unsigned)number;
    return true;
}

enum err networks_parse(const char *text, struct networks *networks, struct why *why)
{
    struct str rest = str_from(text);
    networks->count = 0;
    while (text && rest.ptr) {
        struct str part = str_trim(str_split(&rest, ','));
        if (add(networks, part))
            continue;
        why_set(why, "expected at most %d addresses like 10.0.0.1 or 10.0.0.0/8, not \"%.*s\"",
                NETWORKS_MAX, STR_ARG(part));
        return ERR_CONFIG;
    }
    return OK;
}

/* --- looking --- */

static bool read_address(const struct sockaddr *from, unsigned char address[ADDRESS_SIZE])
{
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof v6);
        memcpy(address, &v6.sin6_addr, ADDRESS_SIZE);
        return true;
    }
    if (from->sa_family != AF_INET)
        return false;
    struct sockaddr_in v4;
    memcpy(&v4, from, sizeof v4);
    memcpy(address, mapped, sizeof mapped);
    memcpy(address + V4_AT, &v4.sin_addr, sizeof v4.sin_addr);
    return true;
}

static bool begins_alike(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return !rest || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

bool networks_trust(const struct networks *networks, const struct sockaddr *from)
{
    unsigned char address[ADDRESS_SIZE];
    if (!read_address(from, address))
        return false;
    for (size_t i = 0; i < networks->count; i++)
        if (begins_alike(address, networks->items[i].address, networks->items[i].bits))
            return true;
    return false;
}

uint64_t network_of(int fd, const struct networks *trusted)
{
    struct sockaddr_storage storage = {0};
    const struct sockaddr *from = (const struct sockaddr *)&storage;
    unsigned char address[ADDRESS_SIZE];
    socklen_t len = sizeof storage;
    uint64_t network = 0;
    if (getpeername(fd, (struct sockaddr *)&storage, &len) != 0 || networks_trust(trusted, from) ||
        !read_address(from, address))
        return 0;
    bool is_v4 = memcmp(address, mapped, sizeof mapped) == 0;
    for (size_t i = is_v4 ? V4_AT - 2 : 0; i < (is_v4 ? ADDRESS_SIZE : 8); i++)
        network = network << 8 | address[i];
    return network;
}
