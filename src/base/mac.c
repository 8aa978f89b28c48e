#include "base/mac.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void mac_sha256(struct str key, struct str message, unsigned char mac[MAC_SIZE])
{
    unsigned len = 0;
    unsigned char *done = HMAC(EVP_sha256(), key.ptr, (int)key.len,
                               (const unsigned char *)message.ptr, message.len, mac, &len);
    assert(done && len == MAC_SIZE);
    (void)done;
}

bool mac_equal(struct str a, struct str b)
{
    return a.len == b.len && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}
