/* Workers with a clock that moves only when the test or a step moves it. */
#include "base/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BUDGET_US = 2000, BUDGET_NS = BUDGET_US * 1000 };

struct world {
    struct work_queue queue;
    uint64_t now_ns;
    unsigned clock_reads;
    struct work_lane *lanes[16];
    size_t lanes_count;
    struct buf log; /* the names of those that were stepped */
};

struct job {
    struct worker worker;
    struct world *world;
    char name;
    enum work_class class;
    uint64_t network;
    unsigned steps; /* that it still has */
    uint64_t takes_ns;
    struct job *removes;
    struct work_lane *moves; /* there, with its first step */
    bool adds_itself;
};

static uint64_t now_ns(void *context)
{
    struct world *world = context;
    world->clock_reads++;
    return world->now_ns;
}

static void init(struct world *world)
{
    struct work_options options = {BUDGET_US, now_ns, world};
    *world = (struct world){.now_ns = 12345};
    work_init(&world->queue, &options);
    buf_init(&world->log, 1000);
}

static void deinit(struct world *world)
{
    while (world->lanes_count) {
        struct work_lane *lane = world->lanes[--world->lanes_count];
        while (!ring_is_empty(&lane->workers))
            work_remove(ring_of(lane->workers.next, struct worker, place));
        work_lane_put(lane);
    }
    work_deinit(&world->queue);
    buf_deinit(&world->log);
}

static bool step(struct worker *worker)
{
    struct job *job = (struct job *)worker;
    buf_add_char(&job->world->log, job->name);
    job->world->now_ns += job->takes_ns;
    if (job->removes)
        work_remove(&job->removes->worker);
    if (job->moves && worker->lane != job->moves) {
        struct work_lane *before = worker->lane;
        work_move(worker, job->moves);
        work_lane_put(before); /* the last reference, but for the queue's own */
    }
    if (job->adds_itself)
        work_add(worker->lane, worker);
    return --job->steps > 0;
}

static struct job job_of(struct world *world, char name, unsigned steps, uint64_t takes_ns)
{
    return (struct job){.world = world, .name = name, .steps = steps, .takes_ns = takes_ns};
}

static void add(struct job *job)
{
    worker_init(&job->worker, step);
    uint64_t network = job->network ? job->network : 1;
    struct work_lane *lane = work_lane_get(&job->world->queue, job->class, network, 0);
    work_add(lane, &job->worker);
    job->world->lanes[job->world->lanes_count++] = lane;
}

static void assert_log(struct world *world, const char *text)
{
    buf_add_char(&world->log, 0);
    assert_string_equal(world->log.ptr, text);
    buf_clear(&world->log);
}

static void workers_are_stepped_one_after_the_other(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 3, 0), b = job_of(&world, 'b', 1, 0),
               c = job_of(&world, 'c', 2, 0);
    add(&a);
    add(&b);
    add(&c);
    work_add(a.worker.lane, &a.worker); /* it keeps its place */
    assert_false(work_run(&world.queue));
    assert_log(&world, "abcaca");
    assert_true(work_is_empty(&world.queue));
    assert_false(work_waits(&a.worker));
    deinit(&world);
}

/* However many workers another one has. */
static void lanes_have_their_steps_in_turn(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 2, 0), b = job_of(&world, 'b', 2, 0),
               c = job_of(&world, 'c', 2, 0), other = job_of(&world, 'X', 3, 0);
    other.network = 2;
    add(&a);
    add(&b);
    add(&c);
    add(&other);
    assert_false(work_run(&world.queue));
    assert_log(&world, "aXbXcXabc");
    deinit(&world);
}

static void strangers_have_every_second_step_at_most(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job known = job_of(&world, 'K', 3, 0), other = job_of(&world, 'L', 1, 0);
    struct job strangers[3];
    known.class = other.class = WORK_KNOWN;
    other.network = 2;
    for (unsigned i = 0; i < 3; i++) {
        strangers[i] = job_of(&world, (char)('a' + i), 2, 0);
        strangers[i].network = 1 + i;
        add(&strangers[i]);
    }
    add(&known);
    add(&other);
    assert_false(work_run(&world.queue));
    assert_log(&world, "aKbLcKaKbc");
    deinit(&world);
}

