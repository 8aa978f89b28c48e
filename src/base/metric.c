#include "base/metric.h"

#include <stdio.h>

/* The exponent of the smallest power of two that is not below `value`. */
static unsigned exponent_of(uint64_t value)
{
    return value > 1 ? 64 - (unsigned)__builtin_clzll(value - 1) : 0;
}

void histogram_observe(struct histogram *histogram, unsigned first, uint64_t value)
{
    unsigned exponent = exponent_of(value);
    unsigned bucket = exponent > first ? exponent - first : 0;
    if (bucket >= HISTOGRAM_BUCKETS)
        bucket = HISTOGRAM_BUCKETS - 1;
    metric_add(&histogram->buckets[bucket], 1);
    metric_add(&histogram->sum, value);
    metric_add(&histogram->count, 1);
}

void histogram_merge(struct histogram *total, const struct histogram *part)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        metric_add(&total->buckets[i], metric_get(&part->buckets[i]));
    metric_add(&total->sum, metric_get(&part->sum));
    metric_add(&total->count, metric_get(&part->count));
}

void metric_render_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_name(struct buf *out, const char *name, const char *suffix, const char *labels)
{
    buf_addf(out, "%s%s", name, suffix);
    if (labels && *labels)
        buf_addf(out, "{%s}", labels);
    buf_add_char(out, ' ');
}

void metric_render(struct buf *out, const char *name, const char *labels, uint64_t value)
{
    add_name(out, name, "", labels);
    buf_addf(out, "%llu\n", (unsigned long long)value);
}

static void render_bucket(struct buf *out, const char *name, const char *labels, const char *limit,
                          uint64_t count)
{
    const char *separator = labels && *labels ? "," : "";
    buf_addf(out, "%s_bucket{%s%sle=\"%s\"} %llu\n", name, labels ? labels : "", separator, limit,
             (unsigned long long)count);
}

void metric_render_histogram(struct buf *out, const char *name, const char *labels,
                             const struct histogram *histogram, unsigned first, double scale)
{
    uint64_t count = 0;
    char limit[32];
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        count += metric_get(&histogram->buckets[i]);
        snprintf(limit, sizeof limit, "%.15g", (double)(1ull << (first + i)) / scale);
        render_bucket(out, name, labels, limit, count);
    }
    /* Not `histogram->count`: it may be one ahead of the buckets, and the format wants them equal.
     */
    count += metric_get(&histogram->buckets[HISTOGRAM_BUCKETS - 1]);
    render_bucket(out, name, labels, "+Inf", count);
    add_name(out, name, "_sum", labels);
    buf_addf(out, "%.15g\n", (double)metric_get(&histogram->sum) / scale);
    add_name(out, name, "_count", labels);
    buf_addf(out, "%llu\n", (unsigned long long)count);
}
