#include "base/buf.h"
#include "ws/deflate.h"
#include "ws/frame.h"
#include "ws/websocket.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uv_loop_t loop;
static struct work_queue work;
static struct websockets *sockets;

static int set_up(void **state)
{
    struct websocket_options options = {.work = &work,
                                        .message_size_max = 1000,
                                        .close_timeout_ms = 1000};
    (void)state;
    uv_loop_init(&loop);
    work_init(&work, &(struct work_options){.budget_us = 1000000});
    sockets = websockets_new(&loop, &options);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    websockets_free(sockets);
    uv_run(&loop, UV_RUN_NOWAIT);
    return uv_loop_close(&loop);
}

static struct parcel *make(size_t len)
{
    char *bytes = malloc(len + 1);
    memset(bytes, 'x', len);
    struct parcel *parcel = parcel_new(sockets, (struct str){bytes, len});
    free(bytes);
    return parcel;
}

static void a_parcel_is_one_binary_frame(void **state)
{
    (void)state;
    struct parcel *parcel = parcel_new(sockets, STR("hello"));
    assert_true(str_eq(parcel_frame(parcel, false), STR("\x82\x05hello")));
    parcel_unref(parcel);
    parcel = parcel_new(sockets, STR(""));
    assert_true(str_eq(parcel_frame(parcel, true), STR("\x82\x00")));
    parcel_unref(parcel);
    parcel = make(70000);
    assert_int_equal(parcel_frame(parcel, false).len, 70010);
    assert_memory_equal(parcel_frame(parcel, false).ptr, "\x82\x7f\0\0\0\0\0\x01\x11\x70xx", 12);
    parcel_unref(parcel);
}

static void a_short_one_is_not_deflated(void **state)
{
    (void)state;
    struct parcel *parcel = make(PARCEL_DEFLATE_MIN - 1);
    assert_ptr_equal(parcel_frame(parcel, true).ptr, parcel_frame(parcel, false).ptr);
    parcel_unref(parcel);
}

static void a_long_one_is_deflated_once(void **state)
{
    (void)state;
    struct parcel *parcel = make(PARCEL_DEFLATE_MIN);
    struct str deflated = parcel_frame(parcel, true);
    assert_true(deflated.len < 40);
    assert_int_equal((unsigned char)deflated.ptr[0], 0xc2);
    assert_int_equal(deflated.ptr[1], deflated.len - 2);
    assert_ptr_equal(parcel_frame(parcel, true).ptr, deflated.ptr);
    assert_int_equal(parcel_frame(parcel, false).len, PARCEL_DEFLATE_MIN + 4);
    struct deflate streams;
    struct buf plain;
    deflate_init(&streams);
    buf_init(&plain, 1 << 20);
    assert_true(deflate_unpack(&streams, (struct str){deflated.ptr + 2, deflated.len - 2}, &plain));
    assert_int_equal(plain.len, PARCEL_DEFLATE_MIN);
    buf_deinit(&plain);
    deflate_deinit(&streams);
    parcel_unref(parcel);
}

static void a_large_one_is_deflated_a_piece_at_a_time(void **state)
{
    (void)state;
    enum { SIZE = 5 * PARCEL_PIECE + 1 };
    struct parcel *parcel = make(SIZE);
    assert_true(parcel_is_ready(parcel, false));
    assert_int_equal(parcel_frame(parcel, false).len, SIZE + 10);
    for (unsigned i = 0; i < 6; i++) {
        assert_false(parcel_is_ready(parcel, true));
        assert_true(parcel_size(parcel, true) >= SIZE);
        parcel_pack(parcel);
    }
    assert_true(parcel_is_ready(parcel, true));
    struct str deflated = parcel_frame(parcel, true);
    assert_in_range(deflated.len, 126, SIZE / 100);
    assert_int_equal(parcel_size(parcel, true), deflated.len);
    assert_int_equal((unsigned char)deflated.ptr[0], 0xc2);
    struct deflate streams;
    struct buf plain;
    deflate_init(&streams);
    buf_init(&plain, 1 << 20);
    assert_true(deflate_unpack(&streams, (struct str){deflated.ptr + 4, deflated.len - 4}, &plain));
    assert_int_equal(plain.len, SIZE);
    assert_memory_equal(plain.ptr, parcel_frame(parcel, false).ptr + 10, SIZE);
    buf_deinit(&plain);
    deflate_deinit(&streams);
    parcel_unref(parcel);
}

