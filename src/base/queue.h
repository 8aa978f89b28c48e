/* What crosses threads: many push, one takes.
 *
 * Nodes are handed over: after the push they belong to the taker. The taker either sleeps in
 * queue_wait, or is woken by the callback it gave (which runs on the pusher's thread and must
 * be safe there, as uv_async_send is). Nodes come out in the order of the pushes. */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node {
    struct node *next;
};

/* A chain of nodes in order, before and after its time in a queue. */
struct chain {
    struct node *first;
    struct node *last;
    size_t count;
};

static inline void chain_add(struct chain *chain, struct node *node)
{
    node->next = NULL;
    if (chain->last)
        chain->last->next = node;
    else
        chain->first = node;
    chain->last = node;
    chain->count++;
}

/* All of `tail` behind `chain`; `tail` must not be used any more. */
static inline void chain_join(struct chain *chain, struct chain *tail)
{
    if (!tail->first)
        return;
    if (chain->last)
        chain->last->next = tail->first;
    else
        chain->first = tail->first;
    chain->last = tail->last;
    chain->count += tail->count;
}

/* The first node, taken off; NULL when there is none. */
static inline struct node *chain_shift(struct chain *chain)
{
    struct node *node = chain->first;
    if (!node)
        return NULL;
    chain->first = node->next;
    if (!chain->first)
        chain->last = NULL;
    chain->count--;
    return node;
}

struct queue;

/* `wake` may be NULL: then the taker uses queue_wait. */
struct queue *queue_new(void (*wake)(void *context), void *context);
void queue_free(struct queue *queue); /* must be empty */

/* Push a whole chain and wake the taker; the chain is empty afterwards. */
void queue_push(struct queue *queue, struct chain *chain);

/* Everything pushed so far, possibly nothing; does not wait. */
struct chain queue_take(struct queue *queue);

/* Give back what was taken: it comes out before all else. Whoever sleeps in queue_await wakes. */
void queue_put_back(struct queue *queue, struct chain *chain);

/* Wait until there is something to take, the queue is nudged or closed, or `timeout_ms`
 * (negative: no limit) have passed. */
void queue_await(struct queue *queue, int64_t timeout_ms);

/* End the taker's queue_await, or its next one. Any thread. */
void queue_nudge(struct queue *queue);

/* queue_await, then queue_take. */
struct chain queue_wait(struct queue *queue, int64_t timeout_ms);

/* Wake the taker for good: queue_wait does not sleep any more. Any thread. */
void queue_close(struct queue *queue);

/* Closed, and everything has been taken. */
bool queue_is_done(struct queue *queue);

#endif
