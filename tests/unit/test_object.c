/* How SQLite goes about the statements. What they return is in test_store.c, test_store_page.c. */
#include "store/object.h"

#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* Every step searches an index or the key; none reads a whole table or sorts. */
static void assert_plan_is_direct(sqlite3 *db, const char *text)
{
    char explain[2000];
    sqlite3_stmt *plan;
    size_t steps = 0;
    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", text);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &plan, NULL), SQLITE_OK);
    for (; sqlite3_step(plan) == SQLITE_ROW; steps++) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (strncmp(step, "SEARCH", 6) != 0)
            fail_msg("%s: %s", text, step);
    }
    sqlite3_finalize(plan);
    assert_true(steps > 0 || strncmp(text, "INSERT", 6) == 0);
}

static void no_statement_reads_more_than_it_must(void **state)
{
    struct object object;
    struct why why = {0};
    sqlite3 *db;
    size_t count = 0;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(schema_apply(db, "memory", &why), OK);
    assert_int_equal(object_init(&object, db), OK);
    for (sqlite3_stmt *at = NULL; (at = sqlite3_next_stmt(db, at)); count++)
        assert_plan_is_direct(db, sqlite3_sql(at));
    assert_true(count > OBJECT_PAGES);
    object_deinit(&object);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_statement_reads_more_than_it_must)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
