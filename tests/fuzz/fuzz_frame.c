/* Frames of WebSockets as they come in. What holds for every input:
 *  - it is taken apart in the same way whole and byte by byte;
 *  - a message lies within the limit, and a text is UTF-8;
 *  - once it is broken nothing more is taken;
 *  - a whole socket that is fed with it, in pieces, tells the same messages, and its end once.
 * The first byte says whether compression was agreed on, and how the socket is fed and used. */
#include "base/mem.h"
#include "base/utf8.h"
#include "work_loop.h"
#include "ws/frame.h"
#include "ws/incoming.h"
#include "ws/websocket.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_SIZE_MAX = 4096, NOTES_SIZE_MAX = 1 << 20, CLOSE_TIMEOUT_MS = 60000 };

enum { CLIENT_HEADER_MIN = 6 }; /* a masked frame of no bytes */

/* Bits of the first byte; what is above them is the size of a piece. */
enum { DEFLATE = 1, EARLY = 2, PAUSE = 4, ANSWER = 8, STEP_SHIFT = 4 };

static void note_message(struct str message, bool text, struct buf *messages)
{
    assert(message.len <= MESSAGE_SIZE_MAX);
    assert(!text || utf8_is_valid(message));
    buf_addf(messages, "%d:%zu:", text, message.len);
    buf_add(messages, message);
}

static void note(const struct incoming_piece *piece, struct buf *notes, struct buf *messages)
{
    buf_addf(notes, "%d %u %d:", (int)piece->kind, piece->code, piece->text);
    if (piece->kind == INCOMING_MESSAGE || piece->kind == INCOMING_PING)
        buf_add(notes, piece->payload);
    buf_add_char(notes, '\n');
    if (piece->kind == INCOMING_MESSAGE)
        note_message(piece->payload, piece->text, messages);
}

/* What comes of `bytes` when so many more of them arrive at a time. */
static void take_all(struct deflate *deflate, struct str bytes, size_t step, struct buf *notes,
                     struct buf *messages)
{
    struct incoming incoming;
    struct incoming_piece piece = {.kind = INCOMING_MORE};
    char *copy = mem_alloc(bytes.len + 1);
    size_t taken = 0, here = 0;
    incoming_init(&incoming, MESSAGE_SIZE_MAX, deflate);
    memcpy(copy, bytes.ptr, bytes.len);
    while (piece.kind != INCOMING_FAULT && piece.kind != INCOMING_CLOSE) {
        piece = incoming_take(&incoming, copy + taken, here - taken);
        assert(piece.taken <= here - taken);
        taken += piece.taken;
        if (piece.kind != INCOMING_MORE)
            note(&piece, notes, messages);
        else if (here == bytes.len)
            break;
        else
            here = bytes.len - here < step ? bytes.len : here + step;
        incoming_release(&incoming);
    }
    incoming_deinit(&incoming);
    free(copy);
}

static void check_header(struct str bytes)
{
    struct frame frame;
    enum frame_result result = frame_parse(bytes, &frame);
    if (result == FRAME_OK)
        assert(frame.header_size <= bytes.len && frame.header_size <= FRAME_HEADER_MAX);
    if (result == FRAME_MORE)
        assert(bytes.len < FRAME_HEADER_MAX);
}

/* ---- a whole socket ---- */

struct world {
    uv_loop_t loop;
    struct work_loop work;
    struct work_lane *lane;
    struct websockets *sockets;
    struct websocket *socket; /* NULL: closed */
    int fd;                   /* the client's */
    unsigned use;
    bool calling; /* inside a call of websocket.h */
    struct buf messages;
};

static void on_message(void *context, struct str bytes, bool text)
{
    struct world *world = context;
    assert(!world->calling);
    note_message(bytes, text, &world->messages);
    if (world->use & PAUSE)
        websocket_read(world->socket, false);
    if (!(world->use & ANSWER))
        return;
    struct parcel *parcel = parcel_new(world->sockets, bytes);
    websocket_send(world->socket, parcel);
    parcel_unref(parcel);
}

static void on_drained(void *context)
{
    struct world *world = context;
    assert(!world->calling);
}

