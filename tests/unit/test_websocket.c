/* A WebSocket's end, and what its owner does from within `message`. */
#include "fake/socket_world.h"

#include "ws/deflate.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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
    struct websocket *other =
        websocket_new(world->sockets, fds[0], STR(""), false, world->lane, &handler);
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
    websocket_trust(world->socket, world->lane);
    client_send(world, FIN | FRAME_CONTINUATION, spaces(MESSAGE_SIZE_MAX - UNTRUSTED_SIZE_MAX));
    settle(world);
    assert_int_equal(world->told.len, strlen("binary:;") + MESSAGE_SIZE_MAX);
    client_send(world, FIN | FRAME_BINARY, spaces(MESSAGE_SIZE_MAX));
    settle(world);
    assert_int_equal(world->told.len, 2 * (strlen("binary:;") + MESSAGE_SIZE_MAX));
    world_free(world);
}

/* ---- a step at a time ---- */

/* So many messages of MESSAGE_SIZE_MAX bytes make a step. */
enum { BATCH = 300, STEP = WORK_STEP_BYTES / MESSAGE_SIZE_MAX + 1 };

static size_t count_told(const struct world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->told.len; i++)
        count += world->told.ptr[i] == ';';
    return count;
}

/* BATCH messages, each a few bytes that inflate to MESSAGE_SIZE_MAX: a number, then blanks. */
static void add_inflating(struct buf *out)
{
    struct deflate streams;
    struct buf packed;
    char message[MESSAGE_SIZE_MAX];
    deflate_init(&streams);
    for (unsigned i = 0; i < BATCH; i++) {
        memset(message, ' ', sizeof message);
        message[snprintf(message, sizeof message, "%u", i)] = ' ';
        buf_init(&packed, 1 << 20);
        deflate_pack(&streams, (struct str){message, sizeof message}, &packed);
        add_frame(out, FIN | DEFLATED | FRAME_TEXT, buf_str(&packed));
        buf_deinit(&packed);
    }
    deflate_deinit(&streams);
}

/* Each turn does what it must, and no more. */
static struct world *hurried_world_new(bool deflate)
{
    struct world *world = world_new_with((struct str){0}, deflate);
    world->work.queue.options.budget_us = 0;
    return world;
}

static void assert_told_in_order(const struct world *world)
{
    const char *at = world->told.ptr;
    assert_int_equal(world->told.len, BATCH * (5 + MESSAGE_SIZE_MAX + 1));
    for (unsigned i = 0; i < BATCH; i++, at += 5 + MESSAGE_SIZE_MAX + 1)
        assert_int_equal(atoi(at + 5), i);
}

static void what_inflates_is_taken_apart_a_step_at_a_time(void **state)
{
    (void)state;
    struct buf bytes;
    struct world *world = hurried_world_new(true);
    buf_init(&bytes, 1 << 16);
    add_inflating(&bytes);
    client_write(world, buf_str(&bytes));
    for (size_t before = 0; before < BATCH; before = count_told(world)) {
        turn(world);
        assert_in_range(count_told(world) - before, 1, 2 * STEP); /* when read, and as a worker */
    }
    assert_told_in_order(world);
    assert_true(work_is_empty(&world->work.queue));
    buf_deinit(&bytes);
    world_free(world);
}

static void nothing_is_read_while_there_is_a_backlog(void **state)
{
    (void)state;
    enum { SIZE_OF_ONE = 7, A_READ = 64 * 1024 / SIZE_OF_ONE, TINY = 3 * A_READ };
    struct buf bytes;
    struct world *world = hurried_world_new(false);
    const struct metric *in = &websockets_metrics(world->sockets)->bytes_in;
    setsockopt(world->fd, SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int));
    buf_init(&bytes, 1 << 20);
    for (unsigned i = 0; i < TINY; i++)
        add_frame(&bytes, FIN | FRAME_TEXT, STR("a"));
    assert_int_equal(send(world->fd, bytes.ptr, bytes.len, 0), bytes.len);
    do {
        turn(world);
        assert_true(metric_get(in) <= 64 * 1024 * (1 + count_told(world) / A_READ));
    } while (count_told(world) < TINY);
    assert_int_equal(metric_get(in), bytes.len);
    buf_deinit(&bytes);
    world_free(world);
}