static void a_large_one_that_does_not_get_shorter_is_given_up_soon(void **state)
{
    (void)state;
    enum { SIZE = 4 * PARCEL_PIECE };
    char *noise = malloc(SIZE);
    uint32_t seed = 7;
    for (size_t i = 0; i < SIZE; i++)
        noise[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
    struct parcel *parcel = parcel_new(sockets, (struct str){noise, SIZE});
    parcel_pack(parcel);
    assert_true(parcel_is_ready(parcel, true));
    assert_ptr_equal(parcel_frame(parcel, true).ptr, parcel_frame(parcel, false).ptr);
    parcel_unref(parcel);
    free(noise);
}

/* ASan and mallinfo2 count differently, and allocators round: a third is room enough. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_size(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* When only queues of sockets that want it deflated hold it, it has no more memory than they
 * count. */
static void the_plain_form_goes_when_nobody_needs_it(void **state)
{
    (void)state;
    enum { SIZE = 6 * PARCEL_PIECE };
    size_t before = heap_size();
    struct parcel *parcel = make(SIZE);
    parcel_ref_form(parcel, true);
    parcel_ref_form(parcel, false);
    for (unsigned i = 0; i < 6; i++)
        parcel_pack(parcel);
    parcel_unref(parcel);
    assert_true(heap_size() - before > SIZE); /* somebody needs it */
    parcel_unref_form(parcel, false);
    assert_true(heap_size() - before < SIZE / 3);
    assert_true(parcel_frame(parcel, true).len < SIZE / 100);
    parcel_unref_form(parcel, true);
    parcel = make(600); /* the form is made while its maker still holds it */
    parcel_ref_form(parcel, true);
    assert_true(parcel_frame(parcel, true).len < 50);
    size_t both = heap_size();
    parcel_unref(parcel);
    assert_true(both - heap_size() >= 600);
    parcel_unref_form(parcel, true);
    parcel = make(SIZE); /* nobody waits to see it deflated */
    parcel_pack(parcel);
    parcel_unref(parcel);
    assert_in_range(heap_size(), 0, before + 1000);
}

static void what_does_not_get_shorter_is_sent_as_it_is(void **state)
{
    (void)state;
    char noise[2000];
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
    struct parcel *parcel = parcel_new(sockets, (struct str){noise, sizeof noise});
    assert_ptr_equal(parcel_frame(parcel, true).ptr, parcel_frame(parcel, false).ptr);
    assert_ptr_equal(parcel_frame(parcel, true).ptr, parcel_frame(parcel, false).ptr);
    parcel_unref(parcel);
}

static void it_lives_as_long_as_somebody_refers_to_it(void **state)
{
    (void)state;
    struct parcel *parcel = parcel_ref(make(600));
    parcel_frame(parcel, true);
    parcel_unref(parcel);
    assert_int_equal(parcel_frame(parcel, false).len, 604);
    parcel_unref(parcel);
    parcel_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parcel_is_one_binary_frame),
        cmocka_unit_test(a_short_one_is_not_deflated),
        cmocka_unit_test(a_long_one_is_deflated_once),
        cmocka_unit_test(a_large_one_is_deflated_a_piece_at_a_time),
        cmocka_unit_test(a_large_one_that_does_not_get_shorter_is_given_up_soon),
        cmocka_unit_test(the_plain_form_goes_when_nobody_needs_it),
        cmocka_unit_test(what_does_not_get_shorter_is_sent_as_it_is),
        cmocka_unit_test(it_lives_as_long_as_somebody_refers_to_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
