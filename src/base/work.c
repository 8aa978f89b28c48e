#include "base/work.h"

#include "base/clock.h"

static uint64_t now_ns(const struct work_queue *queue)
{
    const struct work_options *options = &queue->options;
    return options->now_ns ? options->now_ns(options->context) : clock_monotonic_ns();
}

void work_init(struct work_queue *queue, const struct work_options *options)
{
    *queue = (struct work_queue){.options = *options};
    ring_init(&queue->waiting);
}

void worker_init(struct worker *worker, bool (*step)(struct worker *worker))
{
    ring_init(&worker->place);
    worker->step = step;
}

void work_add(struct work_queue *queue, struct worker *worker)
{
    if (!work_waits(worker))
        ring_append(&queue->waiting, &worker->place);
}

void work_remove(struct worker *worker)
{
    ring_remove(&worker->place);
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

static void step_first(struct work_queue *queue)
{
    struct worker *worker = ring_of(queue->waiting.next, struct worker, place);
    ring_remove(&worker->place);
    if (worker->step(worker))
        work_add(queue, worker);
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
