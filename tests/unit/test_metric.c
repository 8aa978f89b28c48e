#include "base/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void render(struct buf *buf, const struct histogram *histogram, const char *labels,
                   unsigned first, double scale)
{
    buf_init(buf, 100000);
    metric_render_histogram(buf, "t", labels, histogram, first, scale);
    buf_add_char(buf, '\0');
    assert_false(buf->failed);
}

static void assert_has(struct buf *buf, const char *line)
{
    if (!strstr(buf->ptr, line))
        fail_msg("no \"%s\" in:\n%s", line, buf->ptr);
}

static void a_counter_adds_up_and_keeps_its_maximum(void **state)
{
    (void)state;
    struct metric metric = {0};
    metric_add(&metric, 5);
    metric_add(&metric, 2);
    assert_int_equal(metric_get(&metric), 7);
    metric_max(&metric, 3);
    assert_int_equal(metric_get(&metric), 7);
    metric_max(&metric, 9);
    assert_int_equal(metric_get(&metric), 9);
}

static void a_value_falls_into_the_first_bucket_that_is_not_below_it(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        unsigned bucket;
    } cases[] = {{0, 0},           {1, 0},          {8, 0},           {9, 1},
                 {16, 1},          {17, 2},         {1ull << 25, 22}, {(1ull << 25) + 1, 23},
                 {1ull << 27, 23}, {UINT64_MAX, 23}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct histogram histogram = {0};
        histogram_observe(&histogram, 3, cases[i].value);
        assert_int_equal(metric_get(&histogram.buckets[cases[i].bucket]), 1);
        assert_int_equal(metric_get(&histogram.count), 1);
        assert_true(metric_get(&histogram.sum) == cases[i].value);
    }
}

static void parts_add_up_when_merged(void **state)
{
    (void)state;
    struct histogram total = {0}, parts[2] = {0};
    histogram_observe(&parts[0], 0, 1);
    histogram_observe(&parts[0], 0, 100);
    histogram_observe(&parts[1], 0, 100);
    histogram_merge(&total, &parts[0]);
    histogram_merge(&total, &parts[1]);
    assert_int_equal(metric_get(&total.count), 3);
    assert_int_equal(metric_get(&total.sum), 201);
    assert_int_equal(metric_get(&total.buckets[0]), 1);
    assert_int_equal(metric_get(&total.buckets[7]), 2);
}

static void samples_are_written_with_and_without_labels(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    metric_render_head(&buf, "tutti_requests_total", "counter", "Requests answered.");
    metric_render(&buf, "tutti_requests_total", "route=\"x\",status=\"200\"", 12);
    metric_render(&buf, "tutti_open", NULL, UINT64_MAX);
    metric_render(&buf, "tutti_open", "", 0);
    static const char expected[] = "# HELP tutti_requests_total Requests answered.\n"
                                   "# TYPE tutti_requests_total counter\n"
                                   "tutti_requests_total{route=\"x\",status=\"200\"} 12\n"
                                   "tutti_open 18446744073709551615\n"
                                   "tutti_open 0\n";
    assert_int_equal(buf.len, strlen(expected));
    assert_memory_equal(buf.ptr, expected, buf.len);
    buf_deinit(&buf);
}

static void buckets_are_cumulative_and_end_with_all(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    struct buf buf;
    for (uint64_t value = 1; value <= 5; value++)
        histogram_observe(&histogram, 0, value);
    histogram_observe(&histogram, 0, 1ull << 40);
    render(&buf, &histogram, NULL, 0, 1);
    assert_has(&buf, "t_bucket{le=\"1\"} 1\nt_bucket{le=\"2\"} 2\nt_bucket{le=\"4\"} 4\n"
                     "t_bucket{le=\"8\"} 5\n");
    assert_has(&buf, "t_bucket{le=\"4194304\"} 5\nt_bucket{le=\"+Inf\"} 6\n"
                     "t_sum 1099511627791\nt_count 6\n");
    buf_deinit(&buf);
}

static void limits_and_sum_are_scaled(void **state)
{
    (void)state;
    struct histogram histogram = {0};
    struct buf buf;
    histogram_observe(&histogram, 10, 1024);
    histogram_observe(&histogram, 10, 1500000000);
    render(&buf, &histogram, "route=\"x\"", 10, 1e9);
    assert_has(&buf, "t_bucket{route=\"x\",le=\"1.024e-06\"} 1\n");
    assert_has(&buf, "t_bucket{route=\"x\",le=\"2.147483648\"} 2\n");
    assert_has(&buf, "t_bucket{route=\"x\",le=\"+Inf\"} 2\n");
    assert_has(&buf, "t_sum{route=\"x\"} 1.500001024\nt_count{route=\"x\"} 2\n");
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_adds_up_and_keeps_its_maximum),
        cmocka_unit_test(a_value_falls_into_the_first_bucket_that_is_not_below_it),
        cmocka_unit_test(parts_add_up_when_merged),
        cmocka_unit_test(samples_are_written_with_and_without_labels),
        cmocka_unit_test(buckets_are_cumulative_and_end_with_all),
        cmocka_unit_test(limits_and_sum_are_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
