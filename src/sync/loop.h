/* The core and its thread: commands in from every gateway, answers back to each.
 *
 * The core is used in turns. Its own thread takes one to answer what the disk has, to make the next
 * commit, and to keep house; then it waits for the disk. Meanwhile gateways evaluate their commands
 * themselves (loop_evaluate), for the next commit; they never wait for a turn, but leave their
 * commands in the queue when somebody else has it. Whoever has the turn takes what is in the queue
 * first: so commands of one gateway are evaluated in their order, those of each view (sync/view.h).
 * Commands of the settled view are for the thread, a millisecond of them in each of its turns. */
#ifndef SYNC_LOOP_H
#define SYNC_LOOP_H

#include "base/log.h"
#include "sync/core.h"

/* Where letters to a gateway go: the answers to commands with this port, and deliveries of what
 * the port follows. */
struct port {
    struct queue *queue;                 /* the gateway takes letters from it */
    void (*hear)(struct letter *letter); /* letter.arrive of deliveries */
    void *context;                       /* the gateway's own */
    struct chain letters;                /* the loop's: not pushed yet */
    struct port *next;                   /* the loop's: the next port with letters */
};

struct loop;

struct loop_options {
    struct store *store;
    struct clock clock;
    struct random random;
    struct log *log;
    bool contention; /* as core_options.contention */
    struct idempotency_options idempotency;
    void (*fatal)(void *context); /* on the loop's thread: the store is ERR_UNSURE; stop the
                                     program without another answer */
    void *context;
};

/* Start the thread. ERR_CONFIG, in `why`. */
must_check enum err loop_start(struct loop **loop, const struct loop_options *options,
                               struct why *why);

/* Tell `port` of an object from now on: feed.h. Any thread, but not while it serves. */
void loop_follow(struct loop *loop, uint64_t object, struct port *port);

/* Hand over a chain of commands. Any thread; they come back through their ports. */
void loop_submit(struct loop *loop, struct chain *commands);

/* Evaluate `commands` on this thread, which is the port's. The answers that are there, and whatever
 * else the port has got before them, are in `letters`; the others come later. False: somebody else
 * has the turn, or some are not for gateways; what is left of `commands` is to be submitted. */
bool loop_evaluate(struct loop *loop, struct port *port, struct chain *commands,
                   struct chain *letters);

/* Answer what was submitted, end the thread, close the store. */
void loop_stop(struct loop *loop);

const struct core_metrics *loop_metrics(const struct loop *loop);
const struct store_metrics *loop_store_metrics(const struct loop *loop);

#endif
