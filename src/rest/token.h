/* Page tokens: a place in a list, sealed so that only this server can make one.
 *
 * "PT", then 64 hexadecimal digits: 16 bytes of place, 16 of HMAC-SHA-256. */
#ifndef REST_TOKEN_H
#define REST_TOKEN_H

#include "base/err.h"
#include "base/str.h"
#include "store/change.h"

enum { TOKEN_LENGTH = 66, TOKEN_KEY_SIZE = 32 };

struct token {
    char text[TOKEN_LENGTH + 1];
};

/* The page of `kind` beyond the object `beyond`, going back or forth. */
struct token token_seal(const unsigned char key[TOKEN_KEY_SIZE], enum kind kind, uint64_t beyond,
                        bool back);

/* ERR_PAGE_TOKEN: not one of ours, or for another kind. */
must_check enum err token_open(const unsigned char key[TOKEN_KEY_SIZE], struct str text,
                               enum kind kind, uint64_t *beyond, bool *back);

#endif
