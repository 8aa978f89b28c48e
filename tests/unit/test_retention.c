#include "store/journal.h"
#include "store/object.h"
#include "store/retention.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

enum { FOR_EVER = 1 << 30, TOGETHER_MAX = 1000 };

struct tables {
    sqlite3 *db;
    struct journal journal;
    struct object object;
    struct retention retention;
    struct cache cache;
    struct epochs epochs;
    uint64_t seq;
    int64_t now_ms;
};

static void tables_init(struct tables *tables, uint64_t keep_changes, int64_t keep_ms)
{
    struct why why;
    *tables = (struct tables){.now_ms = 100000};
    assert_int_equal(sqlite3_open(":memory:", &tables->db), SQLITE_OK);
    assert_int_equal(schema_apply(tables->db, "memory", &why), OK);
    assert_int_equal(journal_init(&tables->journal, tables->db), OK);
    assert_int_equal(object_init(&tables->object, tables->db), OK);
    cache_init(&tables->cache, 0);
    assert_int_equal(epochs_init(&tables->epochs, tables->db, 0), OK);
    epochs_begin(&tables->epochs, 0, 0, 0);
    assert_int_equal(retention_init(&tables->retention, tables->db, &tables->cache, &tables->epochs,
                                    keep_changes, keep_ms),
                     OK);
}

static void tables_deinit(struct tables *tables)
{
    retention_deinit(&tables->retention);
    epochs_deinit(&tables->epochs);
    cache_deinit(&tables->cache);
    object_deinit(&tables->object);
    journal_deinit(&tables->journal);
    assert_int_equal(sqlite3_close(tables->db), SQLITE_OK);
}

/* The next change of object `id` (0: of a new one); it is the head in the tables too. */
static uint64_t add(struct tables *tables, uint64_t id, enum change_type type)
{
    struct change change = {
        .seq = ++tables->seq,
        .type = type,
        .kind = KIND_DOCUMENT,
        .updated_ms = tables->now_ms,
    };
    change.id = id ? id : change.seq;
    assert_int_equal(journal_append(&tables->journal, (struct change *const[]){&change}, 1), OK);
    assert_int_equal(object_write(&tables->object, &change), OK);
    return change.id;
}

/* One change of each of `count` > 0 new objects, in one commit; the first one's id. */
static uint64_t add_together(struct tables *tables, size_t count)
{
    struct change changes[TOGETHER_MAX], *pointers[TOGETHER_MAX];
    for (size_t i = 0; i < count; i++) {
        changes[i] = (struct change){.seq = ++tables->seq,
                                     .id = tables->seq,
                                     .type = CHANGE_CREATED,
                                     .kind = KIND_DOCUMENT,
                                     .updated_ms = tables->now_ms};
        pointers[i] = &changes[i];
        assert_int_equal(object_write(&tables->object, &changes[i]), OK);
    }
    assert_int_equal(journal_append(&tables->journal, pointers, count), OK);
    return changes[0].id;
}

static void add_many(struct tables *tables, uint64_t id, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(tables, id, CHANGE_UPDATED);
}

static bool is_due(const struct tables *tables)
{
    return retention_is_due(&tables->retention, tables->seq, tables->seq, tables->now_ms);
}

/* Bites until there is nothing more; how many changes went. */
static uint64_t sweep_to(struct tables *tables, uint64_t applied)
{
    uint64_t dropped, total = 0;
    bool more = true;
    while (more) {
        assert_int_equal(retention_bite(&tables->retention, applied, tables->seq, tables->now_ms,
                                        &dropped, &more),
                         OK);
        total += dropped;
    }
    return total;
}

static uint64_t sweep(struct tables *tables)
{
    return sweep_to(tables, tables->seq);
}

static bool is_kept(struct tables *tables, uint64_t seq)
{
    struct change *change;
    assert_int_equal(journal_get(&tables->journal, seq, &change), OK);
    bool kept = change;
    change_unref(change);
    return kept;
}

