#include "fake/logged.h"
#include "store/wal_rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, logged_begin, logged_end)

enum { ROWS = 100, SLICES = 3 * 65536 };

static char before[LOGGED_SIZE_MAX];
static char after[LOGGED_SIZE_MAX];

static void a_log_holds_the_same_afterwards(void **state)
{
    struct logged *logged = *state;
    struct why why = {0};
    logged_fill(logged, ROWS);
    size_t size = logged_read(logged, before);
    assert_in_range(size, SLICES, LOGGED_SIZE_MAX);
    assert_int_equal(wal_rewrite(logged->db, &why), OK);
    assert_int_equal(logged_read(logged, after), size);
    assert_memory_equal(before, after, size);
    logged_run(logged->other, "INSERT INTO t VALUES (1)"); /* nothing is locked any more */
}

static void an_empty_log_is_nothing_to_do(void **state)
{
    struct logged *logged = *state;
    struct why why = {0};
    logged_run(logged->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(wal_rewrite(logged->db, &why), OK);
    assert_int_equal(logged_read(logged, after), 0);
    logged_fill(logged, ROWS);
    assert_int_equal(logged_count(logged->other), ROWS);
}

static void nothing_is_rewritten_while_another_program_writes(void **state)
{
    struct logged *logged = *state;
    struct why why = {0};
    logged_fill(logged, ROWS);
    logged_run(logged->other, "BEGIN IMMEDIATE");
    assert_int_equal(wal_rewrite(logged->db, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, logged->path));
    assert_non_null(strstr(why.text, "another program writes to the database"));
    logged_run(logged->other, "COMMIT");
    assert_int_equal(wal_rewrite(logged->db, &why), OK);
}

static void one_that_reads_goes_on_reading(void **state)
{
    struct logged *logged = *state;
    struct why why = {0};
    logged_fill(logged, ROWS);
    logged_run(logged->other, "BEGIN");
    assert_int_equal(logged_count(logged->other), ROWS);
    assert_int_equal(wal_rewrite(logged->db, &why), OK);
    assert_int_equal(logged_count(logged->other), ROWS);
    logged_run(logged->other, "COMMIT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_holds_the_same_afterwards),
        TEST(an_empty_log_is_nothing_to_do),
        TEST(nothing_is_rewritten_while_another_program_writes),
        TEST(one_that_reads_goes_on_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
