#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_dates(int64_t ms, const char *iso, const char *rfc2822)
{
    struct buf buf;
    buf_init(&buf, 100);
    date_add_iso(&buf, ms);
    assert_int_equal(buf.len, strlen(iso));
    assert_memory_equal(buf.ptr, iso, buf.len);
    buf_clear(&buf);
    date_add_rfc2822(&buf, ms);
    assert_int_equal(buf.len, strlen(rfc2822));
    assert_memory_equal(buf.ptr, rfc2822, buf.len);
    buf_deinit(&buf);
}

static void a_date_is_written_in_both_forms(void **state)
{
    (void)state;
    assert_dates(1438286400000, "\"2015-07-30T20:00:00Z\"", "\"Thu, 30 Jul 2015 20:00:00 +0000\"");
    assert_dates(0, "\"1970-01-01T00:00:00Z\"", "\"Thu, 01 Jan 1970 00:00:00 +0000\"");
    assert_dates(1709211845000, "\"2024-02-29T13:04:05Z\"", "\"Thu, 29 Feb 2024 13:04:05 +0000\"");
    assert_dates(253402300799000, "\"9999-12-31T23:59:59Z\"",
                 "\"Fri, 31 Dec 9999 23:59:59 +0000\"");
}

static void milliseconds_are_cut_when_written(void **state)
{
    (void)state;
    assert_dates(1767225599999, "\"2025-12-31T23:59:59Z\"", "\"Wed, 31 Dec 2025 23:59:59 +0000\"");
    assert_dates(1767225600000, "\"2026-01-01T00:00:00Z\"", "\"Thu, 01 Jan 2026 00:00:00 +0000\"");
}

static void milliseconds_are_written_when_asked_for(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "\"1970-01-01T00:00:00.000Z\""},
        {-1, "\"1970-01-01T00:00:00.000Z\""},
        {1767225599999, "\"2025-12-31T23:59:59.999Z\""},
        {1438286400042, "\"2015-07-30T20:00:00.042Z\""},
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&buf);
        date_add_iso_ms(&buf, rows[i].ms);
        assert_true(str_eq(buf_str(&buf), str_from(rows[i].text)));
    }
    buf_deinit(&buf);
}

static void every_month_has_its_name(void **state)
{
    (void)state;
    static const char names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct buf buf;
    buf_init(&buf, 100);
    for (int month = 0; month < 12; month++) {
        int64_t day = 14 + month * 30 + month / 2;
        buf_clear(&buf);
        date_add_rfc2822(&buf, day * 86400000);
        assert_memory_equal(buf.ptr + 9, names[month], 3);
    }
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_written_in_both_forms),
        cmocka_unit_test(milliseconds_are_cut_when_written),
        cmocka_unit_test(milliseconds_are_written_when_asked_for),
        cmocka_unit_test(every_month_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
