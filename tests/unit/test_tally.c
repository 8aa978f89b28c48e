#include "base/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 5000, HOT_MAX = 3, KEYS = 2000 };

static void a_key_has_so_many_places_and_no_more(void **state)
{
    (void)state;
    struct tally *tally = tally_new(10);
    tally_slot *first, *second, *third, *other;
    assert_true(tally_take(tally, STR("a"), 2, &first));
    assert_true(tally_take(tally, STR("a"), 2, &second));
    assert_false(tally_take(tally, STR("a"), 2, &third));
    assert_null(third);
    assert_true(tally_take(tally, STR("b"), 2, &other));
    tally_give(first);
    assert_true(tally_take(tally, STR("a"), 2, &third));
    tally_give(third);
    tally_give(second);
    tally_give(other);
    tally_give(NULL);
    tally_free(tally);
}

static struct str key_of(int i, char text[16])
{
    return (struct str){text, (size_t)snprintf(text, 16, "%d", i)};
}

static void as_many_keys_as_expected_are_counted_nearly_all(void **state)
{
    (void)state;
    static tally_slot *slots[KEYS];
    struct tally *tally = tally_new(KEYS);
    int uncounted = 0;
    char text[16];
    for (int round = 0; round < 3; round++) { /* what is given back is free again */
        for (int i = 0; i < KEYS; i++) {
            assert_true(tally_take(tally, key_of(i, text), 1, &slots[i]));
            uncounted += slots[i] ? 0 : 1;
        }
        assert_true(uncounted <= (round + 1) * KEYS / 1000);
        for (int i = 0; i < KEYS; i++)
            tally_give(slots[i]);
    }
    tally_free(tally);
}

static void a_full_table_lets_through_what_it_cannot_count(void **state)
{
    (void)state;
    static tally_slot *slots[100];
    struct tally *tally = tally_new(1);
    size_t counted = 0;
    char text[16];
    for (int i = 0; i < 100; i++) {
        assert_true(tally_take(tally, key_of(i, text), 1, &slots[i]));
        counted += slots[i] != NULL;
    }
    assert_int_equal(counted, 8);
    for (int i = 0; i < 100; i++)
        tally_give(slots[i]);
    tally_free(tally);
}

/* --- threads --- */

struct crowd {
    struct tally *tally;
    _Atomic int inside; /* that have a place of the hot key */
    _Atomic int most;
    _Atomic int entered;
};

static void enter(struct crowd *crowd)
{
    tally_slot *slot;
    if (!tally_take(crowd->tally, STR("hot"), HOT_MAX, &slot))
        return;
    int inside = atomic_fetch_add(&crowd->inside, 1) + 1;
    int most = atomic_load(&crowd->most);
    while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
        ;
    atomic_fetch_add(&crowd->entered, 1);
    atomic_fetch_sub(&crowd->inside, 1);
    tally_give(slot);
}

static void *come_and_go(void *context)
{
    struct crowd *crowd = context;
    char text[16];
    for (int i = 0; i < ROUNDS; i++) {
        tally_slot *own, *shared;
        bool taken = tally_take(crowd->tally, key_of(i % 50, text), THREADS, &shared);
        enter(crowd);
        if (tally_take(crowd->tally, key_of(i, text), THREADS, &own))
            tally_give(own);
        if (taken)
            tally_give(shared);
    }
    return NULL;
}

static void threads_never_have_more_places_than_there_are(void **state)
{
    (void)state;
    struct crowd crowd = {.tally = tally_new(100)};
    pthread_t threads[THREADS];
    tally_slot *slots[HOT_MAX], *more;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(crowd.entered > 0);
    assert_true(crowd.most <= HOT_MAX);
    for (size_t i = 0; i < HOT_MAX; i++) /* all have come back */
        assert_true(tally_take(crowd.tally, STR("hot"), HOT_MAX, &slots[i]));
    assert_false(tally_take(crowd.tally, STR("hot"), HOT_MAX, &more));
    for (size_t i = 0; i < HOT_MAX; i++)
        tally_give(slots[i]);
    tally_free(crowd.tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_so_many_places_and_no_more),
        cmocka_unit_test(as_many_keys_as_expected_are_counted_nearly_all),
        cmocka_unit_test(a_full_table_lets_through_what_it_cannot_count),
        cmocka_unit_test(threads_never_have_more_places_than_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
