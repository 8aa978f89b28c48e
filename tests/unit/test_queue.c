#include "base/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

enum { PUSHERS = 4, NODES = 20000, CHAIN = 7 };

struct numbered {
    struct node node;
    unsigned pusher;
    unsigned number;
};

struct pusher {
    pthread_t thread;
    unsigned id;
    struct queue *queue;
    struct numbered nodes[NODES];
};

static struct pusher pushers[PUSHERS];

/* Owns its struct pusher until the nodes are pushed. */
static void *push_all(void *context)
{
    struct pusher *self = context;
    struct chain chain = {0};
    for (unsigned i = 0; i < NODES; i++) {
        self->nodes[i] = (struct numbered){.pusher = self->id, .number = i};
        chain_add(&chain, &self->nodes[i].node);
        if (chain.count == 1 + i % CHAIN)
            queue_push(self->queue, &chain);
    }
    queue_push(self->queue, &chain);
    return NULL;
}

static void start_pushers(struct queue *queue)
{
    for (unsigned i = 0; i < PUSHERS; i++) {
        pushers[i].id = i;
        pushers[i].queue = queue;
        assert_int_equal(pthread_create(&pushers[i].thread, NULL, push_all, &pushers[i]), 0);
    }
}

static void join_pushers(void)
{
    for (unsigned i = 0; i < PUSHERS; i++)
        pthread_join(pushers[i].thread, NULL);
}

/* The nodes of each pusher come in its order; returns how many there were. */
static size_t check_order(struct chain *chain, unsigned next[PUSHERS])
{
    size_t count = 0;
    for (struct node *node; (node = chain_shift(chain)); count++) {
        struct numbered *numbered = (struct numbered *)node;
        assert_int_equal(numbered->number, next[numbered->pusher]++);
    }
    assert_int_equal(chain->count, 0);
    return count;
}

static void every_node_arrives_once_and_in_order_when_many_push(void **state)
{
    (void)state;
    unsigned next[PUSHERS] = {0};
    struct queue *queue = queue_new(NULL, NULL);
    start_pushers(queue);
    for (size_t total = 0; total < (size_t)PUSHERS * NODES;) {
        struct chain chain = queue_wait(queue, -1);
        total += check_order(&chain, next);
    }
    join_pushers();
    assert_null(queue_take(queue).first);
    queue_free(queue);
}

static void count_wake(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static void the_callback_runs_when_an_empty_queue_is_pushed_to(void **state)
{
    (void)state;
    atomic_int wakes = 0;
    struct node nodes[3];
    struct chain chain = {0};
    struct queue *queue = queue_new(count_wake, &wakes);
    queue_push(queue, &chain);
    assert_int_equal(wakes, 0);
    chain_add(&chain, &nodes[0]);
    chain_add(&chain, &nodes[1]);
    queue_push(queue, &chain);
    assert_int_equal(wakes, 1);
    assert_null(chain.first);
    chain_add(&chain, &nodes[2]);
    queue_push(queue, &chain);
    chain = queue_take(queue);
    assert_int_equal(chain.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(chain_shift(&chain), &nodes[i]);
    assert_null(chain_shift(&chain));
    chain_add(&chain, &nodes[0]);
    queue_push(queue, &chain);
    assert_int_equal(wakes, 2);
    queue_take(queue);
    queue_free(queue);
}

static void nodes_stay_in_order_when_several_chains_wait(void **state)
{
    (void)state;
    struct node nodes[8];
    struct chain chain = {0};
    struct queue *queue = queue_new(NULL, NULL);
    for (size_t i = 0; i < 8; i++) {
        chain_add(&chain, &nodes[i]);
        if (i % 2)
            queue_push(queue, &chain);
    }
    chain = queue_take(queue);
    assert_int_equal(chain.count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_ptr_equal(chain_shift(&chain), &nodes[i]);
    assert_null(chain_shift(&chain));
    queue_free(queue);
}

static void waiting_ends_when_the_time_is_over(void **state)
{
    (void)state;
    struct queue *queue = queue_new(NULL, NULL);
    assert_null(queue_wait(queue, 0).first);
    assert_null(queue_wait(queue, 1).first);
    queue_free(queue);
}

static void *close_queue(void *queue)
{
    queue_close(queue);
    return NULL;
}

static void waiting_ends_for_good_when_the_queue_is_closed(void **state)
{
    (void)state;
    pthread_t thread;
    struct node node;
    struct chain chain = {0};
    struct queue *queue = queue_new(NULL, NULL);
    assert_false(queue_is_done(queue));
    assert_int_equal(pthread_create(&thread, NULL, close_queue, queue), 0);
    assert_null(queue_wait(queue, -1).first);
    pthread_join(thread, NULL);
    assert_true(queue_is_done(queue));
    assert_null(queue_wait(queue, -1).first);
    chain_add(&chain, &node);
    queue_push(queue, &chain);
    assert_ptr_equal(queue_wait(queue, -1).first, &node);
    queue_free(queue);
}

static void what_is_put_back_comes_out_first(void **state)
{
    (void)state;
    struct node nodes[4];
    struct chain chain = {0};
    struct queue *queue = queue_new(NULL, NULL);
    chain_add(&chain, &nodes[0]);
    chain_add(&chain, &nodes[1]);
    queue_put_back(queue, &chain); /* into an empty one */
    assert_null(chain.first);
    struct chain taken = queue_take(queue);
    chain_add(&chain, &nodes[2]);
    chain_add(&chain, &nodes[3]);
    queue_push(queue, &chain);
    queue_put_back(queue, &taken);
    taken = queue_take(queue);
    assert_int_equal(taken.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(chain_shift(&taken), &nodes[i]);
    queue_free(queue);
}

static void *nudge_queue(void *queue)
{
    queue_nudge(queue);
    return NULL;
}

static void a_nudge_ends_one_wait_also_the_next(void **state)
{
    (void)state;
    pthread_t thread;
    struct queue *queue = queue_new(NULL, NULL);
    queue_nudge(queue);
    queue_await(queue, -1);
    assert_int_equal(pthread_create(&thread, NULL, nudge_queue, queue), 0);
    queue_await(queue, -1);
    pthread_join(thread, NULL);
    queue_await(queue, 1); /* ends by itself */
    assert_null(queue_take(queue).first);
    queue_free(queue);
}

static void a_queue_is_done_when_it_is_closed_and_empty(void **state)
{
    (void)state;
    struct node node;
    struct chain chain = {0};
    struct queue *queue = queue_new(NULL, NULL);
    assert_false(queue_is_done(queue));
    chain_add(&chain, &node);
    queue_push(queue, &chain);
    queue_close(queue);
    assert_false(queue_is_done(queue));
    queue_await(queue, -1);
    assert_ptr_equal(queue_take(queue).first, &node);
    assert_true(queue_is_done(queue));
    queue_free(queue);
}

static void freeing_no_queue_is_allowed(void **state)
{
    (void)state;
    queue_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_arrives_once_and_in_order_when_many_push),
        cmocka_unit_test(the_callback_runs_when_an_empty_queue_is_pushed_to),
        cmocka_unit_test(nodes_stay_in_order_when_several_chains_wait),
        cmocka_unit_test(waiting_ends_when_the_time_is_over),
        cmocka_unit_test(waiting_ends_for_good_when_the_queue_is_closed),
        cmocka_unit_test(what_is_put_back_comes_out_first),
        cmocka_unit_test(a_nudge_ends_one_wait_also_the_next),
        cmocka_unit_test(a_queue_is_done_when_it_is_closed_and_empty),
        cmocka_unit_test(freeing_no_queue_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
