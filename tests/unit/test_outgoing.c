/* What a WebSocket sends, and what it holds while idle. */
#include "fake/socket_world.h"

#include "ws/deflate.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void it_tells_what_there_was_to_take_since_nothing_waited(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct world *world = world_new();
    call_send_many(world, 100);
    assert_int_equal(websocket_load(world->socket).bytes, 0);
    call_send_many(world, SIZE);
    uint64_t since_ms = uv_now(&world->loop);
    size_t waited = websocket_queued(world->socket);
    assert_in_range(waited, 1, SIZE);
    assert_int_equal(websocket_load(world->socket).bytes, waited);
    while (websocket_queued(world->socket) == waited || uv_now(&world->loop) == since_ms) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    call_send_many(world, SIZE); /* more behind it changes nothing but the bytes */
    assert_int_equal(websocket_load(world->socket).bytes, waited + SIZE + 10);
    assert_int_equal(websocket_load(world->socket).since_ms, since_ms);
    while (websocket_queued(world->socket)) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(websocket_load(world->socket).bytes, 0);
    call_send_many(world, SIZE);
    assert_int_equal(websocket_load(world->socket).since_ms, uv_now(&world->loop));
    assert_int_equal(websocket_load(world->socket).bytes, websocket_queued(world->socket));
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

/* ---- what is too large to be deflated in one go ---- */

static void on_other_closed(void *context, unsigned code)
{
    (void)context;
    (void)code;
}

enum { LARGE = 20 * PARCEL_PIECE };

/* Each turn does what it must, and no more. */
static struct world *hurried_world_new(void)
{
    struct world *world = world_new_with((struct str){0}, true);
    world->work.queue.options.budget_us = 0;
    return world;
}

/* What has been heard begins with a deflated message of call_send_many(LARGE); take it off. */
static void take_large(struct world *world)
{
    struct deflate streams;
    struct buf plain;
    const unsigned char *frame = (const unsigned char *)world->heard.ptr;
    assert_true(world->heard.len > 4);
    assert_int_equal(frame[0], 0xc2);
    size_t header = frame[1] == 126 ? 4 : 10, len = (size_t)frame[2] << 8 | frame[3];
    if (frame[1] == 127)
        len = (size_t)frame[7] << 16 | (size_t)frame[8] << 8 | frame[9];
    assert_true(world->heard.len >= header + len);
    deflate_init(&streams);
    buf_init(&plain, HEARD_MAX);
    assert_true(deflate_unpack(&streams, (struct str){world->heard.ptr + header, len}, &plain));
    assert_int_equal(plain.len, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        assert_int_equal((unsigned char)plain.ptr[i], i % 251);
    buf_deinit(&plain);
    deflate_deinit(&streams);
    world->heard.len -= header + len;
    memmove(world->heard.ptr, world->heard.ptr + header + len, world->heard.len);
}

static void a_large_message_is_deflated_over_several_turns(void **state)
{
    (void)state;
    unsigned turns = 0;
    struct world *world = hurried_world_new();
    call_send(world, STR("first"));
    assert_heard(world, STR("\x82\x05"
                            "first"));
    call_send_many(world, LARGE);
    call_send(world, STR("behind"));
    size_t queued = websocket_queued(world->socket);
    assert_true(queued >= LARGE); /* it counts as what it holds */
    for (; !client_read(world, SIZE_MAX); turns++) {
        assert_int_equal(websocket_moved_ms(world->socket), uv_now(&world->loop));
        turn(world);
    }
    assert_int_equal(turns, LARGE / PARCEL_PIECE);
    assert_true(websocket_queued(world->socket) < queued / 10);
    while (!world->drained) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    while (client_read(world, SIZE_MAX))
        ;
    take_large(world);
    assert_heard(world, STR("\x82\x06"
                            "behind"));
    assert_int_equal(websocket_queued(world->socket), 0);
    world_free(world);
}

static void another_is_not_held_up_by_it(void **state)
{
    (void)state;
    struct world *world = hurried_world_new(), *other = world_new_with((struct str){0}, true);
    call_send_many(world, LARGE);
    turn(world);
    call_send(other, STR("quick"));
    assert_heard(other, STR("\x82\x05quick"));
    assert_int_equal(client_read(world, SIZE_MAX), 0);
    world_free(other);
    world_free(world); /* while it is being deflated */
}

/* The loop is not kept busy by a socket that could be written to. */
static void large_messages_follow_each_other_and_the_close_frame_comes_last(void **state)
{
    (void)state;
    struct world *world = hurried_world_new();
    for (unsigned i = 0; i < 3; i++)
        call_send_many(world, LARGE);
    websocket_close(world->socket, WEBSOCKET_NORMAL, STR(""));
    client_send_close(world, 1000, "");
    while (!world->ended) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    for (unsigned i = 0; i < 3; i++)
        take_large(world);
    assert_heard_close(world, 1000);
    assert_told(world, "closed:1000;");
    world_free(world);
}

/* Two sockets wait for one parcel: it is deflated once, by both together. */
static void a_large_message_for_many_is_deflated_once(void **state)
{
    (void)state;
    int fds[2];
    struct world *world = hurried_world_new();
    struct websocket_handler handler = {on_message, on_drained, on_other_closed, world};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct websocket *other =
        websocket_new(world->sockets, fds[0], STR(""), true, world->lane, &handler);
    char *bytes = calloc(1, LARGE);
    struct parcel *parcel = parcel_new(world->sockets, (struct str){bytes, LARGE});
    free(bytes);
    websocket_send(world->socket, parcel);
    websocket_send(other, parcel);
    parcel_unref(parcel);
    while (!client_read(world, SIZE_MAX))
        turn(world);
    await(world, !websocket_queued(other) && !websocket_queued(world->socket));
    assert_int_equal(metric_get(&world->work.queue.metrics.steps), LARGE / PARCEL_PIECE + 1);
    websocket_cut(other);
    settle(world);
    close(fds[1]);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_out_at_once),
        cmocka_unit_test(what_the_kernel_does_not_take_waits),
        cmocka_unit_test(what_waits_after_all_was_taken_goes_out_too),
        cmocka_unit_test(it_tells_since_when_nothing_has_moved),
        cmocka_unit_test(it_tells_what_there_was_to_take_since_nothing_waited),
        cmocka_unit_test(one_parcel_serves_many_sockets),
        cmocka_unit_test(pings_are_answered_with_their_payload),
        cmocka_unit_test(a_peer_that_pings_and_does_not_read_gets_one_pong),
        cmocka_unit_test(our_ping_goes_out_unless_output_waits),
        cmocka_unit_test(an_idle_socket_holds_no_buffers),
        cmocka_unit_test(a_large_message_is_deflated_over_several_turns),
        cmocka_unit_test(another_is_not_held_up_by_it),
        cmocka_unit_test(large_messages_follow_each_other_and_the_close_frame_comes_last),
        cmocka_unit_test(a_large_message_for_many_is_deflated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
