/* What a WebSocket reads: messages, breaches of the protocol, compression. */
#include "fake/socket_world.h"

#include "ws/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

/* ---- messages in ---- */

static void messages_arrive(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_send(world, FIN | FRAME_TEXT, STR("hello"));
    client_send(world, FIN | FRAME_BINARY, STR("\xff\xfe"));
    client_send(world, FIN | FRAME_BINARY, STR(""));
    assert_told(world, "text:hello;binary:\xff\xfe;binary:;");
    assert_int_equal(metric_get(&websockets_metrics(world->sockets)->bytes_in), 11 + 8 + 6);
    world_free(world);
}

static void a_message_arrives_however_it_is_cut(void **state)
{
    (void)state;
    char text[300];
    struct buf bytes;
    struct world *world = world_new();
    memset(text, 'x', sizeof text);
    buf_init(&bytes, 4096);
    add_frame(&bytes, FIN | FRAME_TEXT, (struct str){text, sizeof text});
    add_frame(&bytes, FRAME_TEXT, STR("a\xc3"));
    add_frame(&bytes, FIN | FRAME_PING, STR("p"));
    add_frame(&bytes, FIN | FRAME_CONTINUATION, STR("\xa4"));
    for (size_t i = 0; i < bytes.len; i++) {
        client_write(world, (struct str){bytes.ptr + i, 1});
        settle(world);
    }
    assert_int_equal(world->told.len, 5 + 300 + 1 + 5 + 3 + 1);
    assert_memory_equal(world->told.ptr + 306, "text:a\xc3\xa4;", 9);
    assert_heard(world, STR("\x8a\x01p"));
    buf_deinit(&bytes);
    world_free(world);
}

static void fragments_make_one_message_with_control_frames_between(void **state)
{
    (void)state;
    struct world *world = world_new();
    client_send(world, FRAME_TEXT, STR("one "));
    client_send(world, FRAME_CONTINUATION, STR(""));
    client_send(world, FIN | FRAME_PING, STR("ping"));
    client_send(world, FIN | FRAME_PONG, STR("pong"));
    client_send(world, FRAME_CONTINUATION, STR("two "));
    assert_told(world, "");
    client_send(world, FIN | FRAME_CONTINUATION, STR("three"));
    client_send(world, FIN | FRAME_TEXT, STR("next"));
    assert_told(world, "text:one two three;text:next;");
    assert_heard(world, STR("\x8a\x04ping"));
    world_free(world);
}

static void early_bytes_come_first_in_the_next_turn(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, 4096);
    add_frame(&bytes, FIN | FRAME_TEXT, STR("early"));
    add_frame(&bytes, FIN | FRAME_TEXT, STR("half"));
    struct world *world = world_new_with((struct str){bytes.ptr, bytes.len - 2}, false);
    assert_true(told(world, ""));
    client_write(world, (struct str){bytes.ptr + bytes.len - 2, 2});
    assert_told(world, "text:early;text:half;");
    buf_deinit(&bytes);
    world_free(world);
}

/* More than a socket ever keeps of what it reads itself. */
static void many_early_bytes_are_all_heard(void **state)
{
    (void)state;
    enum { COUNT = 300, SIZE = 900 };
    char text[SIZE];
    struct buf bytes;
    memset(text, 'x', sizeof text);
    buf_init(&bytes, 1 << 20);
    for (unsigned i = 0; i < COUNT; i++)
        add_frame(&bytes, FIN | FRAME_TEXT, (struct str){text, sizeof text});
    struct world *world = world_new_with(buf_str(&bytes), false);
    client_send(world, FIN | FRAME_TEXT, STR("read"));
    settle(world);
    assert_int_equal(world->told.len, COUNT * (SIZE + 6) + 10);
    buf_deinit(&bytes);
    world_free(world);
}

