#include "store/epochs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

static sqlite3 *open_table(void)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sql_exec(db, "CREATE TABLE epoch (first INTEGER PRIMARY KEY, last INTEGER)"),
                     OK);
    return db;
}

/* A life in which `count` changes are made; the last of them. */
static uint64_t live(sqlite3 *db, uint64_t last, int64_t now_us, uint64_t count)
{
    static struct epochs epochs;
    assert_int_equal(epochs_init(&epochs, db, last), OK);
    uint64_t before = epochs_begin(&epochs, last, now_us, 7);
    if (count) {
        assert_int_equal(epochs_write(&epochs), OK);
        epochs_written(&epochs);
    }
    epochs_deinit(&epochs);
    return count ? before + count : last;
}

static void numbers_between_epochs_were_never_given(void **state)
{
    static struct epochs epochs;
    sqlite3 *db = open_table();
    (void)state;
    uint64_t last = live(db, 0, 1000, 10);
    last = live(db, last, 1500, 0);
    last = live(db, last, 2000, 5);
    assert_int_equal(last, 2004);
    assert_int_equal(epochs_init(&epochs, db, last), OK);
    assert_int_equal(epochs_begin(&epochs, last, 3000, 7), 2999);
    const struct {
        uint64_t seq;
        bool known;
    } all[] = {{0, true},     {1, false},    {999, false},  {1000, true}, {1009, true},
               {1010, false}, {1500, false}, {1999, false}, {2000, true}, {2004, true},
               {2005, false}, {2999, false}, {3000, true},  {3002, true}, {3003, false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(epochs_know(&epochs, all[i].seq, 3002), all[i].known);
    epochs_deinit(&epochs);
    sqlite3_close(db);
}

static void going_back_counts_changes_and_not_numbers(void **state)
{
    static struct epochs epochs;
    sqlite3 *db = open_table();
    (void)state;
    uint64_t last = live(db, live(db, 0, 1000, 10), 2000, 5);
    assert_int_equal(epochs_init(&epochs, db, last), OK);
    assert_int_equal(epochs_begin(&epochs, last, 3000, 7), 2999);
    assert_int_equal(epochs_back(&epochs, last, 2), 2002); /* nothing yet in the third */
    assert_int_equal(epochs_back(&epochs, 3002, 0), 3002);
    assert_int_equal(epochs_back(&epochs, 3002, 2), 3000);
    assert_int_equal(epochs_back(&epochs, 3002, 3), 2004);
    assert_int_equal(epochs_back(&epochs, 3002, 8), 1009);
    assert_int_equal(epochs_back(&epochs, 3002, 17), 1000);
    assert_int_equal(epochs_back(&epochs, 3002, 18), 0);
    assert_int_equal(epochs_back(&epochs, 3002, UINT64_MAX), 0);
    epochs_deinit(&epochs);
    sqlite3_close(db);
}

static void a_clock_that_was_set_back_or_is_wrong_leads_to_a_number_far_above_all(void **state)
{
    static const int64_t clocks[] = {1, 999999, 1000000, INT64_MAX, (int64_t)1 << 52};
    (void)state;
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        static struct epochs epochs;
        sqlite3 *db = open_table();
        assert_int_equal(epochs_init(&epochs, db, 1000000), OK);
        uint64_t one = epochs_begin(&epochs, 1000000, clocks[i], UINT64_MAX / 3);
        assert_in_range(one, 1000000 + UINT32_MAX, (uint64_t)1 << 40);
        epochs.count = 0;
        assert_int_not_equal(epochs_begin(&epochs, 1000000, clocks[i], UINT64_MAX / 5), one);
        epochs_deinit(&epochs);
        sqlite3_close(db);
    }
}

static void many_epochs_are_forgotten_from_the_oldest_on(void **state)
{
    static struct epochs epochs;
    sqlite3 *db = open_table();
    (void)state;
    uint64_t last = 0;
    for (int i = 1; i <= EPOCHS_MAX + 20; i++)
        last = live(db, last, i * 1000, 3);
    assert_int_equal(epochs_init(&epochs, db, last), OK);
    assert_int_equal(epochs.count, EPOCHS_MAX);
    assert_false(epochs_know(&epochs, 20001, last));
    assert_true(epochs_know(&epochs, 21001, last));
    assert_true(epochs_know(&epochs, last, last));
    epochs_deinit(&epochs);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_between_epochs_were_never_given),
        cmocka_unit_test(going_back_counts_changes_and_not_numbers),
        cmocka_unit_test(a_clock_that_was_set_back_or_is_wrong_leads_to_a_number_far_above_all),
        cmocka_unit_test(many_epochs_are_forgotten_from_the_oldest_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
