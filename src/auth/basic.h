/* HTTP Basic authentication (RFC 7617): account SID and token, or API key and secret. */
#ifndef AUTH_BASIC_H
#define AUTH_BASIC_H

#include "auth/credentials.h"

enum { BASIC_HEADER_SIZE_MAX = 512 };

/* Who a request comes from. */
struct principal {
    char key[35]; /* SID of the API key, NUL-terminated; empty: the account itself */
};

/* Checks headers for one thread. It remembers the last one that was right, so that a client
 * which sends the same on every request costs one comparison. */
struct basic {
    const struct credentials *credentials;
    char last[BASIC_HEADER_SIZE_MAX];
    size_t last_len;
    struct principal principal; /* of the last */
};

void basic_init(struct basic *basic, const struct credentials *credentials);

/* The value of an Authorization header, or absent.
 *
 * ERR_AUTH: missing, malformed or wrong. A key's secret is checked here, but not whether the
 * key still exists: sync/key.h does that at the command's turn. All comparisons with a secret
 * take constant time. */
must_check enum err basic_check(struct basic *basic, struct str header,
                                struct principal *principal);

#endif
