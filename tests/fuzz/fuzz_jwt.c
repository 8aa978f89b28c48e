/* Access tokens: as they come in, and, since nobody hits upon a signature, as header and claims
 * (one line each) that are signed here with the algorithm of the header. What holds for every
 * input:
 *  - a token that is accepted names somebody, a service and a time that is still to come;
 *  - accepted with one bit of its signature changed, it never is. */
#include "auth/jwt.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "sync/limits.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY    "SK0123456789abcdef0123456789abcdef"
#define NOW_MS INT64_C(1700000000000)

static const struct credentials credentials = {
    .account_sid = "AC0123456789abcdef0123456789abcdef",
    .secret = "thirty-two bytes known to nobody",
};

static bool check(struct str token, struct arena *arena)
{
    struct jwt jwt;
    enum err e = jwt_verify(&credentials, token, NOW_MS, arena, &jwt);
    if (e) {
        assert(e >= ERR_TOKEN && e <= ERR_TOKEN_LONG);
        return false;
    }
    assert(jwt.identity.len && utf8_is_valid(jwt.identity) && jwt.service.len);
    assert(utf8_length(jwt.identity) <= IDENTITY_LENGTH_MAX);
    assert(!jwt.key.ptr || str_eq(jwt.key, STR(KEY)));
    assert(jwt.expires_ms > NOW_MS);
    return true;
}

static void add_coded(struct buf *out, struct str text)
{
    base64_encode(text, buf_reserve(out, base64_length(text.len)));
    out->len += base64_length(text.len);
}

static void add_signature(struct buf *token, enum mac_hash hash)
{
    char secret[KEY_SECRET_LENGTH + 1];
    unsigned char mac[MAC_SIZE_MAX];
    credentials_key_secret(&credentials, STR(KEY), secret);
    size_t len = mac_compute(hash, str_from(secret), buf_str(token), mac);
    buf_add_char(token, '.');
    add_coded(token, (struct str){(const char *)mac, len});
}

static void check_signed(struct str text, enum mac_hash hash, struct arena *arena)
{
    struct buf token;
    struct str claims = text, header = str_split(&claims, '\n');
    buf_init(&token, 4 * text.len + 256);
    add_coded(&token, header);
    buf_add_char(&token, '.');
    add_coded(&token, claims);
    add_signature(&token, hash);
    if (check(buf_str(&token), arena)) {
        token.ptr[token.len - 5] ^= 1;
        bool accepted = check(buf_str(&token), arena);
        assert(!accepted);
    }
    buf_deinit(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {size ? (const char *)data : "", size};
    struct arena arena;
    arena_init(&arena);
    check(text, &arena);
    for (int hash = MAC_SHA256; hash <= MAC_SHA512; hash++)
        check_signed(text, (enum mac_hash)hash, &arena);
    arena_deinit(&arena);
    return 0;
}
