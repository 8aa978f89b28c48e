#include "base/mac.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static size_t compute(const EVP_MD *hash, struct str key, struct str message, unsigned char *mac)
{
    unsigned len = 0;
    /* A NULL key would mean: the one of the call before. */
    unsigned char *done = HMAC(hash, key.ptr ? key.ptr : "", (int)key.len,
                               (const unsigned char *)message.ptr, message.len, mac, &len);
    assert(done);
    (void)done;
    return len;
}

size_t mac_compute(enum mac_hash hash, struct str key, struct str message,
                   unsigned char mac[MAC_SIZE_MAX])
{
    switch (hash) {
    case MAC_SHA256:
        return compute(EVP_sha256(), key, message, mac);
    case MAC_SHA384:
        return compute(EVP_sha384(), key, message, mac);
    case MAC_SHA512:
        return compute(EVP_sha512(), key, message, mac);
    }
    assert(!"a hash");
    return 0;
}

void mac_sha256(struct str key, struct str message, unsigned char mac[MAC_SIZE])
{
    size_t len = compute(EVP_sha256(), key, message, mac);
    assert(len == MAC_SIZE);
    (void)len;
}

bool mac_equal(struct str a, struct str b)
{
    return a.len == b.len && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}
