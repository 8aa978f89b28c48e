/* The core's thread: commands in from every gateway, answers back to each. */
#ifndef SYNC_LOOP_H
#define SYNC_LOOP_H

#include "base/log.h"
#include "sync/core.h"

/* Where a gateway's answers go: in command->port. */
struct port {
    struct queue *queue;  /* the gateway takes commands from it */
    struct chain answers; /* the loop's: not pushed yet */
    struct port *next;    /* the loop's: the next port with answers */
};

struct loop;

struct loop_options {
    struct store *store;
    struct clock clock;
    struct random random;
    struct log *log;
    void (*fatal)(void *context); /* on the loop's thread: the store is ERR_UNSURE; stop the
                                     program without another answer */
    void *context;
};

/* Start the thread. ERR_CONFIG, in `why`. */
must_check enum err loop_start(struct loop **loop, const struct loop_options *options,
                               struct why *why);

/* Hand over a chain of commands. Any thread; they come back through their ports. */
void loop_submit(struct loop *loop, struct chain *commands);

/* Answer what was submitted, end the thread, close the store. */
void loop_stop(struct loop *loop);

const struct core_metrics *loop_metrics(const struct loop *loop);
const struct store_metrics *loop_store_metrics(const struct loop *loop);

#endif
