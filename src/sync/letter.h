/* What the core sends to a gateway: the answer to a command, or the notice of a change. Letters
 * to one port arrive in the order in which they were sent. */
#ifndef SYNC_LETTER_H
#define SYNC_LETTER_H

#include "base/queue.h"

struct letter {
    struct node node;
    /* Called once, on the thread that takes from the port's queue; the letter is the callee's. */
    void (*arrive)(struct letter *letter);
};

#endif
