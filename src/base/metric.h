/* Counters and histograms, written by one thread and read by any.
 *
 * Each thread counts in its own structs; whoever renders adds them up. Relaxed atomics make
 * that well-defined and, with one writer, as cheap as plain integers. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"

#include <stdatomic.h>

struct metric {
    _Atomic uint64_t value;
};

static inline uint64_t metric_get(const struct metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

static inline void metric_set(struct metric *metric, uint64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

/* By the owning thread only. */
static inline void metric_add(struct metric *metric, uint64_t amount)
{
    metric_set(metric, metric_get(metric) + amount);
}

static inline void metric_max(struct metric *metric, uint64_t value)
{
    if (value > metric_get(metric))
        metric_set(metric, value);
}

/* Powers of two: bucket i counts values up to 2^(first + i) that are above the bucket before,
 * the last one all others. */
enum { HISTOGRAM_BUCKETS = 24 };

struct histogram {
    struct metric buckets[HISTOGRAM_BUCKETS];
    struct metric sum;
    struct metric count;
};

/* `first` is the exponent of the lowest bucket; the same at all calls for one histogram. */
void histogram_observe(struct histogram *histogram, unsigned first, uint64_t value);

/* Add up: `total` is a plain copy, written by the reader. */
void histogram_merge(struct histogram *total, const struct histogram *part);

/* Prometheus text format 0.0.4. `type`: counter, gauge or histogram. `labels`: what stands
 * between the braces, or NULL. */
void metric_render_head(struct buf *out, const char *name, const char *type, const char *help);
void metric_render(struct buf *out, const char *name, const char *labels, uint64_t value);

/* All samples of a histogram; `scale` divides values (1e9: nanoseconds shown as seconds). */
void metric_render_histogram(struct buf *out, const char *name, const char *labels,
                             const struct histogram *histogram, unsigned first, double scale);

#endif
