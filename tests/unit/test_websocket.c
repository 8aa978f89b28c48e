/* A WebSocket at one end of a socket pair, and at the other end a client that the test writes
 * byte by byte.
 *
 * What the socket's callbacks tell is kept as text: "text:hello;binary:...;closed:1000;". */
#include "ws/websocket.h"

#include "ws/deflate.h"
#include "ws/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    MESSAGE_SIZE_MAX = 1000,
    CLOSE_TIMEOUT_MS = 300,
    PATIENCE_MS = 20000,
    HEARD_MAX = 1 << 21,
    FIN = 0x80,
    DEFLATED = 0x40,
};

enum reaction { IGNORE, ANSWER, CLOSE, CUT, CUT_AND_SEND, PAUSE };

struct world {
    uv_loop_t loop;
    uv_timer_t patience;
    struct websockets *sockets;
    struct websocket *socket; /* NULL: closed */
    int fd;                   /* the client's; negative: closed */
    int socket_fd;            /* the other end, which is the socket's */
    enum reaction reaction;
    struct buf told;
    unsigned drained;
    bool calling; /* inside a call of websocket.h */
    struct buf heard;
    bool ended; /* the server has ended the connection */
};

/* ---- the socket's user ---- */

static void react(struct world *world, struct str bytes)
{
    struct parcel *parcel = parcel_new(world->sockets, bytes);
    if (world->reaction == CUT || world->reaction == CUT_AND_SEND)
        websocket_cut(world->socket);
    if (world->reaction == ANSWER || world->reaction == CUT_AND_SEND)
        websocket_send(world->socket, parcel);
    if (world->reaction == CLOSE)
        websocket_close(world->socket, WEBSOCKET_POLICY, STR("enough"));
    if (world->reaction == PAUSE)
        websocket_read(world->socket, false);
    parcel_unref(parcel);
}

static void on_message(void *context, struct str bytes, bool text)
{
    struct world *world = context;
    assert_false(world->calling);
    buf_addf(&world->told, "%s:", text ? "text" : "binary");
    buf_add(&world->told, bytes);
    buf_add_char(&world->told, ';');
    react(world, bytes);
}

static void on_drained(void *context)
{
    struct world *world = context;
    assert_false(world->calling);
    world->drained++;
}

static void on_closed(void *context, unsigned code)
{
    struct world *world = context;
    assert_false(world->calling);
    assert_non_null(world->socket);
    world->socket = NULL;
    buf_addf(&world->told, "closed:%u;", code);
}

/* ---- the world ---- */

static void on_impatience(uv_timer_t *timer)
{
    struct world *world = timer->data;
    fail_msg("waited too long; told '%.*s'", STR_ARG(buf_str(&world->told)));
}

static struct world *world_new_with(struct str early, bool deflate)
{
    struct world *world = calloc(1, sizeof *world);
    struct websocket_options options = {MESSAGE_SIZE_MAX, CLOSE_TIMEOUT_MS};
    struct websocket_handler handler = {on_message, on_drained, on_closed, world};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int));
    uv_loop_init(&world->loop);
    uv_timer_init(&world->loop, &world->patience);
    world->patience.data = world;
    uv_timer_start(&world->patience, on_impatience, PATIENCE_MS, 0);
    buf_init(&world->told, HEARD_MAX);
    buf_init(&world->heard, HEARD_MAX);
    world->fd = fds[1];
    world->socket_fd = fds[0];
    world->sockets = websockets_new(&world->loop, &options);
    world->calling = true;
    world->socket = websocket_new(world->sockets, fds[0], early, deflate, &handler);
    world->calling = false;
    return world;
}

static struct world *world_new(void)
{
    return world_new_with((struct str){0}, false);
}

static void turn(struct world *world)
{
    uv_run(&world->loop, UV_RUN_ONCE);
}

#define await(world, condition)                                                                    \
    while (!(condition))                                                                           \
    turn(world)

/* Everything that is to happen now has happened. */
static void settle(struct world *world)
{
    for (unsigned i = 0; i < 10; i++)
        uv_run(&world->loop, UV_RUN_NOWAIT);
}

static bool told(const struct world *world, const char *text)
{
    return str_eq(buf_str(&world->told), str_from(text));
}

static void assert_told(struct world *world, const char *text)
{
    settle(world);
    if (!told(world, text))
        fail_msg("expected '%s', told '%.*s'", text, STR_ARG(buf_str(&world->told)));
}

static void world_free(struct world *world)
{
    if (world->socket)
        websocket_cut(world->socket);
    await(world, !world->socket);
    websockets_free(world->sockets);
    uv_close((uv_handle_t *)&world->patience, NULL);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    if (world->fd >= 0)
        close(world->fd);
    buf_deinit(&world->told);
    buf_deinit(&world->heard);
    free(world);
}