/* A stranger that becomes known while it is stepped. */
static void a_worker_moves_to_another_lane(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 3, 0), b = job_of(&world, 'b', 3, 0);
    a.moves = work_lane_get(&world.queue, WORK_KNOWN, 1, 0);
    add(&a);
    world.lanes_count = 0;
    b.network = 2;
    add(&b);
    assert_false(work_run(&world.queue));
    assert_log(&world, "aababb");
    work_lane_put(a.moves);
    deinit(&world);
}

static void a_worker_that_waits_moves_to_another_lane(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 1, 0);
    struct work_lane *lane = work_lane_get(&world.queue, WORK_KNOWN, 1, 0);
    add(&a);
    work_move(&a.worker, lane);
    work_lane_put(world.lanes[--world.lanes_count]);
    assert_false(work_run(&world.queue));
    assert_log(&world, "a");
    work_lane_put(lane);
    deinit(&world);
}

static void a_lane_whose_workers_were_removed_has_no_turn(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 1, 0), b = job_of(&world, 'b', 1, 0);
    b.network = 2;
    add(&a);
    add(&b);
    work_remove(&a.worker);
    assert_false(work_run(&world.queue));
    assert_log(&world, "b");
    add(&a);
    assert_false(work_run(&world.queue));
    assert_log(&world, "a");
    deinit(&world);
}

static void connections_of_a_network_share_a_lane(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct work_lane *lane = work_lane_get(&world.queue, WORK_KNOWN, 7, 1);
    assert_ptr_equal(work_lane_get(&world.queue, WORK_KNOWN, 7, 2), lane);
    work_lane_put(lane);
    struct work_lane *stranger = work_lane_get(&world.queue, WORK_STRANGERS, 7, 1);
    struct work_lane *own = work_lane_get(&world.queue, WORK_KNOWN, 0, 7);
    struct work_lane *other = work_lane_get(&world.queue, WORK_KNOWN, 0, 8);
    assert_int_equal(world.queue.lanes.count, 4);
    work_lane_put(own);
    work_lane_put(other);
    work_lane_put(stranger);
    work_lane_put(lane);
    assert_int_equal(world.queue.lanes.count, 0);
    deinit(&world);
}

static void workers_are_stepped_for_as_long_as_a_step_may_take(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 100, WORK_STEP_NS / 4);
    struct job b = job_of(&world, 'b', 100, WORK_STEP_NS / 4);
    add(&a);
    add(&b);
    for (int i = 0; i < 2; i++) {
        assert_true(work_run(&world.queue));
        assert_log(&world, "abab");
        assert_true(work_has_time(&world.queue));
        work_end_turn(&world.queue);
    }
    deinit(&world);
}

static void workers_are_stepped_for_what_is_left_of_the_budget(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 100, WORK_STEP_NS / 4);
    struct job b = job_of(&world, 'b', 100, WORK_STEP_NS / 4);
    add(&a);
    add(&b);
    work_begin_turn(&world.queue);
    world.now_ns += BUDGET_NS - WORK_STEP_NS / 2;
    assert_true(work_run(&world.queue));
    assert_log(&world, "ab");
    assert_false(work_has_time(&world.queue));
    work_end_turn(&world.queue);
    assert_true(work_has_time(&world.queue));
    deinit(&world);
}

/* Whatever else the turn was used for. */
static void at_least_one_step_is_done_in_a_turn(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 2, 1), b = job_of(&world, 'b', 2, 1);
    add(&a);
    add(&b);
    for (unsigned i = 0; i < 4; i++) {
        work_begin_turn(&world.queue);
        world.now_ns += BUDGET_NS;
        assert_int_equal(work_run(&world.queue), i < 3);
        work_end_turn(&world.queue);
    }
    assert_log(&world, "abab");
    deinit(&world);
}

static void the_turn_begins_with_what_is_done_first(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    assert_true(work_has_time(&world.queue));
    world.now_ns += BUDGET_NS - 1;
    work_begin_turn(&world.queue); /* it has begun */
    assert_true(work_is_free(&world.queue));
    world.now_ns += 1;
    assert_false(work_is_free(&world.queue));
    work_end_turn(&world.queue);
    world.now_ns += 10 * BUDGET_NS; /* asleep */
    assert_true(work_is_free(&world.queue));
    deinit(&world);
}