static void on_closed(void *context, unsigned code)
{
    struct world *world = context;
    assert(!world->calling && world->socket);
    assert(code == WEBSOCKET_NONE || code == WEBSOCKET_ABNORMAL || frame_code_is_sound(code));
    world->socket = NULL;
}

static void turn(struct world *world)
{
    char nowhere[4096];
    uv_run(&world->loop, UV_RUN_NOWAIT);
    while (recv(world->fd, nowhere, sizeof nowhere, 0) > 0)
        ;
    if (!world->socket)
        return;
    world->calling = true;
    websocket_read(world->socket, true);
    world->calling = false;
}

static void world_init(struct world *world, struct str early, unsigned use)
{
    struct work_options work = {.budget_us = 1000000};
    struct websocket_options options = {.work = &world->work.queue,
                                        .message_size_max = MESSAGE_SIZE_MAX,
                                        .close_timeout_ms = CLOSE_TIMEOUT_MS};
    struct websocket_handler handler = {on_message, on_drained, on_closed, world};
    int fds[2];
    int e = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
    assert(e == 0);
    *world = (struct world){.fd = fds[1], .use = use};
    uv_loop_init(&world->loop);
    work_loop_init(&world->work, &world->loop, &work, &(struct work_loop_hooks){0});
    buf_init(&world->messages, NOTES_SIZE_MAX);
    world->lane = work_lane_get(&world->work.queue, WORK_KNOWN, 0, 1);
    world->sockets = websockets_new(&world->loop, &options);
    world->calling = true;
    world->socket =
        websocket_new(world->sockets, fds[0], early, use & DEFLATE, world->lane, &handler);
    world->calling = false;
}

static void world_deinit(struct world *world)
{
    websockets_free(world->sockets);
    work_lane_put(world->lane);
    work_loop_close(&world->work);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    int e = uv_loop_close(&world->loop);
    assert(e == 0);
    close(world->fd);
    buf_deinit(&world->messages);
}

static void feed(struct world *world, struct str bytes, size_t step)
{
    while (bytes.len && world->socket) {
        size_t len = bytes.len < step ? bytes.len : step;
        ssize_t count = send(world->fd, bytes.ptr, len, MSG_NOSIGNAL);
        if (count > 0)
            bytes = (struct str){bytes.ptr + count, bytes.len - (size_t)count};
        turn(world);
    }
}

/* What is kept while the socket does not read has one message a turn. */
static void check_socket(struct str bytes, unsigned use, struct str messages)
{
    struct world world;
    size_t early = use & EARLY ? bytes.len / 2 : 0;
    world_init(&world, (struct str){bytes.ptr, early}, use);
    feed(&world, (struct str){bytes.ptr + early, bytes.len - early}, 1 + (use >> STEP_SHIFT) * 97);
    for (size_t i = 0; world.socket && i <= bytes.len / CLIENT_HEADER_MIN; i++)
        turn(&world);
    shutdown(world.fd, SHUT_WR);
    while (world.socket)
        turn(&world);
    assert(str_eq(buf_str(&world.messages), messages));
    world_deinit(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct deflate streams;
    static bool ready;
    struct buf whole, bitwise, messages, again;
    if (!size)
        return 0;
    if (!ready)
        deflate_init(&streams);
    ready = true;
    struct str bytes = {(const char *)data + 1, size - 1};
    struct deflate *deflate = data[0] & DEFLATE ? &streams : NULL;
    check_header(bytes);
    buf_init(&whole, NOTES_SIZE_MAX);
    buf_init(&bitwise, NOTES_SIZE_MAX);
    buf_init(&messages, NOTES_SIZE_MAX);
    buf_init(&again, NOTES_SIZE_MAX);
    take_all(deflate, bytes, bytes.len + 1, &whole, &messages);
    take_all(deflate, bytes, 1, &bitwise, &again);
    assert(str_eq(buf_str(&whole), buf_str(&bitwise)));
    check_socket(bytes, data[0], buf_str(&messages));
    buf_deinit(&whole);
    buf_deinit(&bitwise);
    buf_deinit(&messages);
    buf_deinit(&again);
    return 0;
}
