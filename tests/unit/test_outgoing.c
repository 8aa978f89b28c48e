/* What a WebSocket sends, and what it holds while idle. */
#include "fake/socket_world.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- out ---- */

static void a_message_goes_out_at_once(void **state)
{
    (void)state;
    struct world *world = world_new();
    call_send(world, STR("hello"));
    assert_int_equal(client_read(world, SIZE_MAX), 7);
    assert_memory_equal(world->heard.ptr, "\x82\x05hello", 7);
    assert_int_equal(websocket_queued(world->socket), 0);
    assert_int_equal(metric_get(&websockets_metrics(world->sockets)->bytes_out), 7);
    settle(world);
    assert_int_equal(world->drained, 0); /* nothing had to wait */
    world_free(world);
}

/* The client takes a few bytes at a time; all come, in order. */
static void what_the_kernel_does_not_take_waits(void **state)
{
    (void)state;
    enum { COUNT = 200, SIZE = 3000, FRAME = SIZE + 4 };
    struct world *world = world_new();
    for (unsigned i = 0; i < COUNT; i++)
        call_send_many(world, SIZE);
    size_t queued = websocket_queued(world->socket);
    assert_true(queued > 0);
    assert_int_equal(metric_get(&websockets_metrics(world->sockets)->queue_max), queued);
    while (world->heard.len < COUNT * FRAME) {
        client_read(world, 1 + world->heard.len % 1777);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    settle(world);
    assert_int_equal(world->drained, 1);
    assert_int_equal(websocket_queued(world->socket), 0);
    for (size_t i = 0; i < COUNT; i++) {
        const char *frame = world->heard.ptr + i * FRAME;
        assert_memory_equal(frame, "\x82\x7e\x0b\xb8", 4);
        for (size_t j = 0; j < SIZE; j++)
            assert_int_equal((unsigned char)frame[4 + j], j % 251);
    }
    world_free(world);
}

static void what_waits_after_all_was_taken_goes_out_too(void **state)
{
    (void)state;
    enum { SIZE = 1 << 16, FRAME = SIZE + 10 };
    struct world *world = world_new();
    for (unsigned round = 1; round <= 3; round++) {
        call_send_many(world, SIZE);
        assert_true(websocket_queued(world->socket) > 0);
        while (world->heard.len < FRAME || world->drained < round) {
            client_read(world, SIZE_MAX);
            uv_run(&world->loop, UV_RUN_NOWAIT);
        }
        assert_int_equal(world->heard.len, FRAME);
        buf_clear(&world->heard);
    }
    world_free(world);
}

static void it_tells_since_when_nothing_has_moved(void **state)
{
    (void)state;
    struct world *world = world_new();
    assert_int_equal(websocket_moved_ms(world->socket), uv_now(&world->loop));
    call_send_many(world, 1 << 20);
    uint64_t stuck_ms = uv_now(&world->loop);
    while (uv_now(&world->loop) < stuck_ms + 3)
        uv_run(&world->loop, UV_RUN_NOWAIT);
    assert_int_equal(websocket_moved_ms(world->socket), stuck_ms);
    while (websocket_moved_ms(world->socket) == stuck_ms) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    assert_true(websocket_queued(world->socket) > 0);
    world_free(world);
}

static void one_parcel_serves_many_sockets(void **state)
{
    (void)state;
    struct world *first = world_new(), *second = world_new();
    struct parcel *parcel = parcel_new(first->sockets, STR("shared"));
    websocket_send(first->socket, parcel);
    websocket_send(second->socket, parcel);
    parcel_unref(parcel);
    assert_heard(first, STR("\x82\x06shared"));
    assert_heard(second, STR("\x82\x06shared"));
    world_free(first);
    world_free(second);
}

/* ---- pings ---- */

static void pings_are_answered_with_their_payload(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_send(world, FIN | FRAME_PING, STR(""));
    client_send(world, FIN | FRAME_PING, STR("abc"));
    client_send(world, FIN | FRAME_PONG, STR("unasked"));
    assert_heard(world, STR("\x8a\x00\x8a\x03"
                            "abc"));
    assert_told(world, "");
    world_free(world);
}

static void a_peer_that_pings_and_does_not_read_gets_one_pong(void **state)
{
    (void)state;
    struct world *world = world_new();
    call_send_many(world, 1 << 16);
    size_t queued = websocket_queued(world->socket);
    for (unsigned i = 0; i < 1000; i++)
        client_send(world, FIN | FRAME_PING, STR("more"));
    client_send(world, FIN | FRAME_PING, STR("last"));
    settle(world);
    assert_int_equal(websocket_queued(world->socket), queued);
    size_t expected = (1 << 16) + 10 + 6;
    while (world->heard.len < expected) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    assert_memory_equal(world->heard.ptr + expected - 6, "\x8a\x04last", 6);
    buf_clear(&world->heard);
    assert_heard(world, STR(""));
    assert_int_equal(world->drained, 1);
    world_free(world);
}

static void our_ping_goes_out_unless_output_waits(void **state)
{
    (void)state;
    struct world *world = world_new();
    websocket_ping(world->socket);
    assert_heard(world, STR("\x89\x00"));
    call_send_many(world, 1 << 16);
    size_t queued = websocket_queued(world->socket);
    websocket_ping(world->socket);
    assert_int_equal(websocket_queued(world->socket), queued);
    world_free(world);
}

/* ---- what an idle socket costs ---- */

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_size(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* The last message came in `pieces` writes; what zlib and the loop have is not the socket's. */
static void expect_little_memory(bool deflate, unsigned first, unsigned pieces)
{
    enum { COST_MAX = 600 };
    char text[MESSAGE_SIZE_MAX];
    struct buf bytes;
    struct world *world = world_new_with((struct str){0}, deflate);
    memset(text, 'x', sizeof text);
    buf_init(&bytes, 4096);
    buf_reserve(&world->told, 4 * MESSAGE_SIZE_MAX); /* not to grow in between */
    if (!(first & FIN))
        add_frame(&bytes, first, (struct str){text, 400});
    unsigned last = first & FIN ? first : FIN | FRAME_CONTINUATION;
    add_frame(&bytes, last, (struct str){text, 500});
    size_t half = bytes.len / pieces;
    client_write(world, (struct str){bytes.ptr, half});
    settle(world);
    client_write(world, (struct str){bytes.ptr + half, bytes.len - half});
    settle(world);
    if (deflate)
        client_send_deflated(world, (struct str){text, sizeof text});
    settle(world);
    size_t before = heap_size();
    websocket_cut(world->socket);
    settle(world);
    assert_null(world->socket);
    assert_in_range(before - heap_size(), 1, COST_MAX);
    buf_deinit(&bytes);
    world_free(world);
}

static void an_idle_socket_holds_no_buffers(void **state)
{
    (void)state;
    expect_little_memory(false, FIN | FRAME_TEXT, 1);
    expect_little_memory(false, FIN | FRAME_TEXT, 2);
    expect_little_memory(false, FRAME_TEXT, 1);
    expect_little_memory(false, FRAME_TEXT, 2);
    expect_little_memory(true, FIN | FRAME_TEXT, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_out_at_once),
        cmocka_unit_test(what_the_kernel_does_not_take_waits),
        cmocka_unit_test(what_waits_after_all_was_taken_goes_out_too),
        cmocka_unit_test(it_tells_since_when_nothing_has_moved),
        cmocka_unit_test(one_parcel_serves_many_sockets),
        cmocka_unit_test(pings_are_answered_with_their_payload),
        cmocka_unit_test(a_peer_that_pings_and_does_not_read_gets_one_pong),
        cmocka_unit_test(our_ping_goes_out_unless_output_waits),
        cmocka_unit_test(an_idle_socket_holds_no_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
