/* A limit on how much of one kind of work a gateway has under way: so many at a time; waiters enter
 * in the order in which they asked. */
#ifndef REALTIME_LIMITER_H
#define REALTIME_LIMITER_H

#include "base/ring.h"

struct limiter {
    size_t free;
    struct ring waiting; /* struct waiter */
};

struct waiter {
    struct ring place;
    void (*enter)(struct waiter *waiter); /* a place has become free, and is the waiter's */
};

void limiter_init(struct limiter *limiter, size_t places);

void waiter_init(struct waiter *waiter, void (*enter)(struct waiter *waiter));

/* True: the caller has a place. False: it waits, and `enter` is called later. */
bool limiter_enter(struct limiter *limiter, struct waiter *waiter);

/* Give a place back. */
void limiter_leave(struct limiter *limiter);

/* Wait no more. Harmless if it does not. */
void waiter_give_up(struct waiter *waiter);

bool waiter_is_waiting(const struct waiter *waiter);

#endif
