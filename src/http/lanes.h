/* The order in which connections are served when a turn of the loop has done enough (base/work.h).
 *
 * Connections wait in lanes. All of a network wait in the same lane, in the order in which they
 * became ready; those of a trusted address, behind which are many clients, each in a lane of its
 * own. Lanes have their turns one after the other, a step each. So a client waits for a step of
 * each other client, however many connections those have.
 *
 * Large replies, as pages are, are made few at a time in each lane, and few wait in it to be sent.
 */
#ifndef HTTP_LANES_H
#define HTTP_LANES_H

#include "base/work.h"

enum {
    LANES = 256, /* whoever meets in one by chance waits for the other */
    LANE_LARGE_ASKED_MAX = 4,
    LANE_LARGE_UNSENT_MAX = 8,
};

struct lanes;

struct lane {
    struct worker worker;
    struct lanes *lanes;
    struct ring waiting;
    struct ring large;     /* those that wait for a large reply to be done with */
    unsigned large_asked;  /* handed to the handler, not replied to */
    unsigned large_unsent; /* ... and those that are not sent */
};

struct lanes {
    struct work_queue *work;
    /* Serve what stands in `place` as long as the slice lasts, a piece at least. True: there is
     * more. It may leave its lane itself, by ring_remove (then: false). */
    bool (*serve)(struct ring *place, struct work_slice *slice);
    struct lane lanes[LANES];
};

void lanes_init(struct lanes *lanes, struct work_queue *work,
                bool (*serve)(struct ring *place, struct work_slice *slice));

/* Nobody waits any more. */
void lanes_deinit(struct lanes *lanes);

struct lane *lanes_find(struct lanes *lanes, uint64_t key);

/* To the lane's end; nothing if it waits already. */
void lane_wait(struct lane *lane, struct ring *place);

/* May the handler be asked for a large reply? If not, `place` waits, in no other ring, and then is
 * served. */
bool lane_takes_large(struct lane *lane, struct ring *place);
void lane_large_replied(struct lane *lane);
void lane_large_sent(struct lane *lane); /* or never will be */

#endif
