/* One request and its reply, between libmicrohttpd's callbacks and the handler's.
 *
 *   ARRIVING --> READING --> WAITING --> REPLIED --> QUEUED
 *      |            |                       ^          ^
 *      |            +-----------------------+          |
 *      |              replied in `begin`               |
 *      +-----------------------------------------------+
 *              refused by the front itself
 *
 * ARRIVING: the request line is here. READING: `begin` was called. WAITING: `handle` was.
 * REPLIED: http_reply was. QUEUED: libmicrohttpd has the reply.
 *
 * While an exchange is WAITING libmicrohttpd asks for the reply again in each of its runs.
 * That is cheaper than suspending the connection (which takes it out of the epoll set, puts it
 * back, and provokes an event for it), so an exchange is suspended only when it has waited for
 * many runs.
 *
 * An upgrade is a reply with status 101; when it has been sent libmicrohttpd offers the socket.
 * What is given away is a duplicate, so that libmicrohttpd can close its own, and forget the
 * connection with its memory.
 *
 * When the client goes away an exchange that is WAITING is kept, without a connection, until
 * its reply; all others end. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/connection.h"
#include "http/framing.h"
#include "http/headers.h"
#include "http/server.h"

#include <microhttpd.h>

enum exchange_state {
    EXCHANGE_ARRIVING,
    EXCHANGE_READING,
    EXCHANGE_WAITING,
    EXCHANGE_REPLIED,
    EXCHANGE_QUEUED,
};

/* All exchanges of one server. */
struct exchanges {
    struct http_handler handler;
    size_t body_size_max;
    struct ring spare; /* ended ones, to be used again */
    size_t spare_count;
    struct ring lost;         /* replied to after their client had gone; not ended */
    struct ring given_away;   /* their connections, which libmicrohttpd is to forget */
    struct exchange *current; /* in one of the handler's callbacks */
    size_t open;              /* begun and not ended */
    size_t unanswered;        /* `handle` was called, http_reply was not */
    size_t polled;            /* WAITING, and not suspended */
    uint64_t run;             /* which call of MHD_run this is */
    bool moved;               /* libmicrohttpd has to run again for what happened in this run */
    bool draining;
    struct MHD_Response *refusal;
};

struct exchange {
    struct http_request request; /* first: what the handler sees */
    struct exchanges *exchanges;
    struct connection *connection;
    struct MHD_Connection *mhd; /* NULL: the client has gone */
    struct MHD_Response *response;
    struct MHD_UpgradeResponseHandle *upgraded;
    void (*taken)(void *context, int fd, struct str early); /* http_upgrade's, until it has run */
    void *taken_context;
    struct str target;
    struct headers headers; /* of the request */
    struct framing framing;
    struct buf body;
    uint64_t body_size; /* bytes received, kept or not */
    struct buf reply;   /* its body, which libmicrohttpd borrows; before it, memory for one */
    struct ring node;
    enum exchange_state state;
    unsigned polls; /* while WAITING */
    bool begun;
    bool suspended;
};

void exchanges_init(struct exchanges *exchanges, const struct http_handler *handler,
                    size_t body_size_max);

/* All have ended. */
void exchanges_deinit(struct exchanges *exchanges);

/* A request line has arrived. */
struct exchange *exchange_new(struct exchanges *exchanges, struct connection *connection,
                              struct MHD_Connection *mhd, const char *target);

/* libmicrohttpd's access handler: headers complete, more of the body, or body complete. */
enum MHD_Result exchange_advance(struct exchange *exchange, const char *method, const char *url,
                                 const char *version, const char *upload, size_t *upload_size);

/* libmicrohttpd is through with the request, or with the connection. */
void exchange_close(struct exchange *exchange);

/* End what was replied to after its client had gone. */
void exchanges_end_lost(struct exchanges *exchanges);

/* Not from inside MHD_run: have libmicrohttpd let go of connections that were given away.
 * True: there were some; it does so in its next run. */
bool exchanges_let_go(struct exchanges *exchanges);

#endif
