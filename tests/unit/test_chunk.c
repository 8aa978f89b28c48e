#include "store/chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static const struct change full = {
    .type = CHANGE_UPDATED,
    .kind = KIND_MAP_ITEM,
    .seq = 12,
    .prev = 7,
    .id = 5,
    .parent = 3,
    .salt = UINT64_C(0xfedcba9876543210),
    .revision = 26,
    .created_ms = 1700000000000,
    .updated_ms = 1700000000001,
    .expires_ms = 1700000009999,
    .name = STR_INIT("a\"b\\c\b\t\n\f\r\x01\x1f/\xc3\xa4\xfe\xff"),
    .creator = STR_INIT(""),
    .author = STR_INIT("alice"),
    .data = STR_INIT("{\"]],[\":[1e400,\"\\u0000\"]}"),
};

static const struct change bare = {.type = CHANGE_REMOVED,
                                   .kind = KIND_SERVICE,
                                   .seq = INT64_MAX,
                                   .id = INT64_MAX};

static void assert_same(struct str a, struct str b)
{
    assert_int_equal(a.ptr != NULL, b.ptr != NULL);
    assert_true(str_eq(a, b));
}

static void assert_equal(const struct change *a, const struct change *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->kind, b->kind);
    assert_true(a->seq == b->seq && a->prev == b->prev && a->id == b->id);
    assert_true(a->parent == b->parent && a->salt == b->salt && a->revision == b->revision);
    assert_true(a->created_ms == b->created_ms && a->updated_ms == b->updated_ms);
    assert_true(a->expires_ms == b->expires_ms);
    assert_same(a->name, b->name);
    assert_same(a->creator, b->creator);
    assert_same(a->author, b->author);
    assert_same(a->data, b->data);
}

static void assert_next(struct chunk_reader *reader, const struct change *expected)
{
    struct chunk_entry entry;
    assert_true(chunk_next(reader, &entry));
    struct change *change = chunk_change(&entry);
    assert_equal(change, expected);
    change_unref(change);
}

static void assert_end(struct chunk_reader *reader)
{
    struct chunk_entry entry;
    assert_false(chunk_next(reader, &entry));
    assert_false(reader->broken);
}

static void what_is_written_is_read(void **state)
{
    struct chunk_reader reader;
    struct buf text;
    (void)state;
    buf_init(&text, TEXT_MAX);
    chunk_add(&text, &full);
    chunk_add(&text, &bare);
    chunk_add(&text, &full);
    chunk_reader_init(&reader, buf_str(&text));
    assert_next(&reader, &full);
    assert_next(&reader, &bare);
    assert_next(&reader, &full);
    assert_end(&reader);
    buf_deinit(&text);
}

/* A NUL is only found where a name's length is known. */
static void names_may_hold_any_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[] = {'x', (char)byte, 'u', '0', '0', (char)byte};
        struct change change = full;
        struct chunk_reader reader;
        struct buf text;
        buf_init(&text, TEXT_MAX);
        change.name = (struct str){name, sizeof name};
        chunk_add(&text, &change);
        chunk_reader_init(&reader, buf_str(&text));
        assert_next(&reader, &change);
        assert_end(&reader);
        buf_deinit(&text);
    }
}

static void the_text_is_as_documented(void **state)
{
    struct buf text;
    struct change change = {.type = CHANGE_CREATED,
                            .kind = KIND_DOCUMENT,
                            .seq = 2,
                            .id = 2,
                            .parent = 1,
                            .salt = UINT64_MAX,
                            .created_ms = 5,
                            .updated_ms = 5,
                            .name = STR_INIT("d"),
                            .data = STR_INIT("{}")};
    (void)state;
    buf_init(&text, TEXT_MAX);
    chunk_add(&text, &change);
    assert_true(
        str_eq(buf_str(&text), STR("[[        39,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]")));
    buf_deinit(&text);
}

static void entries_move_to_another_chunk_as_they_are(void **state)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    struct buf from, to;
    (void)state;
    buf_init(&from, TEXT_MAX);
    buf_init(&to, TEXT_MAX);
    chunk_add(&from, &full);
    chunk_add(&from, &bare);
    chunk_add(&from, &full);
    chunk_reader_init(&reader, buf_str(&from));
    for (int i = 0; chunk_next(&reader, &entry); i++)
        if (i != 1)
            chunk_add_text(&to, entry.text);
    chunk_reader_init(&reader, buf_str(&to));
    assert_next(&reader, &full);
    assert_next(&reader, &full);
    assert_end(&reader);
    buf_deinit(&from);
    buf_deinit(&to);
}

