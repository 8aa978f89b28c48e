/* A WebSocket's end, and what its owner does from within `message`. */
#include "fake/socket_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- closing ---- */

static void a_close_frame_is_answered_in_kind(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_send_close(world, 3000, "bye");
    client_send(world, FIN | FRAME_TEXT, STR("ignored"));
    assert_heard_close(world, 3000);
    assert_true(world->ended);
    assert_told(world, "closed:3000;");
    world_free(world);
}

static void a_close_frame_without_a_code_is_answered_without_one(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_send(world, FIN | FRAME_CLOSE, STR(""));
    assert_heard(world, STR("\x88\x00"));
    assert_told(world, "closed:1005;");
    world_free(world);
}

static void our_close_frame_waits_for_the_answer(void **state)
{
    (void)state;
    struct world *world = world_new();
    call_send(world, STR("last"));
    world->calling = true;
    websocket_close(world->socket, WEBSOCKET_GOING_AWAY, STR("later"));
    websocket_close(world->socket, WEBSOCKET_NORMAL, STR(""));
    world->calling = false;
    call_send(world, STR("too late"));
    websocket_ping(world->socket);
    client_send(world, FIN | FRAME_TEXT, STR("ignored"));
    client_send(world, FIN | FRAME_PING, STR("ignored"));
    assert_heard(world, STR("\x82\x04last\x88\x07\x03\xe9later"));
    assert_told(world, "");
    client_send_close(world, 1001, "");
    assert_told(world, "closed:1001;");
    assert_heard(world, STR(""));
    assert_true(world->ended);
    world_free(world);
}

static void a_peer_that_does_not_answer_is_cut_in_time(void **state)
{
    (void)state;
    struct world *world = world_new();
    uint64_t begun_ms = uv_now(&world->loop);
    websocket_close(world->socket, WEBSOCKET_NORMAL, STR(""));
    await(world, !world->socket);
    assert_true(uv_now(&world->loop) - begun_ms >= CLOSE_TIMEOUT_MS);
    assert_told(world, "closed:1006;");
    world_free(world);
}

static void a_peer_that_breaks_the_protocol_and_stays_is_cut_in_time(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_send(world, FIN | 3, STR(""));
    assert_heard_close(world, 1002);
    assert_told(world, "");
    await(world, !world->socket);
    assert_told(world, "closed:1002;");
    world_free(world);
}

static void on_other_closed(void *context, unsigned code)
{
    (void)code;
    *(bool *)context = true;
}

static void each_of_several_that_close_has_its_own_time(void **state)
{
    (void)state;
    int fds[2];
    bool closed = false;
    struct world *world = world_new();
    struct websocket_handler handler = {on_message, on_drained, on_other_closed, &closed};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct websocket *other = websocket_new(world->sockets, fds[0], STR(""), false, &handler);
    websocket_close(world->socket, WEBSOCKET_NORMAL, STR(""));
    uint64_t begun_ms = uv_now(&world->loop);
    while (uv_now(&world->loop) < begun_ms + CLOSE_TIMEOUT_MS / 3)
        uv_run(&world->loop, UV_RUN_NOWAIT);
    begun_ms = uv_now(&world->loop);
    websocket_close(other, WEBSOCKET_NORMAL, STR(""));
    await(world, !world->socket);
    assert_false(closed);
    await(world, closed);
    assert_true(uv_now(&world->loop) - begun_ms >= CLOSE_TIMEOUT_MS);
    close(fds[1]);
    world_free(world);
}

static void a_peer_that_closes_and_does_not_read_is_cut_in_time(void **state)
{
    (void)state;
    struct world *world = world_new();
    call_send_many(world, 1 << 20);
    client_send_close(world, 1000, "");
    assert_told(world, "");
    await(world, !world->socket);
    assert_told(world, "closed:1000;");
    world_free(world);
}

