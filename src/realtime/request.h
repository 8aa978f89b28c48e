/* A tunnelled request (method `message`) on its way.
 *
 *   packet ── parse ──> request ── prepare ──> command ── core ──> answer ── render ──> reply
 *                                                 ^                  │
 *                                                 └──── proceed ─────┘
 *
 * The same commands as REST's, in other words: JSON bodies with snake_case, no ETag, and never
 * `data` in the answer to a write. A file a resource provides prepare and render. */
#ifndef REALTIME_REQUEST_H
#define REALTIME_REQUEST_H

#include "base/arena.h"
#include "http/fields.h"
#include "realtime/client.h"
#include "sync/command.h"
#include "sync/sid.h"

struct request;

/* What a method and path lead to. */
struct realtime_route {
    const char *method;
    const char *pattern; /* as routes.c has it */
    enum verb verb;
    enum kind kind;
    enum kind container; /* of what the path's first capture names, if the object is a part of it */
    unsigned status;     /* of success */

    /* Does it read what is committed, and much of it (request_queue.h)? NULL: it does not. */
    bool (*is_page)(const struct request *request);

    enum err missing; /* what to say when an object is not there; OK: as the core does */

    /* Fill in request->command from captures, parameters and body. */
    enum err (*prepare)(struct request *request);

    /* Write the body of success; NULL: there is none. */
    void (*render)(struct request *request, struct buf *out);

    /* With a 412, for who asks for it: what there is, as a GET has it; NULL: nothing. */
    void (*render_current)(struct request *request, struct buf *out);

    /* After a good answer: true when the command has been filled in anew, for another round.
     * NULL: one is enough. */
    bool (*proceed)(struct request *request);

    /* Give up what `work` holds, if there is any; NULL: nothing. */
    void (*end)(struct request *request);

    /* Instead of all that: answer without the core, and free the request. */
    void (*respond)(struct request *request);
};

struct request {
    struct command command; /* first */
    struct session *session;
    struct arena arena; /* all that the request needs until its end */
    struct str id;      /* of the packet to answer */
    size_t size;        /* of that packet */
    const struct realtime_route *route;
    struct str captures[ROUTE_CAPTURES_MAX];
    struct fields params; /* of the query, decoded */
    struct str body;      /* compact JSON object; empty: none */
    struct str if_match;  /* the header; absent: not sent */
    bool prefers_current; /* the header Prefer; see conflict.h */
    enum kind conflict;   /* what lost a race, while its current state is read; 0: nothing */
    bool page;            /* route.is_page, as it began */
    struct worker worker; /* of a page: its answer waits to be looked at */
    unsigned status;
    struct why why;
    size_t page_size;
    struct change *kept; /* of routes that proceed: what the first round found */
    struct sid kept_sid; /* ... by which the others name it: a name may change hands */
    void *work;          /* ... and what else they keep; in the arena */
    struct buf gathered; /* ... and JSON that they have gathered */
};

/* The request that a packet carries, not read yet. */
struct request *request_new(struct session *session, const struct packet *packet);

void request_free(struct request *request);

/* --- for routes --- */

struct client_context *request_context(const struct request *request);

/* A JSON token as text: a string decoded, a number as it is. */
struct str request_decode(struct request *request, struct str token);

/* A parameter; absent when it was not given. */
struct str request_param(const struct request *request, struct str name);

/* A member of the body: its JSON text; absent when it is null or not there. */
struct str request_member(const struct request *request, struct str name);

/* A text member, decoded; absent when it is null or not there. ERR_BODY: something else. */
must_check enum err request_text(struct request *request, struct str name, struct str *text);

/* `ttl` and `data` into the command. ERR_TTL; see sync/data.h. */
must_check enum err request_ttl(struct request *request);
must_check enum err request_data(struct request *request);

/* If-Match into the command; `-1`: only if there is none. ERR_IF_MATCH. */
must_check enum err request_if_match(struct request *request);

/* Keep what the first round found, and make the command ready for the next one. */
void request_keep(struct request *request);

/* Where an object is: base/v3/Services/{service}/Documents/{sid} */
void request_add_url(const struct request *request, const struct change *object, struct buf *out);

#endif
