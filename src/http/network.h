/* Networks: what counts as one where clients are counted, and those that are trusted.
 *
 * An IPv4 address is a network; of an IPv6 address the first 64 bits are, for whoever has one has
 * all of the others too. Trusted are those that the configuration names: this machine's own,
 * proxies, balancers, whoever asks for the server's health. */
#ifndef HTTP_NETWORK_H
#define HTTP_NETWORK_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NETWORKS_MAX = 32 };

struct networks {
    struct {
        unsigned char address[16]; /* IPv4 as a mapped one */
        unsigned bits;
    } items[NETWORKS_MAX];
    size_t count;
};

/* A list of addresses, or address/bits, with commas between: "10.0.0.0/8, 2001:db8::1". NULL: none.
 * ERR_CONFIG: it is none, in `why`. */
must_check enum err networks_parse(const char *text, struct networks *networks, struct why *why);

/* Is it one of those? */
bool networks_trust(const struct networks *networks, const struct sockaddr *address);

/* The network at the other end of a socket; 0: a trusted one, or none. */
uint64_t network_of(int fd, const struct networks *trusted);

#endif
