/* A connection's bytes: what comes is taken apart into requests, and replies go out in their order.
 *
 *   socket --> input --> head --> body --> handler ... reply --> socket
 *
 * Requests that come behind each other are begun before the first is answered, as far as their
 * classes allow (exchange.h) and no further than CHANNEL_REQUESTS_MAX and CHANNEL_UNSENT_MAX; what
 * comes then stays in the kernel. Replies that are ready together are sent by one call.
 *
 * How much is done at a time is up to lanes.h. A channel that is idle has no buffers. */
#ifndef HTTP_CHANNEL_H
#define HTTP_CHANNEL_H

#include "http/connection.h"
#include "http/exchange.h"
#include "http/lanes.h"
#include "http/lingering.h"

enum {
    CHANNEL_REQUESTS_MAX = 32,       /* begun and not sent */
    CHANNEL_UNSENT_MAX = 256 * 1024, /* bytes of replies: more, and nothing is begun */
    CHANNEL_READ_SIZE = 64 * 1024,
};

/* All channels of one server. */
struct channels {
    uv_loop_t *loop;
    struct exchanges exchanges;
    struct connections connections;
    struct lingerings lingerings;
    struct lanes lanes;
    struct ring open;  /* all channels */
    struct ring dirty; /* those with replies to be sent */
    size_t head_size_max;
    uv_poll_cb on_event;
    void (*changed)(void *context); /* one has closed, or a request has ended */
    void *context;
    char scratch[CHANNEL_READ_SIZE]; /* what was read just now */
};

struct channel {
    struct connection connection;
    struct channels *channels;
    uv_poll_t poll;
    int watched; /* events */
    struct ring open;
    struct ring dirty;
    struct ring waiting;  /* in its lane */
    struct worker sender; /* replies are ready that go out in a later step */
    struct lane *lane;
    struct ring exchanges;     /* in the order of their coming */
    struct exchange *incoming; /* the last one, whose body has not all come; NULL */
    struct buf input;          /* read, and not taken apart */
    struct head_search search; /* for the end of the head at its start */
    size_t sent;               /* bytes of the first exchange's reply */
    size_t unsent;             /* bytes of all replies */
    unsigned count;            /* exchanges */
    unsigned unanswered;       /* of those, handed to the handler and not replied to */
    bool readable;             /* something may have come, or the end */
    bool ended;                /* the other side sends no more */
    bool last;                 /* of the exchanges: what comes is not looked at */
    bool held;                 /* its next request waits for large replies to others (lanes.h) */
    bool stuck;                /* the socket takes no more for now */
    bool broken;               /* it can only be closed */
    bool closed;
};

void channels_init(struct channels *channels, uv_loop_t *loop, struct work_queue *work);
void channels_deinit(struct channels *channels); /* closes all */

/* A connection that was accepted. */
void channel_open(struct channels *channels, int fd);

/* Send what is ready. Not from within the handler. */
void channels_flush(struct channels *channels);

#endif
