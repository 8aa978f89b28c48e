#include "base/work.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t now_ns(const struct work_queue *queue)
{
    const struct work_options *options = &queue->options;
    return options->now_ns ? options->now_ns(options->context) : clock_monotonic_ns();
}

void work_init(struct work_queue *queue, const struct work_options *options)
{
    *queue = (struct work_queue){.options = *options};
    for (size_t i = 0; i < WORK_CLASSES; i++)
        ring_init(&queue->waiting[i]);
    dict_init(&queue->lanes);
}

void work_deinit(struct work_queue *queue)
{
    assert(queue->lanes.count == 0);
    dict_deinit(&queue->lanes);
}

void worker_init(struct worker *worker, bool (*step)(struct worker *worker))
{
    ring_init(&worker->place);
    worker->step = step;
}

/* --- lanes --- */

static struct hash hash_of(enum work_class class, uint64_t network, uint64_t connection)
{
    uint64_t key[] = {network, connection};
    return hash_text((struct str){(const char *)key, sizeof key}, class);
}

static struct work_lane *find_lane(const struct work_queue *queue, struct hash hash,
                                   const struct work_lane *like)
{
    struct dict_cursor cursor;
    struct work_lane *lane = dict_first(&queue->lanes, hash, &cursor);
    while (lane && (lane->class != like->class || lane->network != like->network ||
                    lane->connection != like->connection))
        lane = dict_next(&queue->lanes, &cursor);
    return lane;
}

struct work_lane *work_lane_get(struct work_queue *queue, enum work_class class, uint64_t network,
                                uint64_t connection)
{
    struct work_lane wanted = {
        .queue = queue,
        .class = class,
        .network = network,
        .connection = network ? 0 : connection,
    };
    struct hash hash = hash_of(class, network, wanted.connection);
    struct work_lane *lane = find_lane(queue, hash, &wanted);
    if (!lane) {
        lane = mem_alloc(sizeof *lane);
        *lane = wanted;
        ring_init(&lane->place);
        ring_init(&lane->workers);
        dict_add(&queue->lanes, hash, lane);
    }
    lane->refs++;
    return lane;
}

void work_lane_put(struct work_lane *lane)
{
    if (!lane || --lane->refs)
        return;
    assert(ring_is_empty(&lane->workers));
    dict_remove(&lane->queue->lanes, hash_of(lane->class, lane->network, lane->connection), lane);
    free(lane);
}

/* --- steps --- */

static void line_up(struct work_lane *lane)
{
    if (ring_is_empty(&lane->place))
        ring_append(&lane->queue->waiting[lane->class], &lane->place);
}

void work_add(struct work_lane *lane, struct worker *worker)
{
    if (work_waits(worker))
        return;
    worker->lane = lane;
    ring_append(&lane->workers, &worker->place);
    line_up(lane);
}

void work_move(struct worker *worker, struct work_lane *lane)
{
    bool waits = work_waits(worker);
    work_remove(worker);
    worker->lane = lane;
    if (waits)
        work_add(lane, worker);
}

void work_remove(struct worker *worker)
{
    if (!work_waits(worker))
        return;
    ring_remove(&worker->place);
    if (ring_is_empty(&worker->lane->workers))
        ring_remove(&worker->lane->place);
}

void work_begin_turn(struct work_queue *queue)
{
    if (!queue->began_ns)
        queue->began_ns = now_ns(queue);
}

/* Once it is used up it stays so, and the clock is not asked again. */
bool work_has_time(struct work_queue *queue)
{
    if (queue->spent)
        return false;
    if (!queue->began_ns) {
        work_begin_turn(queue);
        return true;
    }
    queue->spent = now_ns(queue) - queue->began_ns >= queue->options.budget_us * 1000;
    return !queue->spent;
}

/* Each class has every second step, unless none of the other waits. */
static struct work_lane *take_lane(struct work_queue *queue)
{
    enum work_class class = queue->next;
    if (ring_is_empty(&queue->waiting[class]))
        class = !class;
    queue->next = !class;
    struct work_lane *lane = ring_of(queue->waiting[class].next, struct work_lane, place);
    ring_remove(&lane->place);
    return lane;
}

static void step_first(struct work_queue *queue)
{
    struct work_lane *lane = take_lane(queue);
    struct worker *worker = ring_of(lane->workers.next, struct worker, place);
    ring_remove(&worker->place);
    lane->refs++; /* the last that has it may go in the step */
    if (worker->step(worker))
        work_add(worker->lane, worker); /* which may be another one by now */
    if (!ring_is_empty(&lane->workers))
        line_up(lane);
    work_lane_put(lane);
    metric_add(&queue->metrics.steps, 1);
}

bool work_run(struct work_queue *queue)
{
    if (work_is_empty(queue))
        return false;
    work_begin_turn(queue);
    uint64_t until_ns = now_ns(queue) + WORK_STEP_NS;
    do
        step_first(queue);
    while (!work_is_empty(queue) && work_has_time(queue) && now_ns(queue) < until_ns);
    return !work_is_empty(queue);
}

void work_end_turn(struct work_queue *queue)
{
    struct work_metrics *metrics = &queue->metrics;
    if (!queue->began_ns)
        return;
    uint64_t took_ns = now_ns(queue) - queue->began_ns;
    histogram_observe(&metrics->turn_ns, WORK_NS_EXPONENT, took_ns);
    if (took_ns >= queue->options.budget_us * 1000)
        metric_add(&metrics->turns_spent, 1);
    queue->began_ns = 0;
    queue->spent = false;
}

struct work_slice work_slice(struct work_queue *queue)
{
    return (struct work_slice){queue, now_ns(queue) + WORK_STEP_NS, WORK_STEP_BYTES};
}

bool work_goes_on(struct work_slice *slice, size_t bytes)
{
    size_t counted = bytes > WORK_PIECE_BYTES ? bytes : WORK_PIECE_BYTES;
    slice->bytes -= counted < slice->bytes ? counted : slice->bytes;
    return slice->bytes && now_ns(slice->queue) < slice->until_ns;
}
