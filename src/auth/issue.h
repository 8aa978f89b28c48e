/* Issuing access tokens: what may be asked for, and the token for it. */
#ifndef AUTH_ISSUE_H
#define AUTH_ISSUE_H

#include "auth/jwt.h"

/* What is asked for; borrowed. */
struct issue {
    struct str identity;
    struct str service; /* SID or unique name */
    struct str ttl;     /* seconds, as text */
    struct str key;     /* SID of the API key that signs; absent: the server's own */
    struct str algorithm;

    uint64_t ttl_s; /* these from issue_check */
    enum mac_hash hash;
};

/* ERR_PARAMETER: `why` says what is wrong. */
must_check enum err issue_check(struct issue *issue, struct why *why);

/* Append the token for what was checked to `out`. Returns when it expires. */
int64_t issue_token(const struct credentials *credentials, const struct issue *issue,
                    int64_t now_ms, struct buf *out);

#endif