static void a_message_as_large_as_allowed_arrives(void **state)
{
    (void)state;
    char text[MESSAGE_SIZE_MAX];
    struct world *world = world_new();
    memset(text, 'x', sizeof text);
    client_send(world, FIN | FRAME_TEXT, (struct str){text, sizeof text});
    client_send(world, FRAME_TEXT, (struct str){text, sizeof text - 1});
    client_send(world, FIN | FRAME_CONTINUATION, STR("x"));
    settle(world);
    assert_int_equal(world->told.len, 2 * (sizeof text + 6));
    world_free(world);
}

static void a_socket_that_does_not_read_keeps_what_comes(void **state)
{
    (void)state;
    struct world *world = world_new();
    world->reaction = PAUSE;
    for (unsigned i = 0; i < 3; i++)
        client_send(world, FIN | FRAME_TEXT, STR("m"));
    assert_told(world, "text:m;");
    client_send(world, FIN | FRAME_TEXT, STR("later"));
    assert_told(world, "text:m;");
    websocket_read(world->socket, true);
    assert_true(told(world, "text:m;"));
    assert_told(world, "text:m;text:m;");
    world->reaction = IGNORE;
    websocket_read(world->socket, true);
    assert_told(world, "text:m;text:m;text:m;text:later;");
    world_free(world);
}

