#include "realtime/limiter.h"

void limiter_init(struct limiter *limiter, size_t places)
{
    limiter->free = places;
    ring_init(&limiter->waiting);
}

void waiter_init(struct waiter *waiter, void (*enter)(struct waiter *waiter))
{
    ring_init(&waiter->place);
    waiter->enter = enter;
}

bool waiter_is_waiting(const struct waiter *waiter)
{
    return !ring_is_empty(&waiter->place);
}

bool limiter_enter(struct limiter *limiter, struct waiter *waiter)
{
    if (limiter->free) {
        limiter->free--;
        return true;
    }
    if (!waiter_is_waiting(waiter))
        ring_append(&limiter->waiting, &waiter->place);
    return false;
}

void limiter_leave(struct limiter *limiter)
{
    if (ring_is_empty(&limiter->waiting)) {
        limiter->free++;
        return;
    }
    struct waiter *first = ring_of(limiter->waiting.next, struct waiter, place);
    ring_remove(&first->place);
    first->enter(first);
}

void waiter_give_up(struct waiter *waiter)
{
    ring_remove(&waiter->place);
}
