/* A queue in a real loop, with a clock that the test moves. */
#include "work_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BUDGET_US = 2000, STEP_NS = WORK_STEP_NS / 4, PATIENCE_MS = 20000 };

struct world {
    uv_loop_t uv;
    struct work_loop loop;
    struct work_lane *lane;
    struct worker worker;
    uv_timer_t patience;
    uint64_t now_ns;
    unsigned steps, left; /* of the worker */
    unsigned sleeps;
    bool add_late;            /* before the loop sleeps */
    unsigned heralded;        /* how often the queue was about to be run */
    unsigned steps_at_herald; /* ... and what had been stepped then, the last time */
};

static uint64_t now_ns(void *context)
{
    return ((struct world *)context)->now_ns;
}

static bool step(struct worker *worker)
{
    struct world *world = ring_of(worker, struct world, worker);
    world->now_ns += STEP_NS;
    world->steps++;
    return --world->left > 0;
}

static void before_work(void *context)
{
    struct world *world = context;
    world->heralded++;
    world->steps_at_herald = world->steps;
}

static void before_sleep(void *context)
{
    struct world *world = context;
    world->sleeps++;
    if (world->add_late)
        work_add(world->lane, &world->worker);
    world->add_late = false;
}

static void on_impatience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the loop sleeps");
}

static void init(struct world *world)
{
    *world = (struct world){.now_ns = 1};
    struct work_options options = {BUDGET_US, now_ns, world};
    uv_loop_init(&world->uv);
    work_loop_init(&world->loop, &world->uv, &options,
                   &(struct work_loop_hooks){before_work, before_sleep, world});
    world->lane = work_lane_get(&world->loop.queue, WORK_KNOWN, 1, 0);
    worker_init(&world->worker, step);
    uv_timer_init(&world->uv, &world->patience);
    uv_timer_start(&world->patience, on_impatience, PATIENCE_MS, 0);
}

static void deinit(struct world *world)
{
    uv_close((uv_handle_t *)&world->patience, NULL);
    work_lane_put(world->lane);
    work_loop_close(&world->loop);
    uv_run(&world->uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->uv), 0);
}

static void a_turn_of_the_loop_is_one_turn_of_the_budget(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    world.left = 9;
    work_add(world.lane, &world.worker);
    for (unsigned turn = 1; turn <= 3; turn++) {
        uv_run(&world.uv, UV_RUN_NOWAIT);
        assert_int_equal(world.sleeps, turn);
        assert_int_equal(world.steps, turn < 3 ? 4 * turn : 9);
    }
    /* The turn ends before the loop looks what is ready, so the last one is still on. */
    assert_int_equal(metric_get(&world.loop.queue.metrics.turn_ns.count), 2);
    deinit(&world);
}

static void the_loop_does_not_sleep_while_somebody_waits(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    world.left = 20;
    world.add_late = true; /* after the queue was run, and before the loop would sleep */
    while (world.left)
        uv_run(&world.uv, UV_RUN_ONCE);
    assert_int_equal(world.steps, 20);
    assert_int_equal(world.sleeps, 5);
    deinit(&world);
}

/* So that what came in goes to others before its own thread is busy with something else. */
static void the_owner_is_called_before_the_queue_is_run_and_not_when_it_is_empty(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    world.left = 9;
    work_add(world.lane, &world.worker);
    for (unsigned turn = 1; turn <= 3; turn++) {
        uv_run(&world.uv, UV_RUN_NOWAIT);
        assert_int_equal(world.heralded, turn);
        assert_int_equal(world.steps_at_herald, 4 * (turn - 1));
    }
    uv_run(&world.uv, UV_RUN_NOWAIT);
    assert_int_equal(world.heralded, 3);
    deinit(&world);
}

static void it_sleeps_when_nobody_does(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    world.left = 1;
    world.add_late = true;
    uv_run(&world.uv, UV_RUN_ONCE);
    assert_true(uv_backend_timeout(&world.uv) == 0);
    uv_run(&world.uv, UV_RUN_NOWAIT);
    assert_true(uv_backend_timeout(&world.uv) > 0);
    deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_of_the_loop_is_one_turn_of_the_budget),
        cmocka_unit_test(the_loop_does_not_sleep_while_somebody_waits),
        cmocka_unit_test(the_owner_is_called_before_the_queue_is_run_and_not_when_it_is_empty),
        cmocka_unit_test(it_sleeps_when_nobody_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
