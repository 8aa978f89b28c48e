/* How long one thread works in a turn of its loop, and what it leaves for the next.
 *
 * A turn begins when the loop has woken up and the first thing is done, and ends before the loop
 * sleeps. Its budget is a time. What is there is done at once as long as nothing waits and the
 * budget lasts; what is too large for that, or comes too late, waits in the queue as a worker.
 * Workers are stepped for as long as one small step takes a turn, so that nobody holds up the
 * others for long.
 *
 * Each worker waits in the lane of its client: of the network that a connection comes from. Lanes
 * have their steps in turn, and so have the workers of a lane. A client waits for one step of each
 * other client, however many connections those have. Connections that have not shown credentials
 * have lanes of their own, and of two steps they get one at most while others wait: however many
 * addresses strangers have, they cost the others half of the time.
 *
 * The pattern, in whoever may have much to do:
 *
 *     if (!work_is_free(queue)) {           others wait, or this turn has done enough
 *         work_add(lane, &mine->worker);
 *         return;
 *     }
 *     struct work_slice slice = work_slice(queue);
 *     do
 *         ...a piece of `bytes` bytes...
 *     while (there is more && work_goes_on(&slice, bytes));
 *     if (there is more)
 *         work_add(lane, &mine->worker);    whose step does the same, and returns "there is more"
 *
 * Belongs to one thread. Knows of no loop: its owner calls work_run and work_end_turn, and does not
 * let the loop sleep while anything waits. */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include "base/dict.h"
#include "base/metric.h"
#include "base/ring.h"

/* A step: about so much, whichever comes first. Each piece counts for WORK_PIECE_BYTES at least, so
 * that many small pieces are no small step. */
enum { WORK_STEP_NS = 250000, WORK_STEP_BYTES = 64 * 1024, WORK_PIECE_BYTES = 64 };

enum work_class { WORK_STRANGERS, WORK_KNOWN, WORK_CLASSES };

struct work_lane {
    struct ring place;   /* in the queue, while workers wait in it */
    struct ring workers; /* in their order */
    struct work_queue *queue;
    enum work_class class;
    size_t refs;
    uint64_t network;
    uint64_t connection; /* 0, where the network is known */
};

struct worker {
    struct ring place;      /* in its lane */
    struct work_lane *lane; /* the last one */
    /* Do one step. True: there is more, so it goes to its lane's end. It may remove or free itself
     * (then: false) and add and remove others. */
    bool (*step)(struct worker *worker);
};

/* Written by the thread, read by any. */
struct work_metrics {
    struct histogram turn_ns;  /* the first exponent: WORK_NS_EXPONENT */
    struct metric turns_spent; /* turns whose budget was used up */
    struct metric steps;       /* of workers */
};

enum { WORK_NS_EXPONENT = 14 };

struct work_options {
    uint64_t budget_us;
    uint64_t (*now_ns)(void *context); /* NULL: the monotonic clock */
    void *context;
};

struct work_queue {
    struct work_options options;
    struct work_metrics metrics;
    struct ring waiting[WORK_CLASSES]; /* lanes */
    enum work_class next;              /* whose turn it is, if both wait */
    uint64_t began_ns;                 /* this turn; 0: it has not begun */
    bool spent;                        /* its budget */
    struct dict lanes;
};

void work_init(struct work_queue *queue, const struct work_options *options);

/* Nobody has a lane any more. */
void work_deinit(struct work_queue *queue);

void worker_init(struct worker *worker, bool (*step)(struct worker *worker));

/* A reference to the lane of all connections of this class that come from `network`; 0: a trusted
 * one, where many clients share an address, so each connection has its own, by its number. */
struct work_lane *work_lane_get(struct work_queue *queue, enum work_class class, uint64_t network,
                                uint64_t connection);

/* Whoever has it has no worker in it. NULL is fine. */
void work_lane_put(struct work_lane *lane);

/* To the lane's end; nothing if it waits already. */
void work_add(struct work_lane *lane, struct worker *worker);

/* From now on it belongs in `lane`, also when it is being stepped. */
void work_move(struct worker *worker, struct work_lane *lane);

/* Nothing if it does not wait. Before its owner is freed. */
void work_remove(struct worker *worker);

static inline bool work_waits(const struct worker *worker)
{
    return !ring_is_empty(&worker->place);
}

static inline bool work_is_empty(const struct work_queue *queue)
{
    return ring_is_empty(&queue->waiting[WORK_STRANGERS]) &&
           ring_is_empty(&queue->waiting[WORK_KNOWN]);
}

/* Something is done in this turn: the first call begins it. */
void work_begin_turn(struct work_queue *queue);

/* Is anything left of this turn's budget? */
bool work_has_time(struct work_queue *queue);

/* Nobody waits, and there is time: do it at once. */
static inline bool work_is_free(struct work_queue *queue)
{
    return work_is_empty(queue) && work_has_time(queue);
}

/* Step the workers in turn, one at least, for as long as one step may take and the budget lasts.
 * Then the loop looks what is ready, which costs little, so who comes waits for no more than that.
 * True: some still wait. */
bool work_run(struct work_queue *queue);

/* The loop goes to look for what is ready, and sleeps if nothing is. */
void work_end_turn(struct work_queue *queue);

/* What a step may still do. */
struct work_slice {
    struct work_queue *queue;
    uint64_t until_ns;
    size_t bytes;
};

struct work_slice work_slice(struct work_queue *queue);

/* A piece of so many bytes has been done. May another one follow in this step? */
bool work_goes_on(struct work_slice *slice, size_t bytes);

#endif
