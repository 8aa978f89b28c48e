/* An operation: one REST request on its way through the dialect.
 *
 *   request ── prepare ──> command ── core ──> answer ── render ──> reply
 *
 * It lives in the request's arena. A file a resource provides prepare and render; they name
 * fields, and know nothing of sockets or of how others do it. */
#ifndef REST_OPERATION_H
#define REST_OPERATION_H

#include "auth/basic.h"
#include "dialect/token.h"
#include "http/fields.h"
#include "http/route.h"
#include "http/server.h"
#include "sync/command.h"
#include "sync/sid.h"

struct rest;
struct rest_options;
struct operation;

/* What all operations of one `struct rest` share. */
struct operation_context {
    const struct rest_options *options;
    unsigned char seal_key[TOKEN_KEY_SIZE]; /* for page tokens */
    bool draining;                          /* the server is stopping */
};

/* What a path and method lead to. */
struct endpoint {
    const char *method;
    const char *pattern;
    bool open; /* no credentials needed */
    enum verb verb;
    enum kind kind;
    enum kind container; /* of which kind is what the path's second capture names, of which the
                          * object is a part; 0: that names the object itself */
    unsigned status;     /* of success */

    /* Fill in op->command from captures, query and fields. */
    enum err (*prepare)(struct operation *op);

    /* Write the body of success from op->command's answer; NULL: there is none. Where it is
     * `unfinished` it is called again, in a later step (base/work.h). */
    void (*render)(struct operation *op, struct buf *out);

    /* Instead of prepare and render: answer without the core. */
    void (*respond)(struct operation *op, struct buf *out);
};

enum { OPERATION_NAMES_MAX = 16 };

struct operation {
    struct command command; /* first: the core hands back this */
    struct rest *rest;
    const struct operation_context *context;
    struct http_request *request;
    const struct endpoint *endpoint;
    size_t endpoint_index;
    struct str captures[ROUTE_CAPTURES_MAX];
    struct principal principal;
    struct str user;  /* basic_user, once the credentials were good */
    unsigned pause_s; /* with ERR_GUESSES */
    struct fields query;
    struct fields fields;                  /* of the body */
    struct str known[OPERATION_NAMES_MAX]; /* names of fields that prepare looked for */
    size_t known_count;
    struct str base; /* start of our URLs: http://host:port */
    struct str if_none_match;
    struct str origin;           /* of the page that a browser sends it for; absent: no browser */
    bool is_json;                /* its body is said to be JSON, not a form */
    struct http_header *headers; /* of the reply */
    const char *type;            /* media type of the reply's body */
    unsigned status;
    enum err refused;     /* found before the core was asked; told after the credentials */
    struct why why;       /* detail of the error */
    bool unfinished;      /* set by render */
    struct worker worker; /* for the steps of render */
    struct buf body;      /* of the reply, as far as it is written */
    size_t written;       /* lists: objects in it */
    uint64_t page;        /* lists: the page's number and size as asked for */
    uint64_t page_size;
    struct str page_query; /* what else its address has to say: "Order=asc&From=0&", or nothing */
};

/* The account's SID. */
struct str operation_account(const struct operation *op);

/* The secret of the API key with that SID. */
void operation_key_secret(const struct operation *op, struct str sid,
                          char secret[KEY_SECRET_LENGTH + 1]);

/* The key page tokens are sealed with. */
const unsigned char *operation_seal_key(const struct operation *op);

/* Write what /metrics shows. */
void operation_expose(const struct operation *op, struct buf *out);

/* Is the server stopping? */
bool operation_is_draining(const struct operation *op);

/* Add a header to the reply; both strings live until the request's end. */
void operation_add_header(struct operation *op, const char *name, const char *value);

/* Take from the path what it names in a service: the service, the container, the object. */
void operation_address(struct operation *op);

/* A parameter of the query; absent when it was not given. `name` is static. */
struct str operation_query(struct operation *op, struct str name);

/* A field of the body; absent when it was not given (or is null in JSON). `name` is static. */
struct str operation_field(struct operation *op, struct str name);

/* After prepare: was a field given that nobody looked for, and whose name is near to one that
 * somebody did? Other unknown fields are ignored, as the public API does. ERR_PARAMETER. */
must_check enum err operation_check_spelling(struct operation *op);

/* Read a yes-or-no field into `value` and note `flag` in `given`. ERR_PARAMETER. */
must_check enum err operation_bool(struct operation *op, struct str name, unsigned flag,
                                   unsigned *given, bool *value);

/* Read a time to live from the fields of these names, which end with NULL. The first that has a
 * value counts; those behind it must be good too. ERR_TTL. */
must_check enum err operation_ttl(struct operation *op, const char *const names[], struct ttl *ttl);

/* Read `Data` into the command. See sync/data.h. */
must_check enum err operation_data(struct operation *op);

/* Read If-Match into the command. ERR_IF_MATCH. */
must_check enum err operation_if_match(struct operation *op);

/* Note whether there is `If-None-Match: *`. */
void operation_if_none_match(struct operation *op);

/* ETag of a revision; and status 304 when If-None-Match names it. */
void operation_etag(struct operation *op, uint64_t revision);

#endif
