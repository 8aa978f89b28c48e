/* An operation without a server: what a resource's file makes of a request and of an answer.
 *
 * The account is "AC0", the server http://h:1, the path /path. The core has found the service,
 * whose id is 1, and the container, whose id is 2. Nothing is freed with the command: heads may
 * stand on the stack. */
#ifndef FAKE_OPERATION_H
#define FAKE_OPERATION_H

#include "http/exchange.h"
#include "rest/operation.h"
#include "rest/rest.h"

struct fake_operation {
    struct operation op;
    struct exchange exchange; /* the request is in here */
    struct endpoint endpoint;
    struct credentials credentials;
    struct rest_options options;
    struct operation_context context;
    struct change service;
    struct change container;
    struct buf out;
    struct work_queue work; /* its clock passes `tick_ns` with each look at it */
    uint64_t now_ns;
    uint64_t tick_ns;
    unsigned steps; /* that the last render took */
};

/* `container`: 0, or the kind of what the path's second capture names. */
void fake_operation_init(struct fake_operation *fake, enum verb verb, enum kind kind,
                         enum kind container);
void fake_operation_deinit(struct fake_operation *fake);

/* The request's query, and its body: a form. It has no headers. */
void fake_operation_query(struct fake_operation *fake, const char *query);
void fake_operation_form(struct fake_operation *fake, const char *form);

/* What `render` writes; lives until the next call. */
const char *fake_operation_render(struct fake_operation *fake,
                                  void (*render)(struct operation *op, struct buf *out));

/* A header of the reply; NULL: none. */
const char *fake_operation_reply_header(const struct fake_operation *fake, const char *name);

#endif
