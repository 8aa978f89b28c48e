/* The requests of one session, in their order.
 *
 *   add ──> waiting ──> in the core's hands ──> done
 *
 * The core has two views of the objects (sync/view.h), and so there are two kinds of requests.
 * Requests that name an object go to the core as they come, and it evaluates them in order. A page,
 * or a query, shows what is committed: it starts when all requests before it are answered, and what
 * is behind it waits until it is answered too. So it shows all that the session did before, and
 * nothing that it did later.
 *
 * A page is also more work than anything else, and its answer larger. So a session has one at a
 * time; it starts only while what the session has not taken yet is within its limit; and all
 * sessions of a gateway share a few places (client_context.pages), for which they wait
 * in turn. */
#ifndef REALTIME_REQUEST_QUEUE_H
#define REALTIME_REQUEST_QUEUE_H

#include "base/queue.h"
#include "realtime/limiter.h"

struct request;

/* Pages and queries that a gateway has in the core's hands at a time. Their answers are rendered in
 * one turn of the loop. */
enum { REQUEST_QUEUE_PAGES_MAX = 4 };

struct request_queue {
    struct limiter *pages;
    bool (*has_room)(struct request_queue *queue); /* for the answer to a page */
    void (*start)(struct request *request);        /* hand it to the core */
    struct chain waiting;                          /* by command.letter.node */
    struct waiter waiter;                          /* ... if it is a page that waits for a place */
    size_t under_way;                              /* in the core's hands */
    size_t size;                                   /* bytes of all these requests, as they came */
    bool page;                                     /* what is under way is a page */
    bool dropped;
};

void request_queue_init(struct request_queue *queue, struct limiter *pages,
                        bool (*has_room)(struct request_queue *queue),
                        void (*start)(struct request *request));

/* Nothing of what waits starts any more; it is freed. */
void request_queue_drop(struct request_queue *queue);

/* The queue's from now on; `start` may be called at once. */
void request_queue_add(struct request_queue *queue, struct request *request);

/* A request that was started has been answered, and is freed. Others may start. */
void request_queue_done(struct request_queue *queue, struct request *request);

/* A page that was answered needs another round: it gives its place up to other pages that wait, and
 * starts anew, before all others of its session, when it has a place again. Freed instead if the
 * queue was dropped. */
void request_queue_again(struct request_queue *queue, struct request *request);

/* There may be room again. */
void request_queue_resume(struct request_queue *queue);

/* How many requests there are, waiting and under way. */
size_t request_queue_count(const struct request_queue *queue);

#endif
