#include "base/queue.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct chain chain;
    bool nudged;
    bool closed;
    void (*wake)(void *context);
    void *context;
};

struct queue *queue_new(void (*wake)(void *context), void *context)
{
    struct queue *queue = mem_zalloc(1, sizeof *queue);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->filled, &attr);
    pthread_condattr_destroy(&attr);
    queue->wake = wake;
    queue->context = context;
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    assert(!queue->chain.first);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

void queue_push(struct queue *queue, struct chain *chain)
{
    if (!chain->first)
        return;
    pthread_mutex_lock(&queue->mutex);
    bool was_empty = !queue->chain.first;
    chain_join(&queue->chain, chain);
    if (was_empty && !queue->wake)
        pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
    *chain = (struct chain){0};
    if (was_empty && queue->wake)
        queue->wake(queue->context);
}

struct chain queue_take(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    struct chain all = queue->chain;
    queue->chain = (struct chain){0};
    pthread_mutex_unlock(&queue->mutex);
    return all;
}

static struct timespec deadline_in(int64_t timeout_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(timeout_ms / 1000);
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

void queue_put_back(struct queue *queue, struct chain *chain)
{
    pthread_mutex_lock(&queue->mutex);
    chain_join(chain, &queue->chain);
    queue->chain = *chain;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
    *chain = (struct chain){0};
}

void queue_await(struct queue *queue, int64_t timeout_ms)
{
    struct timespec deadline = deadline_in(timeout_ms < 0 ? 0 : timeout_ms);
    bool timed_out = false;
    pthread_mutex_lock(&queue->mutex);
    while (!queue->chain.first && !queue->nudged && !queue->closed && !timed_out) {
        if (timeout_ms < 0)
            pthread_cond_wait(&queue->filled, &queue->mutex);
        else
            timed_out = pthread_cond_timedwait(&queue->filled, &queue->mutex, &deadline) != 0;
    }
    queue->nudged = false;
    pthread_mutex_unlock(&queue->mutex);
}

void queue_nudge(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->nudged = true;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}

struct chain queue_wait(struct queue *queue, int64_t timeout_ms)
{
    queue_await(queue, timeout_ms);
    return queue_take(queue);
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
    if (queue->wake)
        queue->wake(queue->context);
}

bool queue_is_done(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool done = queue->closed && !queue->chain.first;
    pthread_mutex_unlock(&queue->mutex);
    return done;
}
