/* What the server knows its users by: the account's SID and token, and a secret of its own.
 *
 * They are kept in DIR/credentials (mode 0600). API keys' secrets are kept nowhere: each is
 * derived from the server's secret and the key's SID, so the database alone gives none away,
 * and the same secret that a user was shown can later verify a token's signature. */
#ifndef AUTH_CREDENTIALS_H
#define AUTH_CREDENTIALS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum {
    ACCOUNT_SID_LENGTH = 34,
    AUTH_TOKEN_LENGTH_MAX = 128,
    SERVER_SECRET_SIZE = 32,
    KEY_SID_LENGTH = 34,
    KEY_SECRET_LENGTH = 32,
};

struct credentials {
    char account_sid[ACCOUNT_SID_LENGTH + 1];
    char auth_token[AUTH_TOKEN_LENGTH_MAX + 1];
    unsigned char secret[SERVER_SECRET_SIZE];
};

/* Read FOLDER/credentials, making it with random values when it is not there; without `random`
 * (NULL) it must be. `account_sid` and `auth_token`, when not NULL, are used instead of the
 * file's and not written to it.
 * ERR_CONFIG: the file cannot be read or written, others than its owner may read it, or a value has
 * the wrong form. */
must_check enum err credentials_load(struct credentials *credentials, const char *folder,
                                     const char *account_sid, const char *auth_token,
                                     const struct random *random, struct why *why);

/* Only what is given, each NULL or of the right form. ERR_CONFIG. */
must_check enum err credentials_given(struct credentials *credentials, const char *account_sid,
                                      const char *auth_token, struct why *why);

/* Copy FOLDER/credentials to the folder `to`, where there is none, readable for nobody else; and
 * take such a copy away. ERR_CONFIG. */
must_check enum err credentials_copy(const char *folder, const char *to, struct why *why);
void credentials_remove(const char *folder);

/* Has it the form of an API key's SID? */
bool credentials_is_key_sid(struct str sid);

/* The secret of the API key with that SID: 32 lower-case hexadecimal digits. */
void credentials_key_secret(const struct credentials *credentials, struct str key_sid,
                            char secret[KEY_SECRET_LENGTH + 1]);

/* The SID of the server's own key, which only signs access tokens: no object, never removed, and as
 * lasting as the server's secret. So whoever can read that may sign without asking the server. */
void credentials_own_key(const struct credentials *credentials, char sid[KEY_SID_LENGTH + 1]);

/* A key for sealing what is handed to clients and comes back, such as page tokens. */
void credentials_seal_key(const struct credentials *credentials, unsigned char key[32]);

#endif
