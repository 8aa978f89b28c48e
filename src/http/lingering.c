#include "http/lingering.h"

#include "base/mem.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGERINGS_MAX = 256,
    TIME_MAX_MS = 2000,
    BYTES_MAX = 16 * 1024 * 1024,
    READ_SIZE = 16 * 1024,
    READS_MAX = 16, /* at a time: others wait for the loop too */
};

struct lingering {
    uv_poll_t poll;
    struct lingerings *lingerings;
    struct ring node;
    int fd;
    size_t bytes;
    uint64_t since_ms;
};

void lingerings_init(struct lingerings *lingerings, uv_loop_t *loop)
{
    *lingerings = (struct lingerings){.loop = loop};
    ring_init(&lingerings->ring);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void stop(struct lingering *lingering)
{
    lingering->lingerings->count--;
    ring_remove(&lingering->node);
    uv_close((uv_handle_t *)&lingering->poll, on_closed);
    close(lingering->fd);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    char nowhere[READ_SIZE];
    struct lingering *lingering = poll->data;
    (void)events;
    for (unsigned i = 0; i < READS_MAX; i++) {
        ssize_t len = status < 0 ? 0 : recv(lingering->fd, nowhere, sizeof nowhere, MSG_DONTWAIT);
        lingering->bytes += len > 0 ? (size_t)len : 0;
        if (len < 0 && errno == EAGAIN)
            return;
        if (len <= 0 || lingering->bytes > BYTES_MAX) {
            stop(lingering);
            return;
        }
    }
}

void lingering_start(struct lingerings *lingerings, int fd)
{
    struct lingering *lingering = mem_zalloc(1, sizeof *lingering);
    lingering->lingerings = lingerings;
    lingering->fd = fd;
    lingering->since_ms = uv_now(lingerings->loop);
    lingering->poll.data = lingering;
    if (lingerings->count == LINGERINGS_MAX ||
        uv_poll_init(lingerings->loop, &lingering->poll, fd) != 0) {
        close(fd);
        free(lingering);
        return;
    }
    shutdown(fd, SHUT_WR);
    uv_poll_start(&lingering->poll, UV_READABLE, on_readable);
    ring_init(&lingering->node);
    ring_append(&lingerings->ring, &lingering->node);
    lingerings->count++;
}

void lingerings_visit(struct lingerings *lingerings)
{
    while (!ring_is_empty(&lingerings->ring)) {
        struct lingering *oldest = ring_of(lingerings->ring.next, struct lingering, node);
        if (uv_now(lingerings->loop) - oldest->since_ms < TIME_MAX_MS)
            break;
        stop(oldest);
    }
}

void lingerings_deinit(struct lingerings *lingerings)
{
    while (!ring_is_empty(&lingerings->ring))
        stop(ring_of(lingerings->ring.next, struct lingering, node));
}