/* The client sends as fast as it can; all arrives, and what is kept has its bounds. */
static void a_socket_that_reads_now_and_then_loses_nothing(void **state)
{
    (void)state;
    enum { COUNT = 4000, SIZE = 100 };
    char text[SIZE];
    size_t sent = 0;
    struct buf bytes;
    struct world *world = world_new();
    memset(text, 'x', sizeof text);
    buf_init(&bytes, 1 << 20);
    for (unsigned i = 0; i < COUNT; i++)
        add_frame(&bytes, FIN | FRAME_TEXT, (struct str){text, sizeof text});
    world->reaction = PAUSE;
    while (world->told.len < COUNT * (SIZE + 6)) {
        ssize_t count = send(world->fd, bytes.ptr + sent, bytes.len - sent, MSG_NOSIGNAL);
        sent += count > 0 ? (size_t)count : 0;
        websocket_read(world->socket, true);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    buf_deinit(&bytes);
    world_free(world);
}

/* ---- breaches ---- */

static void expect_breach(struct str bytes, bool deflate, unsigned code)
{
    char expected[32];
    struct world *world = world_new_with((struct str){0}, deflate);
    client_write(world, bytes);
    client_send(world, FIN | FRAME_TEXT, STR("not heard"));
    settle(world);
    assert_heard_close(world, code);
    assert_true(world->ended); /* after the close frame, and not reset */
    assert_true(told(world, ""));
    client_hang_up(world);
    snprintf(expected, sizeof expected, "closed:%u;", code);
    assert_told(world, expected);
    world_free(world);
}

static void expect_breach_of_frames(const struct str *frames, bool deflate, unsigned code)
{
    struct buf bytes;
    buf_init(&bytes, 1 << 17);
    for (; frames->ptr; frames++)
        add_frame(&bytes, (unsigned char)frames->ptr[0],
                  (struct str){frames->ptr + 1, frames->len - 1});
    expect_breach(buf_str(&bytes), deflate, code);
    buf_deinit(&bytes);
}

/* Each frame: its first byte, and its payload. */
static void what_breaks_the_protocol_is_answered_with_its_code(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        struct str frames[4];
    } cases[] = {
        {1002, {STR_INIT("\xc1x")}}, /* RSV1, and no extension */
        {1002, {STR_INIT("\xa1x")}}, /* RSV2 */
        {1002, {STR_INIT("\x91x")}}, /* RSV3 */
        {1002, {STR_INIT("\x83x")}}, /* reserved opcodes */
        {1002, {STR_INIT("\x87x")}},
        {1002, {STR_INIT("\x8bx")}},
        {1002, {STR_INIT("\x8fx")}},
        {1002, {STR_INIT("\x09x")}},        /* a fragmented ping */
        {1002, {STR_INIT("\x08\x03\xe8")}}, /* a fragmented close frame */
        {1002, {STR_INIT("\x80x")}},        /* a part of no message */
        {1002, {STR_INIT("\x00x")}},
        {1002, {STR_INIT("\x01x"), STR_INIT("\x81y")}}, /* a message within another */
        {1002, {STR_INIT("\x02x"), STR_INIT("\x01y")}},
        {1002, {STR_INIT("\x88\x0c")}},         /* half a code */
        {1002, {STR_INIT("\x88\x03\xe7")}},     /* 999 */
        {1002, {STR_INIT("\x88\x03\xec")}},     /* 1004 */
        {1002, {STR_INIT("\x88\x03\xed")}},     /* 1005 */
        {1002, {STR_INIT("\x88\x03\xee")}},     /* 1006 */
        {1002, {STR_INIT("\x88\x03\xf7")}},     /* 1015 */
        {1002, {STR_INIT("\x88\x0b\xb7")}},     /* 2999 */
        {1002, {STR_INIT("\x88\x13\x88")}},     /* 5000 */
        {1007, {STR_INIT("\x88\x03\xe8\xff")}}, /* a reason that is not UTF-8 */
        {1007, {STR_INIT("\x81\xc3")}},         /* a text that is not */
        {1007, {STR_INIT("\x01\xed\xa0"), STR_INIT("\x80\x80")}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_breach_of_frames(cases[i].frames, false, cases[i].code);
}

static void headers_that_are_wrong_are_answered_with_their_code(void **state)
{
    (void)state;
    expect_breach(STR("\x81\x05hello"), false, 1002); /* not masked */
    expect_breach(STR("\x89\x00"), false, 1002);
    expect_breach(STR("\x89\xfe\x00\x7e\1\2\3\4"), false, 1002); /* a long ping */
    expect_breach(STR("\x81\xfe\x00\x05\1\2\3\4"), false, 1002); /* not the shortest */
    expect_breach(STR("\x81\xfe\x03\xe9\1\2\3\4"), false, 1009); /* 1001 bytes */
    expect_breach(STR("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4"), false, 1009);
    expect_breach(STR("\x82\xff\x80\0\0\0\0\0\0\0\1\2\3\4"), false, 1002);
}

static void fragments_that_grow_too_large_are_refused(void **state)
{
    (void)state;
    char frame[MESSAGE_SIZE_MAX + 1];
    memset(frame, 'x', sizeof frame);
    frame[0] = FRAME_TEXT;
    const struct str frames[] = {{frame, sizeof frame}, STR_INIT("\x80y"), {0}};
    expect_breach_of_frames(frames, false, 1009);
}

/* ---- compression ---- */

static void a_deflated_message_arrives(void **state)
{
    (void)state;
    struct world *world = world_new_with((struct str){0}, true);
    client_send(world, FIN | DEFLATED | FRAME_TEXT, STR("\xf2\x48\xcd\xc9\xc9\x07\x00"));
    client_send(world, FIN | FRAME_TEXT, STR("plain"));
    client_send(world, DEFLATED | FRAME_TEXT, STR("\xf2\x48\xcd"));
    client_send(world, FIN | FRAME_CONTINUATION, STR("\xc9\xc9\x07\x00"));
    assert_told(world, "text:Hello;text:plain;text:Hello;");
    world_free(world);
}

static void what_is_wrongly_deflated_is_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        struct str frames[3];
    } cases[] = {
        {1007, {STR_INIT("\xc1\xff\xff")}},                     /* no deflate */
        {1007, {STR_INIT("\xc1\xf2\x48\xcd")}},                 /* breaks off */
        {1007, {STR_INIT("\xc1\x00\x01\x00\xfe\xff\xff\x00")}}, /* inflates to no UTF-8 */
        {1002, {STR_INIT("\x01x"), STR_INIT("\xc0x")}},         /* RSV1 on a later fragment */
        {1002, {STR_INIT("\xc9x")}},                            /* RSV1 on a control frame */
        {1002, {STR_INIT("\xe1x")}},                            /* RSV2 besides */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_breach_of_frames(cases[i].frames, true, cases[i].code);
}

static void a_bomb_is_refused(void **state)
{
    (void)state;
    enum { BOMB = 500000 };
    char *zeros = calloc(1, BOMB);
    struct world *world = world_new_with((struct str){0}, true);
    client_send_deflated(world, (struct str){zeros, MESSAGE_SIZE_MAX});
    settle(world);
    assert_int_equal(world->told.len, MESSAGE_SIZE_MAX + 6);
    buf_clear(&world->told);
    client_send_deflated(world, (struct str){zeros, MESSAGE_SIZE_MAX + 1});
    assert_heard_close(world, 1009);
    client_hang_up(world);
    assert_told(world, "closed:1009;");
    world_free(world);
    world = world_new_with((struct str){0}, true);
    client_send_deflated(world, (struct str){zeros, BOMB});
    assert_heard_close(world, 1009);
    free(zeros);
    world_free(world);
}

/* A last block (BFINAL) ends inflating by itself. */
static void a_message_that_is_too_large_in_its_last_block_is_refused(void **state)
{
    (void)state;
    char zeros[MESSAGE_SIZE_MAX + 1] = {0};
    unsigned char packed[100];
    struct deflate streams;
    deflate_init(&streams);
    streams.deflater.next_in = (unsigned char *)zeros;
    streams.deflater.avail_in = sizeof zeros;
    streams.deflater.next_out = packed;
    streams.deflater.avail_out = sizeof packed;
    assert_int_equal(deflate(&streams.deflater, Z_FINISH), Z_STREAM_END);
    struct str payload = {(char *)packed, sizeof packed - streams.deflater.avail_out};
    struct world *world = world_new_with((struct str){0}, true);
    client_send(world, FIN | DEFLATED | FRAME_BINARY, payload);
    assert_heard_close(world, 1009);
    deflate_deinit(&streams);
    world_free(world);
}

static void long_messages_go_out_deflated_when_agreed(void **state)
{
    (void)state;
    char text[PARCEL_DEFLATE_MIN];
    memset(text, 'x', sizeof text);
    struct world *plain = world_new();
    struct world *deflated = world_new_with((struct str){0}, true);
    call_send(plain, (struct str){text, sizeof text});
    call_send(deflated, (struct str){text, sizeof text});
    call_send(deflated, STR("short"));
    client_read(plain, SIZE_MAX);
    client_read(deflated, SIZE_MAX);
    assert_int_equal(plain->heard.len, sizeof text + 4);
    assert_int_equal((unsigned char)deflated->heard.ptr[0], 0xc2);
    assert_true(deflated->heard.len < 50);
    assert_memory_equal(deflated->heard.ptr + deflated->heard.len - 7, "\x82\x05short", 7);
    world_free(plain);
    world_free(deflated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive),
        cmocka_unit_test(a_message_arrives_however_it_is_cut),
        cmocka_unit_test(fragments_make_one_message_with_control_frames_between),
        cmocka_unit_test(early_bytes_come_first_in_the_next_turn),
        cmocka_unit_test(many_early_bytes_are_all_heard),
        cmocka_unit_test(a_message_as_large_as_allowed_arrives),
        cmocka_unit_test(a_socket_that_does_not_read_keeps_what_comes),
        cmocka_unit_test(a_socket_that_reads_now_and_then_loses_nothing),
        cmocka_unit_test(what_breaks_the_protocol_is_answered_with_its_code),
        cmocka_unit_test(headers_that_are_wrong_are_answered_with_their_code),
        cmocka_unit_test(fragments_that_grow_too_large_are_refused),
        cmocka_unit_test(a_deflated_message_arrives),
        cmocka_unit_test(what_is_wrongly_deflated_is_refused),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(a_message_that_is_too_large_in_its_last_block_is_refused),
        cmocka_unit_test(long_messages_go_out_deflated_when_agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