static void what_is_queued_is_sent_before_the_close_frame(void **state)
{
    (void)state;
    enum { SIZE = 100000 };
    struct world *world = world_new();
    call_send_many(world, SIZE);
    client_send(world, FIN | FRAME_PING, STR("dropped"));
    settle(world);
    websocket_close(world->socket, WEBSOCKET_NORMAL, STR(""));
    while (world->heard.len < SIZE + 10 + 4) {
        client_read(world, SIZE_MAX);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    settle(world);
    client_read(world, SIZE_MAX);
    assert_int_equal(world->heard.len, SIZE + 10 + 4); /* and no pong behind it */
    assert_memory_equal(world->heard.ptr + SIZE + 10, "\x88\x02\x03\xe8", 4);
    buf_clear(&world->heard);
    client_send_close(world, 1000, "");
    assert_told(world, "closed:1000;");
    assert_heard(world, STR(""));
    assert_int_equal(world->drained, 0);
    world_free(world);
}

static void a_socket_that_does_not_read_is_closed_all_the_same(void **state)
{
    (void)state;
    struct world *world = world_new();
    world->reaction = PAUSE;
    client_send(world, FIN | FRAME_TEXT, STR("m"));
    client_send(world, FIN | FRAME_TEXT, STR("kept"));
    client_send_close(world, 1000, "");
    assert_told(world, "text:m;");
    websocket_close(world->socket, WEBSOCKET_GOING_AWAY, STR(""));
    assert_told(world, "text:m;closed:1000;");
    world_free(world);
}

static void a_lost_connection_is_told(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_hang_up(world);
    assert_told(world, "closed:1006;");
    world_free(world);
}

static void sending_to_a_peer_that_has_gone_is_no_signal(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_hang_up(world);
    call_send(world, STR("nobody"));
    call_send(world, STR("nobody"));
    assert_told(world, "closed:1006;");
    world_free(world);
}

static void a_peer_that_goes_while_output_waits_is_told(void **state)
{
    (void)state;
    struct world *world = world_new();
    websocket_read(world->socket, false);
    call_send_many(world, 1 << 20);
    client_hang_up(world);
    assert_told(world, "closed:1006;");
    world_free(world);
}

/* It reads nothing more, but has not gone: so only the writing tells. */
static void flushing_to_a_peer_that_reads_no_more_is_no_signal(void **state)
{
    (void)state;
    struct world *world = world_new();
    call_send_many(world, 1 << 20);
    shutdown(world->fd, SHUT_RD);
    while (client_read(world, SIZE_MAX)) /* what had arrived before; it makes room */
        ;
    assert_told(world, "closed:1006;");
    world_free(world);
}

static void the_connection_ends_whoever_else_has_its_descriptor(void **state)
{
    (void)state;
    struct world *world = world_new();
    int twin = dup(world->socket_fd);
    websocket_cut(world->socket);
    assert_told(world, "closed:1006;");
    assert_int_equal(fcntl(world->socket_fd, F_GETFD), -1);
    assert_heard(world, STR(""));
    assert_true(world->ended);
    close(twin);
    world_free(world);
}

static void nothing_waits_in_a_socket_that_was_cut(void **state)
{
    (void)state;
    struct world *world = world_new();
    call_send_many(world, 1 << 16);
    websocket_cut(world->socket);
    assert_int_equal(websocket_queued(world->socket), 0);
    assert_told(world, "closed:1006;");
    world_free(world);
}

/* ---- from within `message` ---- */

static void a_message_may_be_answered_from_within(void **state)
{
    (void)state;
    struct world *world = world_new();
    world->reaction = ANSWER;
    client_send(world, FIN | FRAME_TEXT, STR("a"));
    client_send(world, FIN | FRAME_TEXT, STR("b"));
    assert_heard(world, STR("\x82\x01"
                            "a\x82\x01"
                            "b"));
    world_free(world);
}

static void expect_end_within(enum reaction reaction, bool deflate, bool fragmented)
{
    struct world *world = world_new_with((struct str){0}, deflate);
    world->reaction = reaction;
    if (fragmented) {
        client_send(world, FRAME_TEXT, STR("on"));
        client_send(world, FIN | FRAME_CONTINUATION, STR("e"));
    } else if (deflate) {
        client_send_deflated(world, STR("one"));
    } else {
        client_send(world, FIN | FRAME_TEXT, STR("one"));
    }
    client_send(world, FIN | FRAME_TEXT, STR("two"));
    settle(world);
    if (reaction == CLOSE) {
        assert_heard(world, STR("\x88\x08\x03\xf0"
                                "enough"));
        client_send_close(world, 1008, "");
        assert_told(world, "text:one;closed:1008;");
    } else {
        assert_told(world, "text:one;closed:1006;");
        assert_heard(world, STR(""));
    }
    world_free(world);
}

static void it_may_be_closed_or_cut_from_within(void **state)
{
    (void)state;
    static const enum reaction reactions[] = {CLOSE, CUT, CUT_AND_SEND};
    for (size_t i = 0; i < sizeof reactions / sizeof *reactions; i++) {
        expect_end_within(reactions[i], false, false);
        expect_end_within(reactions[i], false, true);
        expect_end_within(reactions[i], true, false);
    }
}

static void it_may_be_cut_before_its_early_bytes_are_read(void **state)
{
    (void)state;
    struct world *world = world_new_with(STR("\x81"), false);
    world->calling = true;
    websocket_cut(world->socket);
    websocket_cut(world->socket);
    world->calling = false;
    assert_told(world, "closed:1006;");
    world_free(world);
}

static void it_tells_when_it_last_heard(void **state)
{
    (void)state;
    struct world *world = world_new();
    uint64_t begun_ms = websocket_heard_ms(world->socket);
    while (uv_now(&world->loop) < begun_ms + 3)
        uv_run(&world->loop, UV_RUN_NOWAIT);
    assert_int_equal(websocket_heard_ms(world->socket), begun_ms);
    client_write(world, STR("\x81"));
    settle(world);
    assert_true(websocket_heard_ms(world->socket) >= begun_ms + 3);
    world_free(world);
}

/* --- a peer that is not trusted --- */

enum { UNTRUSTED_SIZE_MAX = 100, UNTRUSTED_BYTES_MAX = 400 };

static struct world *world_of_strangers(bool deflate)
{
    struct websocket_options options = {
        .message_size_max = MESSAGE_SIZE_MAX,
        .untrusted_size_max = UNTRUSTED_SIZE_MAX,
        .untrusted_bytes_max = UNTRUSTED_BYTES_MAX,
        .close_timeout_ms = CLOSE_TIMEOUT_MS,
    };
    return world_new_of(&options, (struct str){0}, deflate);
}

static struct str spaces(size_t len)
{
    static char text[MESSAGE_SIZE_MAX];
    memset(text, ' ', sizeof text);
    return (struct str){text, len};
}

static void a_stranger_may_send_small_messages_only(void **state)
{
    (void)state;
    struct world *world = world_of_strangers(false);
    client_send(world, FIN | FRAME_BINARY, spaces(UNTRUSTED_SIZE_MAX));
    settle(world);
    assert_int_equal(world->told.len, strlen("binary:;") + UNTRUSTED_SIZE_MAX);
    client_send(world, FIN | FRAME_BINARY, spaces(UNTRUSTED_SIZE_MAX + 1));
    assert_heard_close(world, WEBSOCKET_TOO_BIG);
    world_free(world);
}

static void what_a_stranger_sends_is_inflated_to_a_small_message_only(void **state)
{
    (void)state;
    struct world *world = world_of_strangers(true);
    client_send_deflated(world, spaces(UNTRUSTED_SIZE_MAX));
    settle(world);
    assert_int_equal(world->told.len, strlen("text:;") + UNTRUSTED_SIZE_MAX);
    client_send_deflated(world, spaces(UNTRUSTED_SIZE_MAX + 1));
    assert_heard_close(world, WEBSOCKET_TOO_BIG);
    world_free(world);
}

static void a_stranger_may_send_so_much_in_all(void **state)
{
    (void)state;
    struct world *world = world_of_strangers(false);
    for (unsigned i = 0; i < UNTRUSTED_BYTES_MAX / 50; i++) {
        client_send(world, FIN | FRAME_PONG, spaces(44));
        settle(world);
    }
    assert_told(world, "");
    client_send(world, FIN | FRAME_PONG, spaces(1));
    assert_heard_close(world, WEBSOCKET_POLICY);
    world_free(world);
}

static void a_peer_that_is_trusted_may_send_as_much_as_anybody(void **state)
{
    (void)state;
    struct world *world = world_of_strangers(false);
    client_send(world, FRAME_BINARY, spaces(UNTRUSTED_SIZE_MAX));
    settle(world);
    websocket_trust(world->socket);
    client_send(world, FIN | FRAME_CONTINUATION, spaces(MESSAGE_SIZE_MAX - UNTRUSTED_SIZE_MAX));
    settle(world);
    assert_int_equal(world->told.len, strlen("binary:;") + MESSAGE_SIZE_MAX);
    client_send(world, FIN | FRAME_BINARY, spaces(MESSAGE_SIZE_MAX));
    settle(world);
    assert_int_equal(world->told.len, 2 * (strlen("binary:;") + MESSAGE_SIZE_MAX));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_frame_is_answered_in_kind),
        cmocka_unit_test(a_close_frame_without_a_code_is_answered_without_one),
        cmocka_unit_test(our_close_frame_waits_for_the_answer),
        cmocka_unit_test(a_peer_that_does_not_answer_is_cut_in_time),
        cmocka_unit_test(a_peer_that_breaks_the_protocol_and_stays_is_cut_in_time),
        cmocka_unit_test(each_of_several_that_close_has_its_own_time),
        cmocka_unit_test(a_peer_that_closes_and_does_not_read_is_cut_in_time),
        cmocka_unit_test(what_is_queued_is_sent_before_the_close_frame),
        cmocka_unit_test(a_socket_that_does_not_read_is_closed_all_the_same),
        cmocka_unit_test(a_lost_connection_is_told),
        cmocka_unit_test(sending_to_a_peer_that_has_gone_is_no_signal),
        cmocka_unit_test(a_peer_that_goes_while_output_waits_is_told),
        cmocka_unit_test(flushing_to_a_peer_that_reads_no_more_is_no_signal),
        cmocka_unit_test(the_connection_ends_whoever_else_has_its_descriptor),
        cmocka_unit_test(nothing_waits_in_a_socket_that_was_cut),
        cmocka_unit_test(a_message_may_be_answered_from_within),
        cmocka_unit_test(it_may_be_closed_or_cut_from_within),
        cmocka_unit_test(it_may_be_cut_before_its_early_bytes_are_read),
        cmocka_unit_test(it_tells_when_it_last_heard),
        cmocka_unit_test(a_stranger_may_send_small_messages_only),
        cmocka_unit_test(what_a_stranger_sends_is_inflated_to_a_small_message_only),
        cmocka_unit_test(a_stranger_may_send_so_much_in_all),
        cmocka_unit_test(a_peer_that_is_trusted_may_send_as_much_as_anybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
