/* Access tokens: JSON Web Tokens (RFC 7519) as Twilio's helper libraries make them.
 *
 *     header  {"typ":"JWT","alg":"HS256","cty":"twilio-fpa;v=1"}
 *     claims  {"iss":"SK..","sub":"AC..","iat":1,"exp":2,
 *              "grants":{"identity":"alice","data_sync":{"service_sid":"IS.."}}}
 *
 * Signed with the secret of the API key that `iss` names. */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include "auth/credentials.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/mac.h"

enum { JWT_SIZE_MAX = 16384, JWT_LIFETIME_MAX_S = 24 * 60 * 60 };

struct jwt {
    struct str identity;
    struct str service; /* SID or unique name */
    struct str key;     /* SID of the API key that signed; absent: the server's own */
    int64_t expires_ms;
};

/* Judge `token`; what `jwt` says of it lives in `arena`.
 *
 * Whether `key` and `service` still exist is not looked at. The signature comes before the
 * claims, so that only who can sign learns what is wrong with them.
 * ERR_TOKEN: not a JWT. ERR_TOKEN_HEADER: not of our type, or another algorithm than HS256, HS384
 * or HS512. ERR_TOKEN_ISSUER: `iss` is no key's SID, or `sub` is another account.
 * ERR_TOKEN_SIGNATURE. ERR_TOKEN_EXPIRED: at `now_ms`, or it never would. ERR_TOKEN_EARLY: `nbf`
 * is still to come. ERR_TOKEN_LONG: valid for more than JWT_LIFETIME_MAX_S.
 * ERR_TOKEN_GRANTS: no identity, or none for Sync. */
must_check enum err jwt_verify(const struct credentials *credentials, struct str token,
                               int64_t now_ms, struct arena *arena, struct jwt *jwt);

/* The algorithm of that name; false: not one that signs tokens. */
bool jwt_algorithm(struct str name, enum mac_hash *hash);

/* Append a token with those claims, issued at `now_s`, to `out`. An absent `jwt->key`: the
 * server's own. */
void jwt_mint(const struct credentials *credentials, enum mac_hash hash, const struct jwt *jwt,
              int64_t now_s, struct buf *out);

#endif