static void what_comes_while_others_wait_is_not_done_at_once(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 1, 0);
    assert_true(work_is_free(&world.queue));
    add(&a);
    assert_false(work_is_free(&world.queue));
    assert_true(work_has_time(&world.queue));
    work_remove(&a.worker);
    work_remove(&a.worker);
    assert_true(work_is_free(&world.queue));
    assert_false(work_run(&world.queue));
    assert_log(&world, "");
    deinit(&world);
}

static void the_clock_is_not_asked_when_the_budget_is_used_up(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    work_begin_turn(&world.queue);
    world.now_ns += BUDGET_NS;
    assert_false(work_has_time(&world.queue));
    unsigned reads = world.clock_reads;
    assert_false(work_has_time(&world.queue));
    assert_int_equal(world.clock_reads, reads);
    deinit(&world);
}

static void a_step_may_remove_others_and_add_itself(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct job a = job_of(&world, 'a', 2, 0), b = job_of(&world, 'b', 1, 0);
    a.removes = &b;
    a.adds_itself = true;
    add(&a);
    add(&b);
    world.queue.options.budget_us = 0;
    assert_true(work_run(&world.queue));
    assert_log(&world, "a");
    assert_false(work_waits(&b.worker));
    a.adds_itself = false;
    assert_false(work_run(&world.queue));
    assert_log(&world, "a");
    deinit(&world);
}

static void a_slice_ends_by_bytes_by_time_and_by_pieces(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    struct work_slice slice = work_slice(&world.queue);
    assert_true(work_goes_on(&slice, WORK_STEP_BYTES - 1));
    assert_false(work_goes_on(&slice, 1));
    slice = work_slice(&world.queue);
    assert_false(work_goes_on(&slice, SIZE_MAX));
    slice = work_slice(&world.queue);
    world.now_ns += WORK_STEP_NS - 1;
    assert_true(work_goes_on(&slice, 1));
    world.now_ns += 1;
    assert_false(work_goes_on(&slice, 1));
    slice = work_slice(&world.queue);
    unsigned pieces = 1;
    while (work_goes_on(&slice, 0))
        pieces++;
    assert_int_equal(pieces, WORK_STEP_BYTES / WORK_PIECE_BYTES);
    deinit(&world);
}

static void turns_are_counted(void **state)
{
    (void)state;
    struct world world;
    init(&world);
    const struct work_metrics *metrics = &world.queue.metrics;
    work_end_turn(&world.queue); /* nothing was done in it */
    work_begin_turn(&world.queue);
    world.now_ns += BUDGET_NS - 1;
    work_end_turn(&world.queue);
    assert_int_equal(metric_get(&metrics->turns_spent), 0);
    work_begin_turn(&world.queue);
    world.now_ns += 3 * (uint64_t)BUDGET_NS;
    work_end_turn(&world.queue);
    assert_int_equal(metric_get(&metrics->turns_spent), 1);
    assert_int_equal(metric_get(&metrics->turn_ns.count), 2);
    assert_int_equal(metric_get(&metrics->turn_ns.sum), 4 * (uint64_t)BUDGET_NS - 1);
    deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_are_stepped_one_after_the_other),
        cmocka_unit_test(lanes_have_their_steps_in_turn),
        cmocka_unit_test(strangers_have_every_second_step_at_most),
        cmocka_unit_test(a_worker_moves_to_another_lane),
        cmocka_unit_test(a_worker_that_waits_moves_to_another_lane),
        cmocka_unit_test(a_lane_whose_workers_were_removed_has_no_turn),
        cmocka_unit_test(connections_of_a_network_share_a_lane),
        cmocka_unit_test(workers_are_stepped_for_as_long_as_a_step_may_take),
        cmocka_unit_test(workers_are_stepped_for_what_is_left_of_the_budget),
        cmocka_unit_test(at_least_one_step_is_done_in_a_turn),
        cmocka_unit_test(the_turn_begins_with_what_is_done_first),
        cmocka_unit_test(what_comes_while_others_wait_is_not_done_at_once),
        cmocka_unit_test(the_clock_is_not_asked_when_the_budget_is_used_up),
        cmocka_unit_test(a_step_may_remove_others_and_add_itself),
        cmocka_unit_test(a_slice_ends_by_bytes_by_time_and_by_pieces),
        cmocka_unit_test(turns_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
