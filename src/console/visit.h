/* A request to the console, and how it is answered. All of it lives in the request's arena. */
#ifndef CONSOLE_VISIT_H
#define CONSOLE_VISIT_H

#include "auth/basic.h"
#include "auth/issue.h"
#include "base/ring.h"
#include "console/console.h"
#include "http/fields.h"

struct visit;

/* Who is let in. */
enum visit_gate {
    GATE_OPEN,
    GATE_SIGNED_IN, /* with credentials; in development mode also as GATE_LOCAL */
    GATE_LOCAL,     /* guard.h; only in development mode is there such a path */
};

struct entrance {
    struct str path;
    const char *method;
    enum visit_gate gate;

    /* Look at the fields, and fill in the command, if need be: with VERB_CHECK the core is asked
     * only about an API key. NULL: nothing to do. */
    enum err (*prepare)(struct visit *visit);

    /* Answer, now or later; the command has come back with OK, or there was none to ask. */
    void (*respond)(struct visit *visit);
};

struct visit {
    struct command command; /* first */
    struct console *console;
    const struct console_options *options;
    struct http_request *request;
    const struct entrance *entrance;
    struct principal principal;
    struct str user;  /* basic_user, once the credentials were good */
    unsigned pause_s; /* with ERR_GUESSES */
    struct fields fields;
    struct issue issue;
    struct http_header *headers; /* of the reply */
    struct why why;              /* about the error */
    struct ring waiting;         /* census.h */
    uint64_t census;
};

void visit_add_header(struct visit *visit, const char *name, const char *value);

/* Those that forbid a browser whatever our pages do not need; of files and of JSON. */
void visit_add_guards(struct visit *visit);

/* A JSON answer, which nobody may keep. `body` is taken over. */
void visit_reply_json(struct visit *visit, unsigned status, struct buf *body);

/* In the words of dialect/problem.h, and those of visit->why. */
void visit_refuse(struct visit *visit, enum err err);

#endif
