#include "ws/outgoing.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { VECTORS_MAX = 64 };

/* A parcel that waits. */
struct waiting {
    struct waiting *next;
    struct parcel *parcel;
    size_t size; /* as it counts in `queued`, with what is gone of it */
};

void outgoing_init(struct outgoing *outgoing, struct websockets *sockets, int fd, bool deflate)
{
    *outgoing = (struct outgoing){
        .sockets = sockets,
        .fd = fd,
        .deflate = deflate,
        .moved_ms = uv_now(sockets->loop),
    };
}

static void drop_first(struct outgoing *outgoing)
{
    struct waiting *first = outgoing->first;
    outgoing->first = first->next;
    if (!outgoing->first)
        outgoing->last = NULL;
    parcel_unref_form(first->parcel, outgoing->deflate);
    free(first);
}

void outgoing_drop(struct outgoing *outgoing)
{
    while (outgoing->first)
        drop_first(outgoing);
    outgoing->queued = outgoing->sent = 0;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void note_sent(struct outgoing *outgoing, size_t count)
{
    metric_add(&outgoing->sockets->metrics.bytes_out, count);
    outgoing->moved_ms = uv_now(outgoing->sockets->loop);
}

static void enqueue(struct outgoing *outgoing, struct parcel *parcel, size_t size)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting);
    *waiting = (struct waiting){NULL, parcel_ref_form(parcel, outgoing->deflate), size};
    if (outgoing->last)
        outgoing->last->next = waiting;
    else
        outgoing->first = waiting;
    outgoing->last = waiting;
}

/* Nothing waits: as much as the kernel takes goes at once. */
static bool push(struct outgoing *outgoing, struct str frame, size_t *sent)
{
    ssize_t count = send(outgoing->fd, frame.ptr, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && !would_block())
        return false;
    *sent = count < 0 ? 0 : (size_t)count;
    note_sent(outgoing, *sent);
    return true;
}

static void begin_to_wait(struct outgoing *outgoing, size_t sent)
{
    outgoing->sent = sent;
    outgoing->taken = 0;
    outgoing->since_ms = uv_now(outgoing->sockets->loop);
}

bool outgoing_send(struct outgoing *outgoing, struct parcel *parcel)
{
    size_t size = parcel_size(parcel, outgoing->deflate), sent = 0;
    bool at_once = !outgoing->first && parcel_is_ready(parcel, outgoing->deflate);
    if (at_once && !push(outgoing, parcel_frame(parcel, outgoing->deflate), &sent))
        return false;
    if (sent == size)
        return true;
    if (!outgoing->first)
        begin_to_wait(outgoing, sent);
    enqueue(outgoing, parcel, size);
    outgoing->queued += size - sent;
    metric_max(&outgoing->sockets->metrics.queue_max, outgoing->queued);
    return true;
}

bool outgoing_is_unready(const struct outgoing *outgoing)
{
    return outgoing->first && !parcel_is_ready(outgoing->first->parcel, outgoing->deflate);
}

/* It may have become ready, also because another socket waited for it. */
static void recount(struct outgoing *outgoing, struct waiting *waiting)
{
    size_t size = parcel_size(waiting->parcel, outgoing->deflate);
    outgoing->queued = outgoing->queued - waiting->size + size;
    waiting->size = size;
}

void outgoing_pack(struct outgoing *outgoing)
{
    parcel_pack(outgoing->first->parcel);
    recount(outgoing, outgoing->first);
    outgoing->moved_ms = uv_now(outgoing->sockets->loop);
    metric_max(&outgoing->sockets->metrics.queue_max, outgoing->queued);
}

/* So many bytes of what waits are gone. */
static void forget_sent(struct outgoing *outgoing, size_t count)
{
    outgoing->queued -= count;
    outgoing->sent += count;
    outgoing->taken += count;
    while (outgoing->first) {
        size_t size = outgoing->first->size;
        if (outgoing->sent < size)
            return;
        outgoing->sent -= size;
        drop_first(outgoing);
    }
}

/* What is ready, from the first on. */
static size_t gather(struct outgoing *outgoing, struct iovec vectors[VECTORS_MAX])
{
    size_t count = 0, skip = outgoing->sent;
    for (struct waiting *at = outgoing->first; at && count < VECTORS_MAX; at = at->next) {
        if (!parcel_is_ready(at->parcel, outgoing->deflate))
            break;
        recount(outgoing, at);
        struct str frame = parcel_frame(at->parcel, outgoing->deflate);
        vectors[count++] = (struct iovec){(char *)frame.ptr + skip, frame.len - skip};
        skip = 0;
    }
    return count;
}

bool outgoing_flush(struct outgoing *outgoing)
{
    while (outgoing->first && !outgoing_is_unready(outgoing)) {
        struct iovec vectors[VECTORS_MAX];
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = gather(outgoing, vectors)};
        ssize_t count = sendmsg(outgoing->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0)
            return would_block();
        note_sent(outgoing, (size_t)count);
        forget_sent(outgoing, (size_t)count);
    }
    return true;
}