/* How many entries of a text can be had, and whether it breaks. */
static size_t count_entries(struct str text, bool *broken)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    size_t count = 0;
    chunk_reader_init(&reader, text);
    *broken = false;
    while (!*broken && chunk_next(&reader, &entry)) {
        struct change *change = chunk_change(&entry);
        count += change != NULL;
        *broken = !change;
        change_unref(change);
    }
    *broken = *broken || reader.broken;
    return count;
}

static void a_text_that_is_cut_is_broken(void **state)
{
    struct buf text;
    bool broken;
    (void)state;
    buf_init(&text, TEXT_MAX);
    chunk_add(&text, &full);
    size_t first = text.len;
    chunk_add(&text, &bare);
    for (size_t len = 0; len < text.len; len++) {
        char *cut = test_malloc(len ? len : 1); /* so that reading beyond it shows */
        memcpy(cut, text.ptr, len);
        size_t count = count_entries((struct str){cut, len}, &broken);
        assert_true(broken);
        assert_int_equal(count, len > first ? 1 : 0);
        test_free(cut);
    }
    assert_int_equal(count_entries(buf_str(&text), &broken), 2);
    assert_false(broken);
    buf_deinit(&text);
}

static void what_is_no_chunk_is_broken(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "[",
        "[]",
        "[[]]",
        "[[1,]]",
        "[[0,]]",
        "[[39,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]",
        "[[39,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}],]",
        "[[39,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]]",
        "[[39,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]],",
        "[ [39,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[38,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[40,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[0,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[-1,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[99999999999999999999,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[18446744073709551615,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[39,x,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[38,,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null,{}]]",
        "[[40,2,0,2,1,3,1,--1,0,5,5,0,\"d\",null,null,{}]]",
        "[[56,2,0,2,1,3,1,9223372036854775808,0,5,5,0,\"d\",null,null,{}]]",
        "[[57,2,0,2,1,3,1,-9223372036854775809,0,5,5,0,\"d\",null,null,{}]]",
        "[[38,2,0,2,1,3,1,-1,0,5,5,0,\"d,null,null,{}]]",
        "[[37,2,0,2,1,3,1,-1,0,5,5,0,d,null,null,{}]]",
        "[[34,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,{}]]",
        "[[38,2,0,2,1,3,1,-1,0,5,5,0,\"d\",null,null{}]]",
        "[[26,2,0,2,1,3,1,-1,0,5,5,0,\"d\"]]",
        "[[42,2,0,2,1,3,1,-1,0,5,5,0,\"\\u00\",null,null,{}]]",
        "[[44,2,0,2,1,3,1,-1,0,5,5,0,\"\\u00zz\",null,null,{}]]",
        "[[40,2,0,2,1,3,1,-1,0,5,5,0,\"\\q\",null,null,{}]]",
        "[[44,2,0,2,1,3,1,-1,0,5,5,0,\"\\ud800\",null,null,{}]]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool broken;
        count_entries(str_from(texts[i]), &broken);
        if (!broken)
            fail_msg("%s", texts[i]);
    }
}

static bool is_read(enum kind kind, enum change_type type)
{
    struct change change = {.seq = 1, .id = 1, .kind = kind, .type = type};
    struct chunk_reader reader;
    struct chunk_entry entry;
    struct buf text;
    buf_init(&text, 1000);
    chunk_add(&text, &change);
    chunk_reader_init(&reader, buf_str(&text));
    assert_true(chunk_next(&reader, &entry));
    struct change *read = chunk_change(&entry);
    buf_deinit(&text);
    change_unref(read);
    return read;
}

static void a_kind_or_type_that_there_is_not_is_broken(void **state)
{
    (void)state;
    assert_true(is_read(KIND_SERVICE, CHANGE_CREATED));
    assert_true(is_read(KIND_PERMISSION, CHANGE_ITEM));
    assert_false(is_read(0, CHANGE_CREATED));
    assert_false(is_read(KIND_MESSAGE, CHANGE_CREATED)); /* never stored */
    assert_false(is_read(KIND_DOCUMENT, 0));
    assert_false(is_read(KIND_DOCUMENT, CHANGE_ITEM + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_or_type_that_there_is_not_is_broken),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(names_may_hold_any_byte),
        cmocka_unit_test(the_text_is_as_documented),
        cmocka_unit_test(entries_move_to_another_chunk_as_they_are),
        cmocka_unit_test(a_text_that_is_cut_is_broken),
        cmocka_unit_test(what_is_no_chunk_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
