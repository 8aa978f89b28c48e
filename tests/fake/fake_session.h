/* A session without a socket: requests go in, their commands come out to be answered, and replies
 * are kept. It stands in for session.c and realtime.c, at link time, and fake_subscription.c for
 * subscription.c.
 *
 * The session is that of "alice" at http://h:1, in the service "default", whose id is 1. */
#ifndef FAKE_SESSION_H
#define FAKE_SESSION_H

#include "base/queue.h"
#include "realtime/request.h"
#include "subscription/topics.h"

#define FAKE_SESSION_SERVICE "IS000000000000000100000000000000a1"

struct fake_session {
    struct session *session;
    struct hub hub;
    struct realtime_options options;
    struct realtime_metrics metrics;
    struct chain commands; /* that wait for their answer */
    struct chain farewells;
    size_t submitted; /* commands so far */
    size_t released;  /* answers that were done with */
    size_t replies;   /* ... these and the following tell of the last one */
    unsigned status;
    struct buf body; /* NUL-terminated */
    uint64_t own_seq;
    struct work_queue work; /* its clock passes `tick_ns` with each look at it */
    uint64_t now_ns, tick_ns;
    size_t established; /* subscriptions that were asked for */
    size_t cancelled;
};

void fake_session_init(struct fake_session *fake);

/* Commands that still wait fail. */
void fake_session_deinit(struct fake_session *fake);

/* Start the request with this http_request (JSON; NULL: none) and payload. */
void fake_session_start(struct fake_session *fake, const char *http_request, const char *payload);

/* The same of a method and a path. */
void fake_session_call(struct fake_session *fake, const char *method, const char *path,
                       const char *payload);

/* The oldest command that waits; there is one. */
struct command *fake_session_command(const struct fake_session *fake);

/* Give it back: `head` and `container` become its answer; they may be NULL, and are copied. */
void fake_session_answer(struct fake_session *fake, enum err err, const struct change *head,
                         const struct change *container);

/* The answer to a page. `items` are copied. */
void fake_session_answer_page(struct fake_session *fake, const struct change *container,
                              const struct change *items, size_t count, bool more_before,
                              bool more_after);

/* The body of the last reply. */
const char *fake_session_body(const struct fake_session *fake);

#endif
