/* Everything that can go wrong and that some caller acts on.
 *
 * One vocabulary for the whole program; 0 is success. A value stands here only if
 * somebody treats it differently from its neighbours; the words for a person are in
 * `struct why`, and the one table that turns a value into an HTTP status, a five-digit
 * code and a sentence is dialect/problem.c. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#define must_check __attribute__((warn_unused_result))

enum err {
    OK = 0,

    /* The request as such. */
    ERR_ROUTE,        /* no such path */
    ERR_METHOD,       /* the path exists, but not with this method */
    ERR_AUTH,         /* credentials missing or wrong */
    ERR_GUESSES,      /* credentials not looked at: too many from there were wrong */
    ERR_ELSEWHERE,    /* not from this machine, or for another page than ours */
    ERR_FOREIGN_SITE, /* a write that a page of another site caused */
    ERR_KEY_MANAGES,  /* API keys are managed by the account itself */
    ERR_READ_ONLY,    /* the console may only look */
    ERR_BODY_LARGE,   /* request body above its limit */
    ERR_MEDIA_TYPE,   /* neither a form nor JSON */
    ERR_BODY,         /* body is not what its media type says */
    ERR_PARAMETER,    /* a field has a value outside its domain */

    /* What came is no request that HTTP/1.1 knows, or too much of one. */
    ERR_HTTP,
    ERR_HTTP_HOST,
    ERR_HTTP_TARGET,
    ERR_HTTP_HEADERS,
    ERR_HTTP_CODING,
    ERR_HTTP_VERSION,

    /* What the request names. */
    ERR_SERVICE_MISSING,
    ERR_MISSING,      /* no object with this SID */
    ERR_NAME_MISSING, /* no object with this name */
    ERR_NAME_TAKEN,
    ERR_NAME_INVALID,
    ERR_KEY,      /* no key of a map item */
    ERR_INDEX,    /* no index of a list item */
    ERR_IDENTITY, /* no identity */
    ERR_DENIED,   /* the identity's permissions do not reach so far */

    /* Access tokens. */
    ERR_TOKEN,        /* not a JWT */
    ERR_TOKEN_HEADER, /* type, content type or algorithm */
    ERR_TOKEN_ISSUER, /* not a key of this account, or another account */
    ERR_TOKEN_EXPIRED,
    ERR_TOKEN_EARLY,  /* not valid yet */
    ERR_TOKEN_GRANTS, /* no identity, no grant, or for a service that there is not */
    ERR_TOKEN_SIGNATURE,
    ERR_TOKEN_LONG,  /* valid for more than 24 hours */
    ERR_TOKEN_OTHER, /* an update with another identity or service */

    /* Clients in real time. */
    ERR_LOST,            /* what was missed is no longer kept */
    ERR_RATE,            /* too many at a time */
    ERR_INDEX_MISSING,   /* of a query: there is no such map */
    ERR_QUERY,           /* not a query */
    ERR_QUERY_OPERATORS, /* too many */
    ERR_QUERY_ARRAY,     /* too many values */

    /* What the request wants to write. */
    ERR_IF_MATCH,      /* the header is not a list of revisions */
    ERR_REVISION,      /* the precondition names another revision than the current one */
    ERR_EXISTS,        /* `If-None-Match: *`, and there is one */
    ERR_KEY_REUSED,    /* the Idempotency-Key was another request's */
    ERR_KEY_FORGOTTEN, /* a write that comes again may or may not have been done */
    ERR_TOO_LARGE,     /* data above its limit */
    ERR_JSON,          /* data is not JSON */
    ERR_DATA,          /* data is JSON, but not an object */
    ERR_TTL,           /* outside 0..31,536,000 */
    ERR_NO_PARAMETERS, /* an update that names nothing to update */
    ERR_FRIENDLY_NAME,
    ERR_WEBHOOK_URL,
    ERR_PAGE_TOKEN,
    ERR_PAGE_SIZE,
    ERR_ORDER,  /* neither asc nor desc */
    ERR_BOUNDS, /* neither inclusive nor exclusive */

    /* The server. */
    ERR_BUSY,   /* a queue is full; nothing was done; try again later */
    ERR_STORE,  /* the store refused; nothing was kept; try again later */
    ERR_UNSURE, /* the store failed half way: only a restart can tell what was kept */
    ERR_CONFIG, /* start-up only: the words are in `struct why` */

    /* No client is told: evaluate the command again, it goes on where it was. */
    ERR_UNFINISHED,

    ERR_COUNT
};

/* What to tell a person about a failure. Always a complete, NUL-terminated sentence or
 * empty; too long a text is cut. */
struct why {
    char text[320];
};

void why_set(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put `format` and ": " in front of what is there. */
void why_prefix(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
