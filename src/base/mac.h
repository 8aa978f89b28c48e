/* Keyed hashes and comparison in constant time, from OpenSSL's libcrypto. */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include "base/str.h"

enum { MAC_SIZE = 32, MAC_SIZE_MAX = 64 };

enum mac_hash { MAC_SHA256, MAC_SHA384, MAC_SHA512 };

/* HMAC (RFC 2104) of `message` under `key`; returns how many bytes of `mac` it has: 32, 48 or
 * 64. */
size_t mac_compute(enum mac_hash hash, struct str key, struct str message,
                   unsigned char mac[MAC_SIZE_MAX]);

/* HMAC-SHA-256. */
void mac_sha256(struct str key, struct str message, unsigned char mac[MAC_SIZE]);

/* Equal; the time taken depends on the lengths only. */
bool mac_equal(struct str a, struct str b);

#endif
