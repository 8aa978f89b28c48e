#include "auth/guesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>

enum { FREE_MAX = 10, HERE = 1, ELSEWHERE = 2, THREADS = 4, ROUNDS = 1000 };

static uint64_t at(unsigned s)
{
    return (1000 + (uint64_t)s) * 1000000000;
}

static int set_up(void **state)
{
    *state = guesses_new();
    return 0;
}

static int tear_down(void **state)
{
    guesses_free(*state);
    return 0;
}

static void are_wrong(struct guesses *guesses, uint64_t network, unsigned count, unsigned s)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(guesses_pause_s(guesses, network, at(s)), 0);
        guesses_wrong(guesses, network, at(s));
    }
}

static void ten_wrong_ones_are_free_and_others_go_on(void **state)
{
    struct guesses *guesses = *state;
    are_wrong(guesses, HERE, FREE_MAX, 0);
    assert_int_equal(guesses_pause_s(guesses, HERE, at(0)), 1);
    assert_int_equal(guesses_pause_s(guesses, ELSEWHERE, at(0)), 0);
    assert_int_equal(guesses_pause_s(guesses, HERE, at(2)), 0);
    assert_int_equal(metric_get(&guesses_metrics(guesses)->wrong), FREE_MAX);
    assert_int_equal(metric_get(&guesses_metrics(guesses)->paused), 1);
}

static void pauses_grow_up_to_a_minute(void **state)
{
    struct guesses *guesses = *state;
    const unsigned pauses[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    unsigned s = 0;
    are_wrong(guesses, HERE, FREE_MAX - 1, s);
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        are_wrong(guesses, HERE, 1, s);
        assert_int_equal(guesses_pause_s(guesses, HERE, at(s)), pauses[i]);
        assert_int_equal(guesses_pause_s(guesses, HERE, at(s + pauses[i] - 1)), 1);
        s += pauses[i] + 1;
    }
}

static void many_wrong_ones_never_make_the_pause_short_again(void **state)
{
    struct guesses *guesses = *state;
    unsigned s = 0;
    for (int i = 0; i < 1000; i++, s += 59)
        guesses_wrong(guesses, HERE, at(s));
    guesses_wrong(guesses, HERE, at(s));
    assert_in_range(guesses_pause_s(guesses, HERE, at(s)), 59, 60);
}

static void after_a_minute_without_a_wrong_one_all_is_forgotten(void **state)
{
    struct guesses *guesses = *state;
    are_wrong(guesses, HERE, FREE_MAX - 1, 0);
    are_wrong(guesses, HERE, FREE_MAX - 1, 62);
    assert_int_equal(guesses_pause_s(guesses, HERE, at(62)), 0);
    are_wrong(guesses, HERE, 1, 62);
    assert_int_equal(guesses_pause_s(guesses, HERE, at(62)), 1);
}

static void a_trusted_network_has_no_pauses(void **state)
{
    struct guesses *guesses = *state;
    are_wrong(guesses, 0, 100, 0);
    assert_int_equal(metric_get(&guesses_metrics(guesses)->wrong), 100);
}

/* As many networks as a botnet has: the table stays what it is, and who is loud is slowed down. */
static void any_number_of_networks_is_survived(void **state)
{
    struct guesses *guesses = *state;
    for (uint64_t network = 10; network < 200000; network++) {
        guesses_wrong(guesses, network, at(0));
        if (network % 1000 == 0)
            guesses_wrong(guesses, HERE, at(1));
    }
    assert_true(guesses_pause_s(guesses, HERE, at(1)) > 0);
}

static void *guess(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        guesses_wrong(context, HERE, at(0));
        guesses_pause_s(context, HERE, at(0));
        guesses_wrong(context, (uint64_t)i + 2, at(0));
    }
    return NULL;
}

static void threads_count_together(void **state)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, guess, *state), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_get(&guesses_metrics(*state)->wrong), 2 * THREADS * ROUNDS);
    assert_int_equal(guesses_pause_s(*state, HERE, at(0)), 60);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(ten_wrong_ones_are_free_and_others_go_on),
        EACH(pauses_grow_up_to_a_minute),
        EACH(many_wrong_ones_never_make_the_pause_short_again),
        EACH(after_a_minute_without_a_wrong_one_all_is_forgotten),
        EACH(a_trusted_network_has_no_pauses),
        EACH(any_number_of_networks_is_survived),
        EACH(threads_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
