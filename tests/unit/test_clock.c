#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct now began = {.ms = 1700000000000, .instant = {5000}};

static void the_servers_time_goes_on_from_its_start_by_instants(void **state)
{
    (void)state;
    assert_int_equal(clock_server_ms(&began, began.instant), began.ms);
    assert_int_equal(clock_server_ms(&began, instant_after(began.instant, 1234)), began.ms + 1234);
    assert_int_equal(clock_server_instant(&began, began.ms).ms, 5000);
    assert_int_equal(clock_server_instant(&began, began.ms - 7000).ms, -2000);
    assert_int_equal(clock_server_instant(&began, began.ms + 1234).ms, 6234);
}

static void any_number_that_a_client_tells_is_an_instant(void **state)
{
    (void)state;
    const struct now early = {.ms = 1000, .instant = {5000}}, late = {.ms = INT64_MAX};
    assert_true(clock_server_instant(&early, INT64_MAX).ms == INSTANT_NEVER.ms);
    assert_true(clock_server_instant(&began, INT64_MAX).ms > began.ms);
    assert_true(clock_server_instant(&late, INT64_MIN).ms == INT64_MIN);
    assert_true(clock_server_instant(&began, 0).ms < 0);
}

static void an_instant_that_never_comes_has_not_come(void **state)
{
    (void)state;
    struct instant now = {5000};
    assert_true(instant_after(now, INT64_MAX).ms == INSTANT_NEVER.ms);
    assert_false(instant_has_come(INSTANT_NEVER, now));
    assert_true(instant_has_come(now, now));
    assert_false(instant_has_come(instant_after(now, 1), now));
}

static void the_system_has_both_clocks(void **state)
{
    (void)state;
    struct clock clock = clock_system();
    struct now first = clock_read(&clock), second = clock_read(&clock);
    assert_true(first.ms > 1700000000000);
    assert_true(instant_between(first.instant, second.instant) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_time_goes_on_from_its_start_by_instants),
        cmocka_unit_test(any_number_that_a_client_tells_is_an_instant),
        cmocka_unit_test(an_instant_that_never_comes_has_not_come),
        cmocka_unit_test(the_system_has_both_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
