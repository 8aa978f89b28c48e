/* A WebSocket at one end of a socket pair, and at the other end a client that the test writes
 * byte by byte.
 *
 * What the socket's callbacks tell is kept as text: "text:hello;binary:...;closed:1000;". */
#ifndef SOCKET_WORLD_H
#define SOCKET_WORLD_H

#include "work_loop.h"
#include "ws/frame.h"
#include "ws/websocket.h"

enum {
    MESSAGE_SIZE_MAX = 1000,
    CLOSE_TIMEOUT_MS = 300,
    BUDGET_US = 1000000,
    HEARD_MAX = 1 << 21,
    FIN = 0x80,
    DEFLATED = 0x40,
};

enum reaction { IGNORE, ANSWER, CLOSE, CUT, CUT_AND_SEND, PAUSE };

struct world {
    uv_loop_t loop;
    struct work_loop work;
    struct work_lane *lane;
    uv_timer_t patience;
    struct websockets *sockets;
    struct websocket *socket; /* NULL: closed */
    int fd;                   /* the client's; negative: closed */
    int socket_fd;            /* the other end, which is the socket's */
    enum reaction reaction;
    struct buf told;
    unsigned drained;
    bool calling; /* inside a call of websocket.h */
    struct buf heard;
    bool ended; /* the server has ended the connection */
};

/* --- the world --- */

struct world *world_new_of(const struct websocket_options *wanted, struct str early, bool deflate);
struct world *world_new_with(struct str early, bool deflate);
struct world *world_new(void);
void world_free(struct world *world);

void turn(struct world *world);

#define await(world, condition)                                                                    \
    while (!(condition))                                                                           \
    turn(world)

void settle(struct world *world);

/* --- the socket's user --- */

void on_message(void *context, struct str bytes, bool text);
void on_drained(void *context);
bool told(const struct world *world, const char *text);
void assert_told(struct world *world, const char *text);
void call_send(struct world *world, struct str bytes);
void call_send_many(struct world *world, size_t size);

/* --- the client --- */

void client_write(struct world *world, struct str bytes);
void add_frame(struct buf *out, unsigned first, struct str payload);
void client_send(struct world *world, unsigned first, struct str payload);
void client_send_deflated(struct world *world, struct str message);
void client_send_close(struct world *world, unsigned code, const char *reason);
size_t client_read(struct world *world, size_t size); /* what has come, at most `size` bytes */
void assert_heard(struct world *world, struct str bytes);
void assert_heard_close(struct world *world, unsigned code);
void client_hang_up(struct world *world);

#endif
