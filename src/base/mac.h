/* Keyed hashes and comparison in constant time, from OpenSSL's libcrypto. */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include "base/str.h"

enum { MAC_SIZE = 32 };

/* HMAC-SHA-256 (RFC 2104) of `message` under `key`. */
void mac_sha256(struct str key, struct str message, unsigned char mac[MAC_SIZE]);

/* Equal; the time taken depends on the lengths only. */
bool mac_equal(struct str a, struct str b);

#endif
