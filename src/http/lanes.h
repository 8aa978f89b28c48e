/* The order in which connections are served when a turn of the loop has done enough (base/work.h).
 *
 * Connections wait in the lane of their client, in the order in which they became ready. A step of
 * the lane serves as many as it has time for.
 *
 * Large replies, as pages are, are made few at a time in each lane, and few wait in it to be sent.
 */
#ifndef HTTP_LANES_H
#define HTTP_LANES_H

#include "base/work.h"

enum {
    LANE_ASKED_MAX = 32,
    LANE_LARGE_ASKED_MAX = 4,
    LANE_LARGE_UNSENT_MAX = 8,
};

struct lanes;

struct lane {
    struct worker worker;
    struct work_lane *work; /* a reference */
    size_t refs;
    struct lanes *lanes;
    struct ring waiting;
    struct ring held; /* those that wait for replies to others */
    struct ring held_large;
    unsigned asked;        /* requests handed to the handler, and not replied to */
    unsigned large_asked;  /* ... of these, those for a large reply */
    unsigned large_unsent; /* of these, those that are not replied to, or not sent */
};

struct lanes {
    struct work_queue *work;
    /* Serve what stands in `place` as long as the slice lasts, a piece at least. If there is more,
     * it waits again by lane_wait, in the lane that its client has now. */
    void (*serve)(struct ring *place, struct work_slice *slice);
    struct dict by_work; /* lanes, by the queue's */
};

void lanes_init(struct lanes *lanes, struct work_queue *work,
                void (*serve)(struct ring *place, struct work_slice *slice));

/* Nobody waits any more. */
void lanes_deinit(struct lanes *lanes);

/* As work_lane_get. */
struct lane *lane_get(struct lanes *lanes, enum work_class class, uint64_t network,
                      uint64_t connection);

/* One more reference. */
static inline struct lane *lane_share(struct lane *lane)
{
    lane->refs++;
    return lane;
}

void lane_put(struct lane *lane); /* NULL is fine */

/* To the lane's end; nothing if it waits already. */
void lane_wait(struct lane *lane, struct ring *place);

/* May the handler be asked? If not, `place`, which is in no other ring, waits, and then is served.
 */
bool lane_takes(struct lane *lane, struct ring *place, bool large);
void lane_replied(struct lane *lane, bool large);

/* A large reply has been sent, or never will be. */
void lane_large_sent(struct lane *lane);

/* Whoever is held and finds room now is served again. After one has left that may have been next.
 */
void lane_admit(struct lane *lane);

#endif
