/* HTTP Basic authentication (RFC 7617): account SID and token, or API key and secret. */
#ifndef AUTH_BASIC_H
#define AUTH_BASIC_H

#include "auth/credentials.h"
#include "auth/guesses.h"
#include "base/log.h"

enum { BASIC_HEADER_SIZE_MAX = 512 };

/* Who a request comes from. */
struct principal {
    char key[35]; /* SID of the API key, NUL-terminated; empty: the account itself */
};

/* Checks headers for one thread. It remembers the last one that was right, so that a client
 * which sends the same on every request costs one comparison. */
struct basic {
    const struct credentials *credentials;
    struct guesses *guesses;
    struct log *log;
    char last[BASIC_HEADER_SIZE_MAX];
    size_t last_len;
    struct principal principal; /* of the last */
};

/* What a request shows, and where it comes from. */
struct basic_attempt {
    struct str header;   /* the value of Authorization, or absent */
    const char *address; /* of the peer, for the log */
    uint64_t network;    /* http/network.h */
    uint64_t now_ns;     /* clock_monotonic_ns() */
    unsigned pause_s;    /* set with ERR_GUESSES: when to come again */
};

/* `guesses` (of all threads) and `log` may be NULL. */
void basic_init(struct basic *basic, const struct credentials *credentials, struct guesses *guesses,
                struct log *log);

/* ERR_GUESSES: too many from there were wrong; nothing was compared.
 *
 * ERR_AUTH: missing, malformed or wrong. All but missing ones are counted and logged. A key's
 * secret is checked here, but not whether the key still exists: sync/key.h does that at the
 * command's turn. All comparisons with a secret take constant time. */
must_check enum err basic_check(struct basic *basic, struct basic_attempt *attempt,
                                struct principal *principal);

/* Log that a key with the right secret is no longer there. */
void basic_log_gone(const struct basic *basic, const struct principal *principal,
                    const char *address);

/* The account's SID, or the key's. */
struct str basic_user(const struct basic *basic, const struct principal *principal);

#endif
