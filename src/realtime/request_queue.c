#include "realtime/request_queue.h"

#include "realtime/request.h"

#include <assert.h>

static void advance(struct request_queue *queue);

static void on_place(struct waiter *waiter)
{
    struct request_queue *queue = ring_of(waiter, struct request_queue, waiter);
    assert(queue->waiting.first && !queue->under_way);
    queue->page = true;
    queue->under_way = 1;
    queue->start((struct request *)chain_shift(&queue->waiting));
}

void request_queue_init(struct request_queue *queue, struct limiter *pages,
                        bool (*has_room)(struct request_queue *queue),
                        void (*start)(struct request *request))
{
    *queue = (struct request_queue){.pages = pages, .has_room = has_room, .start = start};
    waiter_init(&queue->waiter, on_place);
}

void request_queue_drop(struct request_queue *queue)
{
    struct node *node;
    queue->dropped = true;
    waiter_give_up(&queue->waiter);
    while ((node = chain_shift(&queue->waiting))) {
        struct request *request = (struct request *)node;
        queue->size -= request->size;
        request_free(request);
    }
}

/* May the first of those waiting start? A page that only lacks a place will be called. */
static bool may_start(struct request_queue *queue, const struct request *request)
{
    if (queue->page)
        return false;
    if (!request->page)
        return true;
    return !queue->under_way && queue->has_room(queue) &&
           limiter_enter(queue->pages, &queue->waiter);
}

static void advance(struct request_queue *queue)
{
    struct request *first;
    while (!waiter_is_waiting(&queue->waiter) && (first = (struct request *)queue->waiting.first) &&
           may_start(queue, first)) {
        chain_shift(&queue->waiting);
        queue->page = first->page;
        queue->under_way++;
        queue->start(first);
    }
}

void request_queue_add(struct request_queue *queue, struct request *request)
{
    queue->size += request->size;
    chain_add(&queue->waiting, &request->command.letter.node);
    advance(queue);
}

static void take_back(struct request_queue *queue)
{
    assert(queue->under_way);
    queue->under_way--;
    if (queue->page) {
        queue->page = false;
        limiter_leave(queue->pages);
    }
}

void request_queue_done(struct request_queue *queue, struct request *request)
{
    queue->size -= request->size;
    request_free(request);
    take_back(queue);
    advance(queue);
}

void request_queue_again(struct request_queue *queue, struct request *request)
{
    struct chain first = {0};
    if (queue->dropped) {
        request_queue_done(queue, request);
        return;
    }
    take_back(queue);
    chain_add(&first, &request->command.letter.node);
    chain_join(&first, &queue->waiting);
    queue->waiting = first;
    advance(queue);
}

void request_queue_resume(struct request_queue *queue)
{
    advance(queue);
}

size_t request_queue_count(const struct request_queue *queue)
{
    return queue->waiting.count + queue->under_way;
}