static void many_tiny_frames_are_a_large_step(void **state)
{
    (void)state;
    struct buf bytes;
    struct world *world = hurried_world_new(false);
    buf_init(&bytes, 1 << 16);
    add_frame(&bytes, FRAME_TEXT, STR("a"));
    for (unsigned i = 0; i < 3 * WORK_STEP_BYTES / WORK_PIECE_BYTES; i++)
        add_frame(&bytes, i % 2 ? FRAME_CONTINUATION : FIN | FRAME_PONG, STR(""));
    add_frame(&bytes, FIN | FRAME_CONTINUATION, STR("b"));
    assert_true(bytes.len < 64 * 1024);
    client_write(world, buf_str(&bytes));
    turn(world);
    assert_true(told(world, ""));
    await(world, told(world, "text:ab;"));
    buf_deinit(&bytes);
    world_free(world);
}

struct other {
    struct world *world;
    size_t told_before; /* to the first, when the other's message came */
    bool closed;
};

static void on_message_of_other(void *context, struct str bytes, bool text)
{
    struct other *other = context;
    (void)bytes;
    (void)text;
    other->told_before = count_told(other->world);
}

static void on_end_of_other(void *context, unsigned code)
{
    (void)code;
    ((struct other *)context)->closed = true;
}

static void one_with_much_to_say_does_not_hold_up_another(void **state)
{
    (void)state;
    int fds[2];
    struct buf bytes;
    struct world *world = hurried_world_new(true);
    struct other other = {.world = world};
    struct websocket_handler handler = {on_message_of_other, on_drained, on_end_of_other, &other};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct websocket *socket =
        websocket_new(world->sockets, fds[0], STR(""), false, world->lane, &handler);
    buf_init(&bytes, 1 << 16);
    add_inflating(&bytes);
    client_write(world, buf_str(&bytes));
    turn(world);
    assert_true(count_told(world) > 0);
    buf_clear(&bytes);
    add_frame(&bytes, FIN | FRAME_TEXT, STR("hello"));
    assert_int_equal(send(fds[1], bytes.ptr, bytes.len, 0), bytes.len);
    await(world, other.told_before);
    assert_true(other.told_before <= 4 * STEP);
    await(world, count_told(world) == BATCH);
    websocket_cut(socket);
    await(world, other.closed);
    close(fds[1]);
    buf_deinit(&bytes);
    world_free(world);
}

static void one_with_a_backlog_may_be_paused_closed_and_cut(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, 1 << 16);
    add_inflating(&bytes);
    for (unsigned i = 0; i < 3; i++) {
        struct world *world = hurried_world_new(true);
        client_write(world, buf_str(&bytes));
        client_send_close(world, 1000, "");
        turn(world);
        size_t before = count_told(world);
        assert_in_range(before, 1, BATCH - 1);
        websocket_read(world->socket, false);
        settle(world);
        assert_int_equal(count_told(world), before);
        if (i == 0)
            websocket_read(world->socket, true);
        if (i == 1)
            websocket_close(world->socket, WEBSOCKET_GOING_AWAY, STR(""));
        if (i == 2)
            websocket_cut(world->socket);
        await(world, !world->socket);
        assert_int_equal(count_told(world), (i == 0 ? BATCH : before) + 1);
        assert_true(work_is_empty(&world->work.queue));
        world_free(world);
    }
    buf_deinit(&bytes);
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
        cmocka_unit_test(what_inflates_is_taken_apart_a_step_at_a_time),
        cmocka_unit_test(nothing_is_read_while_there_is_a_backlog),
        cmocka_unit_test(many_tiny_frames_are_a_large_step),
        cmocka_unit_test(one_with_much_to_say_does_not_hold_up_another),
        cmocka_unit_test(one_with_a_backlog_may_be_paused_closed_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
