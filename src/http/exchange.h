/* One request and its reply.
 *
 *   ARRIVED --> READING --> WAITING --> REPLIED
 *      |           |                       ^
 *      |           +-----------------------+
 *      |             replied in `begin`    |
 *      +-----------------------------------+
 *            refused by the front itself
 *
 * ARRIVED: its head is here. READING: `begin` was called. WAITING: `handle` was. REPLIED:
 * http_reply was, and the reply waits until those before it on the same connection have been sent.
 *
 * When the client goes away an exchange that is WAITING is kept, without a channel, until its
 * reply; all others end. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/ring.h"
#include "http/chunks.h"
#include "http/head.h"
#include "http/server.h"

struct channel;
struct lane;

enum exchange_state { EXCHANGE_ARRIVED, EXCHANGE_READING, EXCHANGE_WAITING, EXCHANGE_REPLIED };

/* Requests of one connection that are answered together: those of one class, and of the first two
 * only. RFC 9112, section 9.3.2, lets safe ones run side by side; writes are carried out in their
 * order. What waits for others by itself, changes the connection, or has a large
 * reply is alone: the next one begins behind its end. */
enum exchange_class { CLASS_READ, CLASS_WRITE, CLASS_ALONE };

struct exchange;

/* Of whom an exchange is told: channel.c. */
struct exchange_owner {
    /* It has its reply. */
    void (*replied)(struct channel *channel, struct exchange *exchange, bool was_waiting);
    /* Its client has shown good credentials. */
    void (*known)(struct channel *channel);
};

/* All exchanges of one server. */
struct exchanges {
    struct exchange_owner owner;
    struct http_handler handler;
    size_t body_size_max;
    struct ring spare; /* ended ones, to be used again */
    size_t spare_count;
    struct ring lost;         /* replied to after their client had gone; not ended */
    struct exchange *current; /* in one of the handler's callbacks */
    size_t open;              /* begun and not ended */
    size_t unanswered;        /* `handle` was called, http_reply was not */
    bool draining;
    int64_t date_s; /* what `date` says */
    char date[32];
};

struct exchange {
    struct http_request request; /* first: what the handler sees */
    struct exchanges *exchanges;
    struct channel *channel; /* NULL: the client has gone */
    struct ring node;        /* of its channel, in their order */
    struct lane *lane; /* a reference; it counts the request; NULL: the handler was not asked */
    struct head head;
    struct chunks chunks;
    struct buf body;
    uint64_t body_size; /* bytes received, kept or not */
    struct buf top;     /* of the reply: status line and headers */
    struct buf reply;   /* its body; before it, memory for one */
    void (*taken)(void *context, int fd, struct str early); /* http_upgrade's, until it has run */
    void *taken_context;
    enum exchange_state state;
    enum exchange_class class;
    bool begun;
    bool last; /* nothing comes after its reply */
};

void exchanges_init(struct exchanges *exchanges, const struct http_handler *handler,
                    size_t body_size_max);

/* All have ended. */
void exchanges_deinit(struct exchanges *exchanges);

/* The last one of `channel`. */
struct exchange *exchange_new(struct exchanges *exchanges, struct channel *channel);

/* Read the head. If it is none, the exchange can only be refused. */
enum http_fault exchange_understand(struct exchange *exchange, struct str head);

/* Call `begin`. */
void exchange_begin(struct exchange *exchange);

enum body_state { BODY_MORE, BODY_DONE, BODY_BROKEN, BODY_ENDLESS };

/* Take what is there of the body off `bytes`. */
enum body_state exchange_read_body(struct exchange *exchange, struct str *bytes);

/* Call `handle`. */
void exchange_handle(struct exchange *exchange);

/* Reply that the request is none; nothing comes after it. */
void exchange_refuse(struct exchange *exchange, enum http_fault fault);

/* Its reply has been sent, or never will be. */
void exchange_end(struct exchange *exchange);

/* The client has gone. */
void exchange_lose(struct exchange *exchange);

/* Have http_upgrade's `taken` run. */
void exchange_hand_over(struct exchange *exchange, int fd, struct str early);

/* End what was replied to after its client had gone. */
void exchanges_end_lost(struct exchanges *exchanges);

#endif
