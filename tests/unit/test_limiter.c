#include "realtime/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct worker {
    struct waiter waiter;
    int entered;
};

static void on_enter(struct waiter *waiter)
{
    ring_of(waiter, struct worker, waiter)->entered++;
}

static void begin(struct limiter *limiter, size_t places, struct worker *workers, size_t count)
{
    limiter_init(limiter, places);
    for (size_t i = 0; i < count; i++) {
        workers[i].entered = 0;
        waiter_init(&workers[i].waiter, on_enter);
    }
}

static void as_many_enter_as_there_are_places(void **state)
{
    struct limiter limiter;
    struct worker workers[3];
    (void)state;
    begin(&limiter, 2, workers, 3);
    assert_true(limiter_enter(&limiter, &workers[0].waiter));
    assert_true(limiter_enter(&limiter, &workers[1].waiter));
    assert_false(limiter_enter(&limiter, &workers[2].waiter));
    assert_true(waiter_is_waiting(&workers[2].waiter));
    limiter_leave(&limiter);
    assert_int_equal(workers[2].entered, 1);
    assert_false(waiter_is_waiting(&workers[2].waiter));
    limiter_leave(&limiter);
    limiter_leave(&limiter);
    assert_int_equal(limiter.free, 2);
}

static void those_that_wait_enter_in_the_order_in_which_they_asked(void **state)
{
    struct limiter limiter;
    struct worker workers[3];
    (void)state;
    begin(&limiter, 1, workers, 3);
    assert_true(limiter_enter(&limiter, &workers[0].waiter));
    assert_false(limiter_enter(&limiter, &workers[1].waiter));
    assert_false(limiter_enter(&limiter, &workers[2].waiter));
    assert_false(limiter_enter(&limiter, &workers[1].waiter)); /* keeps its place */
    limiter_leave(&limiter);
    assert_int_equal(workers[1].entered, 1);
    assert_int_equal(workers[2].entered, 0);
    limiter_leave(&limiter);
    assert_int_equal(workers[1].entered, 1);
    assert_int_equal(workers[2].entered, 1);
}

static void one_that_gives_up_does_not_enter(void **state)
{
    struct limiter limiter;
    struct worker workers[3];
    (void)state;
    begin(&limiter, 1, workers, 3);
    assert_true(limiter_enter(&limiter, &workers[0].waiter));
    assert_false(limiter_enter(&limiter, &workers[1].waiter));
    assert_false(limiter_enter(&limiter, &workers[2].waiter));
    waiter_give_up(&workers[1].waiter);
    waiter_give_up(&workers[1].waiter);
    limiter_leave(&limiter);
    assert_int_equal(workers[1].entered, 0);
    assert_int_equal(workers[2].entered, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_enter_as_there_are_places),
        cmocka_unit_test(those_that_wait_enter_in_the_order_in_which_they_asked),
        cmocka_unit_test(one_that_gives_up_does_not_enter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
