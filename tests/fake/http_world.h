/* The HTTP front over loopback, server and clients in one loop.
 *
 * A client collects what the server sends; `await` turns the loop until something is true. The
 * handler answers with what it saw: "METHOD path?query|body". */
#ifndef HTTP_WORLD_H
#define HTTP_WORLD_H

#include "http/server.h"
#include "work_loop.h"

enum { HELD_MAX = 64 };

enum answer {
    ANSWER_AT_ONCE,
    ANSWER_LATER,
    ANSWER_IN_BEGIN,
    ANSWER_CONTINUE,
    UPGRADE_IN_BEGIN,
    UPGRADE_LATER,
};

struct world {
    uv_loop_t loop;
    uv_timer_t patience;
    struct work_loop work;
    struct http_options options;
    struct http_server *server;
    int listen_fd;
    enum answer answer;
    unsigned status;
    size_t reply_size; /* 0: the echo */
    bool large;        /* what is asked for */
    bool knows;        /* its clients, from their first request on */
    struct http_request *held[HELD_MAX];
    size_t held_count;
    unsigned begun;
    unsigned refused;
    unsigned handled;
    unsigned ended;
    unsigned ended_status;
    bool body_too_large;
    char header[64]; /* X-Test of the last request, "(absent)" */
    bool replying;   /* inside http_reply */
    unsigned drained;
    unsigned taken;
    int taken_fd; /* of the last upgrade, ours to close; -1: none */
    char early[64];
};

struct client {
    struct world *world;
    uv_poll_t poll;
    int fd;
    bool closed;
    size_t len;
    char text[1 << 21];
};

/* --- the world --- */

struct http_options ample(void);
struct world *world_new_with(struct http_options options);
struct world *world_new(enum answer answer); /* with ample options */
void world_free(struct world *world);        /* all that was begun has ended */

void turn(struct world *world);

#define await(world, condition)                                                                    \
    while (!(condition))                                                                           \
    turn(world)

/* Let pass what is under way: the loop turns until `ms` are over, and so often. For what must
 * not happen. */
unsigned let_pass(struct world *world, unsigned ms);

/* --- the handler, in pieces --- */

void on_begin(void *context, struct http_request *request);
void on_handle(void *context, struct http_request *request);
void on_end(void *context, struct http_request *request);
void on_refuse(void *context, struct http_request *request, enum http_fault fault);
void reply_to(struct world *world, struct http_request *request);
void answer_held(struct world *world);

/* For http_server_drain: count it; and free the server at once. */
void on_drained(void *context);
void free_from_drained(void *context);

/* --- clients --- */

struct client *client_new(struct world *world);
void client_free(struct client *client);
void client_abort(struct client *client);
void client_send_bytes(struct client *client, const char *bytes, size_t len);
void client_send(struct client *client, const char *text);
void client_send_many(struct client *client, char c, size_t count);
bool client_has(const struct client *client, const char *text);
unsigned client_count(const struct client *client, const char *text);
void client_forget(struct client *client);

/* Send, and wait for `expected` in the answer. */
void client_ask(struct client *client, const char *text, const char *expected);

#endif
