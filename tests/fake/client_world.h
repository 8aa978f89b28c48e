/* A gateway's clients without a gateway: sessions at one end of socket pairs. The test is the core,
 * which commands go to and are answered by, and the world reads what the clients are sent.
 *
 * The first client is "alice" at http://h:1, let in to the service "default", whose id is 1. Its
 * requests have the id RQ1. Events gather in the outboxes until a reply takes them along. */
#ifndef CLIENT_WORLD_H
#define CLIENT_WORLD_H

#include "base/queue.h"
#include "realtime/client.h"
#include "realtime/request.h"
#include "subscription/subscription.h"

#define CLIENT_WORLD_SERVICE "IS000000000000000100000000000000a1"

enum { CLIENT_WORLD_CLIENTS_MAX = 32 };

struct client_world {
    uv_loop_t loop;
    struct work_queue work; /* its clock passes `tick_ns` with each look at it */
    uint64_t now_ns, tick_ns;
    _Atomic size_t sessions_count;
    struct credentials credentials;
    struct realtime_options options;
    struct realtime_metrics metrics;
    struct websockets *sockets;
    struct session_table table;
    struct client_context clients;
    struct session *session; /* the first client's */
    int peers[CLIENT_WORLD_CLIENTS_MAX];
    size_t peers_count;
    bool deaf;                 /* the clients read nothing */
    struct chain commands;     /* that wait for their answer */
    struct chain unsubscribes; /* of these, those that tell that nobody hears of an object */
    size_t submitted;          /* commands so far, but for these */
    struct buf heard;          /* what the first client was sent, and was not looked at yet */
    struct buf events;         /* payloads of its notifications, one a line */
    struct buf shown;
    size_t replies; /* ... these and the following tell of the last reply to it */
    unsigned status;
    struct buf body; /* NUL-terminated */
};

void client_world_init(struct client_world *world);

/* Commands that still wait fail. */
void client_world_deinit(struct client_world *world);

/* Another client of the same user, let in. */
struct session *client_world_open(struct client_world *world);

/* Let the loop run, and read what the clients have been sent. */
void client_world_turn(struct client_world *world);

/* Start the request with this http_request (JSON; NULL: none) and payload. */
void client_world_start(struct client_world *world, const char *http_request, const char *payload);

/* The same of a method and a path. */
void client_world_call(struct client_world *world, const char *method, const char *path,
                       const char *payload);

/* The oldest command that waits; there is one. */
struct command *client_world_command(const struct client_world *world);

/* Give it back: `head` and `container` become its answer; they may be NULL, and are copied. */
void client_world_answer(struct client_world *world, enum err err, const struct change *head,
                         const struct change *container);

/* The answer to a page. `items` are copied. */
void client_world_answer_page(struct client_world *world, const struct change *container,
                              const struct change *items, size_t count, bool more_before,
                              bool more_after);

/* A new subscription of the session to that object, LIVE, at its `seq`. No command waits before. */
struct subscription *client_world_subscribe(struct client_world *world, struct session *session,
                                            const struct change *object);

/* The body of the last reply. */
const char *client_world_body(const struct client_world *world);

/* The payloads of all events that the first client was sent since the last call, one a line; what
 * its outbox holds is sent first. */
const char *client_world_events(struct client_world *world);

#endif
