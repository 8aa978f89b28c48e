#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static void assert_holds(const struct buf *buf, const char *expected)
{
    struct str text = buf_str(buf);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void bytes_are_appended_when_there_is_room(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_holds(&buf, "");
    buf_add_lit(&buf, "ab");
    buf_add_char(&buf, 'c');
    buf_add(&buf, (struct str){0});
    buf_add_u64(&buf, 0);
    buf_add_u64(&buf, UINT64_MAX);
    buf_add_hex(&buf, 0);
    buf_add_hex(&buf, 0x1a);
    buf_addf(&buf, "<%s %d>", "x", -5);
    assert_holds(&buf, "abc01844674407370955161501a<x -5>");
    assert_false(buf.failed);
    buf_deinit(&buf);
}

static void content_survives_when_the_buffer_grows(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 200000);
    for (int i = 0; i < 20000; i++)
        buf_addf(&buf, "%05d", i);
    assert_int_equal(buf.len, 100000);
    assert_memory_equal(buf.ptr + 5 * 12345, "12345", 5);
    buf_deinit(&buf);
}

static void nothing_more_is_written_when_the_ceiling_was_passed(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    buf_add_lit(&buf, "abcd");
    assert_false(buf.failed);
    buf_add_lit(&buf, "e");
    assert_true(buf.failed);
    buf_add(&buf, STR(""));
    assert_holds(&buf, "abcd");
    buf_clear(&buf);
    assert_false(buf.failed);
    buf_add_lit(&buf, "xy");
    buf_add_lit(&buf, "too long");
    buf_add_lit(&buf, "z");
    assert_holds(&buf, "xy");
    assert_null(buf_reserve(&buf, 1));
    buf_deinit(&buf);
}

static void formatted_text_fits_when_it_ends_at_the_ceiling(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    buf_addf(&buf, "%d", 1234);
    assert_false(buf.failed);
    assert_holds(&buf, "1234");
    buf_deinit(&buf);
}

static void reserved_room_counts_when_it_is_used(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add_lit(&buf, "a");
    char *room = buf_reserve(&buf, 500);
    memset(room, 'x', 500);
    buf.len += 2;
    assert_holds(&buf, "axx");
    buf_deinit(&buf);
}

static void the_content_belongs_to_the_taker(void **state)
{
    (void)state;
    struct buf buf;
    size_t len;
    buf_init(&buf, 10);
    buf_add_lit(&buf, "abc");
    char *bytes = buf_take(&buf, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "abc", 3);
    free(bytes);
    assert_holds(&buf, "");
    buf_add_lit(&buf, "0123456789");
    assert_false(buf.failed);
    buf_add_char(&buf, '!');
    assert_true(buf.failed);
    buf_deinit(&buf);
}

static void content_and_memory_are_moved(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    buf_add_lit(&buf, "abc");
    const char *bytes = buf.ptr;
    struct buf moved = buf_move(&buf);
    assert_holds(&moved, "abc");
    assert_ptr_equal(moved.ptr, bytes);
    assert_holds(&buf, "");
    assert_int_equal(buf.size_max, 10);
    buf_add_lit(&buf, "x");
    buf_add_lit(&moved, "y");
    assert_holds(&moved, "abcy");
    buf_deinit(&moved);
    buf_deinit(&buf);
}

static void the_content_stays_in_the_arena(void **state)
{
    (void)state;
    struct arena arena;
    struct buf buf;
    arena_init(&arena);
    buf_init_in(&buf, &arena, 10000);
    for (int i = 0; i < 2000; i++)
        buf_addf(&buf, "%05d", i);
    assert_false(buf.failed);
    struct str content = buf_str(&buf);
    buf_deinit(&buf); /* allowed, and without effect on the content */
    assert_int_equal(content.len, 10000);
    assert_memory_equal(content.ptr, "0000000001", 10);
    assert_memory_equal(content.ptr + 9995, "01999", 5);
    buf_init_in(&buf, &arena, 2);
    buf_add_lit(&buf, "abc");
    assert_true(buf.failed);
    arena_deinit(&arena);
}

static void text_becomes_a_json_string_with_what_must_be_escaped(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add_json(&buf, STR("a\"\\/\b\t\n\v\f\r\x1f\0\x7f\xc3\xa9"));
    assert_holds(&buf, "\"a\\\"\\\\/\\b\\t\\n\\u000b\\f\\r\\u001f\\u0000\x7f\xc3\xa9\"");
    buf_clear(&buf);
    buf_add_json(&buf, STR(""));
    buf_add_json(&buf, (struct str){0});
    assert_holds(&buf, "\"\"null");
    buf_deinit(&buf);
}

static void everything_but_unreserved_characters_is_percent_coded(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add_percent(&buf, STR("azAZ09-._~ /%+\xc3\xa9\n"));
    assert_holds(&buf, "azAZ09-._~%20%2F%25%2B%C3%A9%0A");
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_appended_when_there_is_room),
        cmocka_unit_test(content_survives_when_the_buffer_grows),
        cmocka_unit_test(nothing_more_is_written_when_the_ceiling_was_passed),
        cmocka_unit_test(formatted_text_fits_when_it_ends_at_the_ceiling),
        cmocka_unit_test(reserved_room_counts_when_it_is_used),
        cmocka_unit_test(the_content_belongs_to_the_taker),
        cmocka_unit_test(content_and_memory_are_moved),
        cmocka_unit_test(the_content_stays_in_the_arena),
        cmocka_unit_test(text_becomes_a_json_string_with_what_must_be_escaped),
        cmocka_unit_test(everything_but_unreserved_characters_is_percent_coded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