static void old_changes_go_and_heads_stay(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 100, FOR_EVER);
    uint64_t quiet = add(&tables, 0, CHANGE_CREATED);
    uint64_t busy = add(&tables, 0, CHANGE_CREATED);
    uint64_t gone = add(&tables, 0, CHANGE_CREATED);
    add(&tables, gone, CHANGE_REMOVED);
    add_many(&tables, busy, 1996);
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 1899);
    assert_true(is_kept(&tables, quiet));
    assert_false(is_kept(&tables, busy));
    assert_false(is_kept(&tables, gone));
    assert_false(is_kept(&tables, gone + 1));
    assert_false(is_kept(&tables, 1900));
    assert_true(is_kept(&tables, 1901));
    assert_false(is_due(&tables));
    tables_deinit(&tables);
}

static void what_the_object_table_does_not_know_stays(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 0, FOR_EVER);
    add_many(&tables, add(&tables, 0, CHANGE_CREATED), 1999);
    assert_int_equal(sweep_to(&tables, 700), 700);
    assert_true(is_kept(&tables, 701));
    assert_int_equal(sweep(&tables), 1299);
    tables_deinit(&tables);
}

static void few_changes_go_by_their_age_alone(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 1000000, 60000);
    uint64_t id = add(&tables, 0, CHANGE_CREATED);
    add_many(&tables, id, 9);
    tables.now_ms += 50000;
    add_many(&tables, id, 5);
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 0);
    tables.now_ms += 9000;
    assert_false(is_due(&tables));
    tables.now_ms += 1001;
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 10);
    assert_false(is_due(&tables));
    tables.now_ms += 50001;
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 4);
    tables_deinit(&tables);
}

static void nothing_to_do_is_not_looked_at_over_and_over(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 0, 0);
    assert_false(is_due(&tables));
    for (int i = 0; i < 700; i++)
        add(&tables, 0, CHANGE_CREATED);
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 0);
    assert_false(is_due(&tables));
    tables.now_ms += 1000000;
    assert_false(is_due(&tables));
    tables_deinit(&tables);
}

/* As after a restart: the rows that were swept away leave holes. */
static void a_sweep_ends_when_only_holes_are_left(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 100, FOR_EVER);
    add_many(&tables, add(&tables, 0, CHANGE_CREATED), 1999);
    sweep(&tables);
    tables.retention.sweep.swept = 0;
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 0);
    assert_false(is_due(&tables));
    tables_deinit(&tables);
}

static void a_new_sweep_begins_when_much_of_what_was_left_is_garbage(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 0, FOR_EVER);
    for (int i = 0; i < 6000; i++)
        add(&tables, 0, CHANGE_CREATED);
    assert_int_equal(sweep(&tables), 0);
    for (uint64_t id = 1; id <= 5000; id++) {
        retention_note_garbage(&tables.retention, id);
        add(&tables, id, CHANGE_UPDATED);
    }
    assert_true(is_due(&tables));
    assert_int_equal(sweep(&tables), 5000);
    assert_false(is_kept(&tables, 5000));
    assert_true(is_kept(&tables, 5001));
    assert_false(is_due(&tables));
    tables_deinit(&tables);
}

/* What is in memory may be newer than the table: only what that points at is kept. */
static void the_table_counts_not_what_memory_has_since(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 0, FOR_EVER);
    uint64_t id = add(&tables, 0, CHANGE_CREATED);
    add(&tables, id, CHANGE_UPDATED);
    struct change *stored, *newer;
    assert_int_equal(journal_get(&tables.journal, id + 1, &stored), OK);
    struct change draft = *stored;
    draft.seq = ++tables.seq;
    draft.prev = id + 1;
    newer = change_new(&draft);
    assert_int_equal(journal_append(&tables.journal, &newer, 1), OK);
    cache_add_stored(&tables.cache, stored);
    cache_commit(&tables.cache, newer);
    change_unref(newer);
    assert_int_equal(sweep_to(&tables, id + 1), 1);
    assert_false(is_kept(&tables, id));
    assert_true(is_kept(&tables, id + 1));
    assert_true(is_kept(&tables, id + 2));
    tables_deinit(&tables);
}

