/* What all WebSockets of one thread share; for this room only. */
#ifndef WS_SOCKETS_H
#define WS_SOCKETS_H

#include "ws/deflate.h"
#include "ws/frame.h"
#include "ws/websocket.h"

enum { SOCKETS_READ_SIZE = 64 * 1024 };

struct websockets {
    struct websocket_options options;
    struct websocket_metrics metrics;
    uv_loop_t *loop;
    struct deflate deflate;
    struct ring closing; /* sockets that wait for their peer to close, longest first */
    struct ring soon;    /* sockets with something to do in the loop's next turn */
    uv_timer_t close_timer;
    uv_timer_t soon_timer;
    unsigned handles; /* not closed yet */
    char read[SOCKETS_READ_SIZE];
};

/* A whole frame of any kind, never deflated. */
struct parcel *parcel_new_frame(enum frame_opcode opcode, struct str payload);

#endif
