#include "store/journal.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { CHANGES_MAX = 2000 };

struct table {
    sqlite3 *db;
    struct journal journal;
    uint64_t seq;
};

static void table_init(struct table *table)
{
    struct why why;
    *table = (struct table){0};
    assert_int_equal(sqlite3_open(":memory:", &table->db), SQLITE_OK);
    assert_int_equal(schema_apply(table->db, "memory", &why), OK);
    assert_int_equal(journal_init(&table->journal, table->db), OK);
}

static void table_deinit(struct table *table)
{
    journal_deinit(&table->journal);
    assert_int_equal(sqlite3_close(table->db), SQLITE_OK);
}

static void run(struct table *table, const char *text)
{
    assert_int_equal(sqlite3_exec(table->db, text, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t ask(struct table *table, const char *text)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(table->db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

/* A commit of changes whose data is a string of `size` bytes. */
static void append(struct table *table, size_t count, size_t size)
{
    static struct change changes[CHANGES_MAX];
    struct change *pointers[CHANGES_MAX];
    char *data = malloc(size);
    assert_non_null(data);
    memset(data, 'x', size);
    data[0] = data[size - 1] = '"';
    for (size_t i = 0; i < count; i++) {
        changes[i] = (struct change){.seq = ++table->seq,
                                     .id = table->seq,
                                     .kind = KIND_DOCUMENT,
                                     .type = CHANGE_CREATED,
                                     .data = {data, size}};
        pointers[i] = &changes[i];
    }
    assert_int_equal(journal_append(&table->journal, pointers, count), OK);
    free(data);
}

static void assert_get(struct table *table, uint64_t seq, bool there)
{
    struct change *change;
    assert_int_equal(journal_get(&table->journal, seq, &change), OK);
    assert_int_equal(change != NULL, there);
    if (there)
        assert_int_equal(change->seq, seq);
    change_unref(change);
}

static void each_change_of_a_commit_is_found(void **state)
{
    struct table table;
    (void)state;
    table_init(&table);
    append(&table, 1, 10);
    append(&table, 300, 400);
    append(&table, 3, 100000);
    for (uint64_t seq = 1; seq <= table.seq; seq++)
        assert_get(&table, seq, true);
    assert_get(&table, 0, false);
    assert_get(&table, table.seq + 1, false);
    table_deinit(&table);
}

static void small_commits_are_one_row_and_large_ones_a_few(void **state)
{
    struct table table;
    (void)state;
    table_init(&table);
    append(&table, 20, 300);
    assert_int_equal(ask(&table, "SELECT count(*) FROM chunk"), 1);
    append(&table, 1000, 300);
    assert_in_range(ask(&table, "SELECT count(*) FROM chunk"), 10, 80);
    assert_in_range(ask(&table, "SELECT max(length(changes)) FROM chunk"), 8192, 8700);
    table_deinit(&table);
}

static void the_tail_comes_in_order_from_anywhere(void **state)
{
    struct table table;
    struct change *changes[7];
    (void)state;
    table_init(&table);
    append(&table, 2, 300);
    append(&table, 100, 300);
    append(&table, 1, 300);
    for (uint64_t after = 0; after <= table.seq; after++) {
        size_t count, expected = table.seq - after < 7 ? table.seq - after : 7;
        assert_int_equal(journal_tail(&table.journal, after, changes, 7, &count), OK);
        assert_int_equal(count, expected);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(changes[i]->seq, after + 1 + i);
            change_unref(changes[i]);
        }
    }
    table_deinit(&table);
}

static void the_view_shows_each_change(void **state)
{
    struct table table;
    (void)state;
    table_init(&table);
    append(&table, 40, 300);
    append(&table, 2, 300);
    assert_int_equal(ask(&table, "SELECT count(*) FROM journal"), 42);
    assert_int_equal(ask(&table, "SELECT sum(seq) FROM journal WHERE object = seq"), 42 * 43 / 2);
    assert_int_equal(ask(&table, "SELECT length(data) FROM journal WHERE seq = 41"), 300);
    table_deinit(&table);
}

/* How often SQLite was asked for a chunk since the last time. */
static int count_selects(struct table *table)
{
    return sqlite3_stmt_status(table->journal.select, SQLITE_STMTSTATUS_RUN, 1);
}

static void assert_follow(struct table *table, uint64_t seq, bool there)
{
    struct change *change;
    assert_int_equal(journal_follow(&table->journal, seq, &change), OK);
    assert_int_equal(change != NULL, there);
    if (there)
        assert_int_equal(change->seq, seq);
    change_unref(change);
}

static void whoever_follows_changes_asks_once_a_chunk(void **state)
{
    enum { CHANGES = 1000 };
    struct table table;
    (void)state;
    table_init(&table);
    append(&table, CHANGES, 300);
    int chunks = (int)ask(&table, "SELECT count(*) FROM chunk");
    count_selects(&table);
    for (uint64_t seq = CHANGES; seq; seq--)
        assert_follow(&table, seq, true);
    assert_int_equal(count_selects(&table), chunks);
    assert_in_range(chunks, 2, CHANGES / 10);
    assert_follow(&table, CHANGES + 1, false);
    table_deinit(&table);
}

/* Several who follow changes, each at a place of its own. */
static void a_few_chunks_are_at_hand_and_those_used_last(void **state)
{
    enum { CHUNKS = JOURNAL_KEPT + 1 };
    struct table table;
    (void)state;
    table_init(&table);
    for (int i = 0; i < CHUNKS; i++)
        append(&table, 2, 300);
    for (uint64_t seq = 1; seq < 2 * CHUNKS; seq += 2)
        assert_follow(&table, seq, true);
    count_selects(&table);
    for (uint64_t seq = 4; seq <= 2 * CHUNKS; seq += 2)
        assert_follow(&table, seq, true);
    assert_int_equal(count_selects(&table), 0);
    assert_follow(&table, 2, true);
    assert_follow(&table, 6, true);
    assert_int_equal(count_selects(&table), 1);
    assert_follow(&table, 4, true);
    assert_int_equal(count_selects(&table), 1);
    table_deinit(&table);
}

static void what_was_dropped_is_not_at_hand(void **state)
{
    struct table table;
    (void)state;
    table_init(&table);
    append(&table, 3, 300);
    assert_follow(&table, 2, true);
    run(&table, "DELETE FROM chunk");
    journal_forget(&table.journal);
    assert_follow(&table, 2, false);
    table_deinit(&table);
}

static void a_large_chunk_is_not_kept(void **state)
{
    struct table table;
    (void)state;
    table_init(&table);
    append(&table, 1, KEPT_CHUNK_SIZE_MAX);
    count_selects(&table);
    assert_follow(&table, 1, true);
    assert_follow(&table, 1, true);
    assert_int_equal(count_selects(&table), 2);
    table_deinit(&table);
}

static void a_broken_chunk_is_an_error(void **state)
{
    struct table table;
    struct change *change, *changes[8];
    size_t count;
    (void)state;
    table_init(&table);
    append(&table, 3, 300);
    append(&table, 3, 300);
    run(&table, "UPDATE chunk SET changes = substr(changes, 1, 700) WHERE last = 6");
    assert_int_equal(journal_get(&table.journal, 6, &change), ERR_STORE);
    assert_null(change);
    for (uint64_t seq = 4; seq <= 6; seq++) {
        assert_int_equal(journal_follow(&table.journal, seq, &change), ERR_STORE);
        assert_null(change);
    }
    assert_int_equal(journal_tail(&table.journal, 0, changes, 8, &count), ERR_STORE);
    assert_int_equal(count, 0);
    assert_get(&table, 3, true);
    table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_of_a_commit_is_found),
        cmocka_unit_test(small_commits_are_one_row_and_large_ones_a_few),
        cmocka_unit_test(the_tail_comes_in_order_from_anywhere),
        cmocka_unit_test(the_view_shows_each_change),
        cmocka_unit_test(whoever_follows_changes_asks_once_a_chunk),
        cmocka_unit_test(a_few_chunks_are_at_hand_and_those_used_last),
        cmocka_unit_test(what_was_dropped_is_not_at_hand),
        cmocka_unit_test(a_large_chunk_is_not_kept),
        cmocka_unit_test(a_broken_chunk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