static void a_bite_is_small(void **state)
{
    struct tables tables;
    uint64_t dropped;
    bool more;
    (void)state;
    tables_init(&tables, 0, FOR_EVER);
    add_many(&tables, add(&tables, 0, CHANGE_CREATED), 5000);
    assert_int_equal(retention_bite(&tables.retention, tables.seq, tables.seq, tables.now_ms,
                                    &dropped, &more),
                     OK);
    assert_in_range(dropped, 1, 1024);
    assert_true(more);
    tables_deinit(&tables);
}

static void of_changes_made_together_the_heads_stay(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 0, FOR_EVER);
    uint64_t first = add_together(&tables, TOGETHER_MAX);
    for (uint64_t id = first; id < first + TOGETHER_MAX; id++)
        if (id % 3)
            add(&tables, id, CHANGE_UPDATED);
    assert_int_equal(sweep(&tables), TOGETHER_MAX - TOGETHER_MAX / 3);
    for (uint64_t id = first; id < first + TOGETHER_MAX; id++)
        assert_int_equal(is_kept(&tables, id), id % 3 == 0);
    for (uint64_t id = first; id < first + TOGETHER_MAX; id++)
        add(&tables, id, CHANGE_UPDATED);
    tables.retention.sweep.swept = 0;
    sweep(&tables);
    for (uint64_t seq = first; seq <= tables.seq; seq++)
        assert_int_equal(is_kept(&tables, seq), seq > tables.seq - TOGETHER_MAX);
    tables_deinit(&tables);
}

static void a_chunk_of_which_most_is_kept_is_left_alone(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 0, FOR_EVER);
    uint64_t first = add_together(&tables, 10);
    for (uint64_t id = first; id < first + 4; id++)
        add(&tables, id, CHANGE_UPDATED);
    assert_int_equal(sweep(&tables), 0);
    assert_true(is_kept(&tables, first));
    add(&tables, first + 4, CHANGE_UPDATED);
    tables.retention.sweep.swept = 0;
    assert_int_equal(sweep(&tables), 5);
    assert_false(is_kept(&tables, first + 4));
    assert_true(is_kept(&tables, first + 5));
    tables_deinit(&tables);
}

static void what_was_made_together_grows_old_together(void **state)
{
    struct tables tables;
    (void)state;
    tables_init(&tables, 25, FOR_EVER);
    uint64_t first = add_together(&tables, 10);
    for (uint64_t id = first; id < first + 10; id++)
        add(&tables, id, CHANGE_UPDATED);
    add_together(&tables, 14);
    assert_int_equal(sweep(&tables), 0);
    assert_true(is_kept(&tables, first));
    add_together(&tables, 1);
    tables.retention.sweep.look_ms = 0;
    assert_int_equal(sweep(&tables), 10);
    assert_false(is_kept(&tables, first));
    tables_deinit(&tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_changes_go_and_heads_stay),
        cmocka_unit_test(what_the_object_table_does_not_know_stays),
        cmocka_unit_test(few_changes_go_by_their_age_alone),
        cmocka_unit_test(nothing_to_do_is_not_looked_at_over_and_over),
        cmocka_unit_test(a_sweep_ends_when_only_holes_are_left),
        cmocka_unit_test(a_new_sweep_begins_when_much_of_what_was_left_is_garbage),
        cmocka_unit_test(of_changes_made_together_the_heads_stay),
        cmocka_unit_test(a_chunk_of_which_most_is_kept_is_left_alone),
        cmocka_unit_test(what_was_made_together_grows_old_together),
        cmocka_unit_test(the_table_counts_not_what_memory_has_since),
        cmocka_unit_test(a_bite_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
