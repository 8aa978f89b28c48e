#include "fake/socket_world.h"

#include "ws/deflate.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

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

void on_message(void *context, struct str bytes, bool text)
{
    struct world *world = context;
    assert_false(world->calling);
    buf_addf(&world->told, "%s:", text ? "text" : "binary");
    buf_add(&world->told, bytes);
    buf_add_char(&world->told, ';');
    react(world, bytes);
}

void on_drained(void *context)
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

struct world *world_new_of(const struct websocket_options *wanted, struct str early, bool deflate)
{
    struct world *world = calloc(1, sizeof *world);
    struct websocket_options options = *wanted;
    struct work_options work = {.budget_us = BUDGET_US};
    struct websocket_handler handler = {on_message, on_drained, on_closed, world};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int));
    uv_loop_init(&world->loop);
    work_loop_init(&world->work, &world->loop, &work, &(struct work_loop_hooks){0});
    uv_timer_init(&world->loop, &world->patience);
    world->patience.data = world;
    uv_timer_start(&world->patience, on_impatience, PATIENCE_MS, 0);
    buf_init(&world->told, HEARD_MAX);
    buf_init(&world->heard, HEARD_MAX);
    world->fd = fds[1];
    world->socket_fd = fds[0];
    options.work = &world->work.queue;
    world->lane = work_lane_get(options.work, WORK_KNOWN, 0, 1);
    world->sockets = websockets_new(&world->loop, &options);
    world->calling = true;
    world->socket = websocket_new(world->sockets, fds[0], early, deflate, world->lane, &handler);
    world->calling = false;
    return world;
}

struct world *world_new_with(struct str early, bool deflate)
{
    struct websocket_options options = {
        .message_size_max = MESSAGE_SIZE_MAX,
        .close_timeout_ms = CLOSE_TIMEOUT_MS,
    };
    return world_new_of(&options, early, deflate);
}

struct world *world_new(void)
{
    return world_new_with((struct str){0}, false);
}

void turn(struct world *world)
{
    uv_run(&world->loop, UV_RUN_ONCE);
}

/* Everything that is to happen now has happened. */
void settle(struct world *world)
{
    for (unsigned i = 0; i < 10; i = work_is_empty(&world->work.queue) ? i + 1 : 0)
        uv_run(&world->loop, UV_RUN_NOWAIT);
}

bool told(const struct world *world, const char *text)
{
    return str_eq(buf_str(&world->told), str_from(text));
}

void assert_told(struct world *world, const char *text)
{
    settle(world);
    if (!told(world, text))
        fail_msg("expected '%s', told '%.*s'", text, STR_ARG(buf_str(&world->told)));
}

void world_free(struct world *world)
{
    if (world->socket)
        websocket_cut(world->socket);
    await(world, !world->socket);
    websockets_free(world->sockets);
    work_lane_put(world->lane);
    work_loop_close(&world->work);
    uv_close((uv_handle_t *)&world->patience, NULL);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    if (world->fd >= 0)
        close(world->fd);
    buf_deinit(&world->told);
    buf_deinit(&world->heard);
    free(world);
}

void call_send(struct world *world, struct str bytes)
{
    struct parcel *parcel = parcel_new(world->sockets, bytes);
    world->calling = true;
    websocket_send(world->socket, parcel);
    world->calling = false;
    parcel_unref(parcel);
}

/* `size` bytes, of which each tells where it stands. */
void call_send_many(struct world *world, size_t size)
{
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i % 251);
    call_send(world, (struct str){bytes, size});
    free(bytes);
}

/* ---- the client ---- */

void client_write(struct world *world, struct str bytes)
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

void add_frame(struct buf *out, unsigned first, struct str payload)
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

void client_send(struct world *world, unsigned first, struct str payload)
{
    struct buf bytes;
    buf_init(&bytes, 1 << 17);
    add_frame(&bytes, first, payload);
    client_write(world, buf_str(&bytes));
    buf_deinit(&bytes);
}

void client_send_close(struct world *world, unsigned code, const char *reason)
{
    char payload[FRAME_CONTROL_MAX] = {(char)(code >> 8), (char)code};
    memcpy(payload + 2, reason, strlen(reason));
    client_send(world, FIN | FRAME_CLOSE, (struct str){payload, 2 + strlen(reason)});
}

/* Take what has come, at most `size` bytes. */
size_t client_read(struct world *world, size_t size)
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

void assert_heard(struct world *world, struct str bytes)
{
    settle(world);
    while (client_read(world, SIZE_MAX))
        settle(world);
    assert_int_equal(world->heard.len, bytes.len);
    if (bytes.len)
        assert_memory_equal(world->heard.ptr, bytes.ptr, bytes.len);
    buf_clear(&world->heard);
}

void assert_heard_close(struct world *world, unsigned code)
{
    char frame[] = {(char)0x88, 2, (char)(code >> 8), (char)code};
    assert_heard(world, (struct str){frame, sizeof frame});
}

void client_hang_up(struct world *world)
{
    close(world->fd);
    world->fd = -1;
}

void client_send_deflated(struct world *world, struct str message)
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
