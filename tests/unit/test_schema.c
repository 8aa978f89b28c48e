#include "sim/scratch.h"
#include "store/schema.h"
#include "store/sqlite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void place_of(const struct scratch *scratch, char *path, size_t size)
{
    scratch_file(scratch, "tutti.db", path, size);
}

/* Run SQL on the file, as somebody else. */
static void alter(const struct scratch *scratch, const char *text)
{
    char path[2 * SCRATCH_PATH_MAX];
    sqlite3 *db;
    place_of(scratch, path, sizeof path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static enum err open_store(const struct scratch *scratch, struct why *why)
{
    struct store *store;
    struct sqlite_options options = {.folder = scratch->path,
                                     .cache_size_max = 1 << 20,
                                     .wal_size_max = 1 << 20};
    enum err e = sqlite_open(&store, &options, why);
    if (!e)
        store_close(store);
    return e;
}

static char *read_all(const struct scratch *scratch, size_t *len)
{
    char path[2 * SCRATCH_PATH_MAX];
    static char bytes[1 << 18];
    place_of(scratch, path, sizeof path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    *len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    char *copy = malloc(*len);
    assert_non_null(copy);
    memcpy(copy, bytes, *len);
    return copy;
}

/* Refused, for a reason that has `words` in it, and not altered. */
static void assert_refused(const struct scratch *scratch, const char *words)
{
    struct why why = {0};
    size_t before_len, after_len;
    char *before = read_all(scratch, &before_len);
    assert_int_equal(open_store(scratch, &why), ERR_CONFIG);
    char *after = read_all(scratch, &after_len);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    assert_non_null(strstr(why.text, "tutti.db"));
    if (!strstr(why.text, words))
        fail_msg("%s", why.text);
    free(before);
    free(after);
}

static void a_new_file_gets_tables_that_stay(void **state)
{
    struct scratch scratch;
    struct why why = {0};
    (void)state;
    scratch_init(&scratch);
    assert_int_equal(open_store(&scratch, &why), OK);
    alter(&scratch, "SELECT * FROM journal; SELECT * FROM object; SELECT * FROM head;"
                    "UPDATE progress SET last_seq = 5;");
    assert_int_equal(open_store(&scratch, &why), OK);
    alter(&scratch, "CREATE TABLE t (one UNIQUE); INSERT INTO t SELECT 1 FROM progress"
                    " WHERE last_seq = 5; INSERT INTO t SELECT 2 WHERE 1 = (SELECT count(*)"
                    " FROM t); UPDATE t SET one = 1 / (SELECT count(*) = 2 FROM t) WHERE one = 1;");
    scratch_deinit(&scratch);
}

static void an_empty_file_counts_as_new(void **state)
{
    struct scratch scratch;
    struct why why = {0};
    (void)state;
    scratch_init(&scratch);
    scratch_write(&scratch, "tutti.db", "");
    assert_int_equal(open_store(&scratch, &why), OK);
    scratch_deinit(&scratch);
}

static void a_newer_format_is_refused_with_what_to_do(void **state)
{
    struct scratch scratch;
    struct why why = {0};
    (void)state;
    scratch_init(&scratch);
    assert_int_equal(open_store(&scratch, &why), OK);
    alter(&scratch, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99;");
    assert_refused(&scratch, "has format 99");
    assert_refused(&scratch, "start it with the newer tutti");
    scratch_deinit(&scratch);
}

static void somebody_elses_database_is_refused_and_left_alone(void **state)
{
    struct scratch scratch;
    (void)state;
    scratch_init(&scratch);
    alter(&scratch, "CREATE TABLE journal (x);");
    assert_refused(&scratch, "not one of tutti's");
    alter(&scratch, "DROP TABLE journal; PRAGMA application_id = 7;");
    assert_refused(&scratch, "not one of tutti's");
    alter(&scratch, "PRAGMA application_id = 0; PRAGMA user_version = 1;");
    assert_refused(&scratch, "not one of tutti's");
    scratch_deinit(&scratch);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    struct scratch scratch;
    char text[5000];
    (void)state;
    scratch_init(&scratch);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    scratch_write(&scratch, "tutti.db", text);
    assert_refused(&scratch, "not a database");
    scratch_deinit(&scratch);
}

static void a_missing_folder_is_named(void **state)
{
    struct scratch scratch;
    struct why why = {0};
    (void)state;
    scratch_init(&scratch);
    scratch_deinit(&scratch);
    assert_int_equal(open_store(&scratch, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, scratch.path));
}

static void a_step_that_fails_leaves_nothing_behind(void **state)
{
    sqlite3 *db;
    struct why why = {0};
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    /* The step makes the journal before it meets the view's name. */
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE head (x);", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(schema_apply(db, "a file", &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "head"));
    assert_int_equal(sqlite3_get_autocommit(db), 1);
    assert_int_equal(sqlite3_exec(db, "SELECT * FROM journal", NULL, NULL, NULL), SQLITE_ERROR);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE head;", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(schema_apply(db, "a file", &why), OK);
    sqlite3_close(db);
}

/* As version 1 made it: each change a row of its own. */
static const char version_1[] =
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, prev INTEGER NOT NULL, object INTEGER NOT NULL,"
    "  parent INTEGER NOT NULL, kind INTEGER NOT NULL, event INTEGER NOT NULL,"
    "  salt INTEGER NOT NULL, revision INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    "  updated_ms INTEGER NOT NULL, expires_ms INTEGER, name TEXT, creator TEXT, author TEXT,"
    "  data TEXT) STRICT;"
    "CREATE TABLE object (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL, expires_ms INTEGER, name TEXT) STRICT;"
    "CREATE INDEX object_kind ON object (parent, kind);"
    "CREATE UNIQUE INDEX object_name ON object (parent, kind, name) WHERE name IS NOT NULL;"
    "CREATE INDEX object_expiry ON object (expires_ms) WHERE expires_ms IS NOT NULL;"
    "CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), applied INTEGER NOT NULL,"
    "  last_seq INTEGER NOT NULL) STRICT;"
    "CREATE VIEW head AS"
    "  SELECT journal.* FROM object JOIN journal ON journal.seq = object.seq;"
    "INSERT INTO journal VALUES"
    "  (1, 0, 1, 0, 1, 1, 77, 0, 10, 10, NULL, 'default', 'system', 'system', '{\"a\":\"\\u0000\"}'),"
    "  (2, 0, 2, 1, 8, 1, -5, 0, 20, 20, 99, CAST(x'22fe5c00ff0a' AS TEXT), NULL, '', '{}'),"
    "  (4, 2, 2, 1, 8, 3, -5, 2, 20, 30, 99, CAST(x'22fe5c00ff0a' AS TEXT), NULL, '', NULL),"
    "  (5, 0, 5, 1, 3, 1, 9223372036854775807, 0, 1, 2, NULL, 'd', 'x', 'y', '{\"n\":1.50}');"
    "INSERT INTO object VALUES (1, 0, 1, 1, NULL, 'default'),"
    "  (2, 1, 8, 2, 99, CAST(x'22fe5c00ff0a' AS TEXT));"
    "INSERT INTO progress VALUES (1, 2, 9);"
    "PRAGMA application_id = 1416983668; PRAGMA user_version = 1;";

static struct change *change_of(struct store *store, uint64_t seq)
{
    struct change *change;
    assert_int_equal(store_change(store, seq, &change), OK);
    return change;
}

static void a_file_of_version_1_keeps_all_it_holds(void **state)
{
    struct scratch scratch;
    struct why why = {0};
    struct store *store;
    struct change *head;
    (void)state;
    scratch_init(&scratch);
    alter(&scratch, version_1);
    struct sqlite_options options = {.folder = scratch.path,
                                     .cache_size_max = 1 << 20,
                                     .wal_size_max = 1 << 20,
                                     .keep_changes = 1000,
                                     .keep_ms = 1000};
    if (sqlite_open(&store, &options, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(store_seq(store), 9);
    struct change *item = change_of(store, 2);
    assert_true(str_eq(item->name, (struct str){"\"\xfe\\\0\xff\n", 6}));
    assert_null(item->creator.ptr);
    assert_true(item->author.ptr && !item->author.len);
    assert_true(item->salt == (uint64_t)-5 && item->expires_ms == 99 && item->parent == 1);
    struct change *removal = change_of(store, 4);
    assert_true(removal->type == CHANGE_REMOVED && removal->prev == 2 && removal->revision == 2);
    assert_null(removal->data.ptr);
    assert_null(change_of(store, 3));
    assert_int_equal(store_find(store, 1, KIND_MAP_ITEM, item->name, &head), OK);
    assert_null(head);
    assert_int_equal(store_find(store, 1, KIND_DOCUMENT, STR("d"), &head), OK);
    assert_true(str_eq(head->data, STR("{\"n\":1.50}")));
    assert_true(head->salt == INT64_MAX && head->created_ms == 1 && head->updated_ms == 2);
    struct change *service = change_of(store, 1);
    assert_true(str_eq(service->data, STR("{\"a\":\"\\u0000\"}")) && !service->expires_ms);
    change_unref(item);
    change_unref(removal);
    change_unref(head);
    change_unref(service);
    store_close(store);
    alter(&scratch, "CREATE TABLE t (good CHECK (good)); INSERT INTO t SELECT data = '{\"n\":1.50}'"
                    " FROM head WHERE kind = 3; INSERT INTO t SELECT count(*) = 4 FROM journal;"
                    "INSERT INTO t SELECT salt = -5 AND expires_ms = 99 AND data IS NULL AND"
                    " creator IS NULL AND author = '' FROM journal WHERE seq = 4;");
    scratch_deinit(&scratch);
}

/* As version 2 made it: changes in chunks, and nothing of epochs. */
static const char version_2[] =
    "CREATE TABLE chunk (last INTEGER PRIMARY KEY, changes TEXT NOT NULL) STRICT;"
    "CREATE TABLE object (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL, expires_ms INTEGER, name TEXT) STRICT;"
    "CREATE INDEX object_kind ON object (parent, kind);"
    "CREATE UNIQUE INDEX object_name ON object (parent, kind, name) WHERE name IS NOT NULL;"
    "CREATE INDEX object_expiry ON object (expires_ms) WHERE expires_ms IS NOT NULL;"
    "CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), applied INTEGER NOT NULL,"
    "  last_seq INTEGER NOT NULL) STRICT;"
    "INSERT INTO chunk SELECT 2, format('[[%10d,', length(CAST(body AS BLOB))) || body || ']]'"
    "  FROM (SELECT '2,0,2,1,3,1,7,0,10,10,0,\"d\",\"x\",\"y\",{\"n\":1.50}' AS body);"
    "INSERT INTO progress VALUES (1, 0, 5);"
    "PRAGMA application_id = 1416983668; PRAGMA user_version = 2;";

static void a_file_of_version_2_knows_the_numbers_it_gave(void **state)
{
    struct scratch scratch;
    struct why why = {0};
    struct store *store;
    (void)state;
    scratch_init(&scratch);
    alter(&scratch, version_2);
    struct sqlite_options options = {.folder = scratch.path,
                                     .cache_size_max = 1 << 20,
                                     .wal_size_max = 1 << 20,
                                     .keep_changes = 1000,
                                     .keep_ms = 1000,
                                     .now_us = 1000000};
    if (sqlite_open(&store, &options, &why) != OK)
        fail_msg("%s", why.text);
    struct change *change = change_of(store, 2);
    assert_true(str_eq(change->data, STR("{\"n\":1.50}")));
    change_unref(change);
    assert_int_equal(store_seq(store), 999999);
    assert_true(store_knows(store, 1) && store_knows(store, 5));
    assert_false(store_knows(store, 6) || store_knows(store, 999999));
    store_close(store);
    scratch_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_gets_tables_that_stay),
        cmocka_unit_test(an_empty_file_counts_as_new),
        cmocka_unit_test(a_newer_format_is_refused_with_what_to_do),
        cmocka_unit_test(somebody_elses_database_is_refused_and_left_alone),
        cmocka_unit_test(a_file_that_is_no_database_is_refused_and_left_alone),
        cmocka_unit_test(a_missing_folder_is_named),
        cmocka_unit_test(a_file_of_version_1_keeps_all_it_holds),
        cmocka_unit_test(a_file_of_version_2_knows_the_numbers_it_gave),
        cmocka_unit_test(a_step_that_fails_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
