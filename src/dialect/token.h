/* Page tokens: a place in a list, sealed so that only this server can make one.
 *
 * "PT", then base64url of: a byte each of version, kind, flags and size, the bytes of the place,
 * and 16 bytes of HMAC-SHA-256 over all that. */
#ifndef DIALECT_TOKEN_H
#define DIALECT_TOKEN_H

#include "base/arena.h"
#include "base/err.h"
#include "sync/command.h"

enum { TOKEN_KEY_SIZE = 32, TOKEN_PLACE_SIZE_MAX = 1300 };

/* What one says. */
struct token {
    enum kind kind;   /* of what is listed */
    bool descending;  /* the order of the list */
    bool back;        /* the page before `place`, not the one after */
    bool included;    /* with what stands at `place` */
    uint8_t size;     /* of the page; 0: the request says it */
    struct str place; /* see sync/listing.h; at most TOKEN_PLACE_SIZE_MAX bytes */
};

/* As text, in `arena`: letters, digits, '-' and '_'. */
struct str token_seal(const unsigned char key[TOKEN_KEY_SIZE], const struct token *token,
                      struct arena *arena);

/* The page before the first object of an answered VERB_LIST, or after its last. An empty page has
 * neither, and all there is lies on the other side of the place that it was to begin at: what
 * stands there itself, too, unless it belonged to this page. `size`: as in struct token. Absent:
 * there is no such page. */
struct str token_seal_neighbour(const unsigned char key[TOKEN_KEY_SIZE],
                                const struct command *answered, bool back, uint8_t size,
                                struct arena *arena);

/* Back again; the place is in `arena`. ERR_PAGE_TOKEN: not one of ours. */
must_check enum err token_open(const unsigned char key[TOKEN_KEY_SIZE], struct str text,
                               struct arena *arena, struct token *token);

#endif