static void call_send(struct world *world, struct str bytes)
{
    struct parcel *parcel = parcel_new(world->sockets, bytes);
    world->calling = true;
    websocket_send(world->socket, parcel);
    world->calling = false;
    parcel_unref(parcel);
}

/* `size` bytes, of which each tells where it stands. */
static void call_send_many(struct world *world, size_t size)
{
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i % 251);
    call_send(world, (struct str){bytes, size});
    free(bytes);
}

/* ---- the client ---- */

static void client_write(struct world *world, struct str bytes)
{
    while (bytes.len) {
        ssize_t count = send(world->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) {
            turn(world);
            continue;
        }
        assert_true(count > 0);
        bytes = (struct str){bytes.ptr + count, bytes.len - (size_t)count};
    }
}

static void add_frame(struct buf *out, unsigned first, struct str payload)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    assert_true(payload.len <= UINT16_MAX);
    buf_add_char(out, (char)first);
    buf_add_char(out, (char)(0x80 | (payload.len < 126 ? payload.len : 126)));
    if (payload.len >= 126) {
        buf_add_char(out, (char)(payload.len >> 8));
        buf_add_char(out, (char)payload.len);
    }
    buf_add(out, (struct str){(const char *)mask, sizeof mask});
    size_t at = out->len;
    buf_add(out, payload);
    frame_unmask(out->ptr + at, payload.len, mask); /* the same both ways */
}

static void client_send(struct world *world, unsigned first, struct str payload)
{
    struct buf bytes;
    buf_init(&bytes, 1 << 17);
    add_frame(&bytes, first, payload);
    client_write(world, buf_str(&bytes));
    buf_deinit(&bytes);
}

static void client_send_close(struct world *world, unsigned code, const char *reason)
{
    char payload[FRAME_CONTROL_MAX] = {(char)(code >> 8), (char)code};
    memcpy(payload + 2, reason, strlen(reason));
    client_send(world, FIN | FRAME_CLOSE, (struct str){payload, 2 + strlen(reason)});
}

/* Take what has come, at most `size` bytes. */
static size_t client_read(struct world *world, size_t size)
{
    char bytes[4096];
    ssize_t count = recv(world->fd, bytes, size < sizeof bytes ? size : sizeof bytes, 0);
    if (count == 0 || (count < 0 && errno == ECONNRESET))
        world->ended = true;
    if (count <= 0)
        return 0;
    buf_add(&world->heard, (struct str){bytes, (size_t)count});
    return (size_t)count;
}

static void assert_heard(struct world *world, struct str bytes)
{
    settle(world);
    while (client_read(world, SIZE_MAX))
        settle(world);
    assert_int_equal(world->heard.len, bytes.len);
    if (bytes.len)
        assert_memory_equal(world->heard.ptr, bytes.ptr, bytes.len);
    buf_clear(&world->heard);
}

static void assert_heard_close(struct world *world, unsigned code)
{
    char frame[] = {(char)0x88, 2, (char)(code >> 8), (char)code};
    assert_heard(world, (struct str){frame, sizeof frame});
}

static void client_hang_up(struct world *world)
{
    close(world->fd);
    world->fd = -1;
}

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

static void client_send_deflated(struct world *world, struct str message)
{
    struct deflate streams;
    struct buf packed;
    deflate_init(&streams);
    buf_init(&packed, 1 << 20);
    deflate_pack(&streams, message, &packed);
    client_send(world, FIN | DEFLATED | FRAME_TEXT, buf_str(&packed));
    buf_deinit(&packed);
    deflate_deinit(&streams);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive),
        cmocka_unit_test(a_message_arrives_however_it_is_cut),
        cmocka_unit_test(fragments_make_one_message_with_control_frames_between),
        cmocka_unit_test(early_bytes_come_first_in_the_next_turn),
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
        cmocka_unit_test(a_message_goes_out_at_once),
        cmocka_unit_test(what_the_kernel_does_not_take_waits),
        cmocka_unit_test(what_waits_after_all_was_taken_goes_out_too),
        cmocka_unit_test(it_tells_since_when_nothing_has_moved),
        cmocka_unit_test(one_parcel_serves_many_sockets),
        cmocka_unit_test(pings_are_answered_with_their_payload),
        cmocka_unit_test(a_peer_that_pings_and_does_not_read_gets_one_pong),
        cmocka_unit_test(our_ping_goes_out_unless_output_waits),
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
        cmocka_unit_test(an_idle_socket_holds_no_buffers),
        cmocka_unit_test(a_message_may_be_answered_from_within),
        cmocka_unit_test(it_may_be_closed_or_cut_from_within),
        cmocka_unit_test(it_may_be_cut_before_its_early_bytes_are_read),
        cmocka_unit_test(it_tells_when_it_last_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
