#include "http/channel_send.h"

#include "http/channel_state.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    PIECES_MAX = 32,        /* of replies in one call */
    SEND_SIZE = 128 * 1024, /* at a time: large replies go out in steps */
};

static size_t add_pieces(const struct exchange *exchange, struct iovec *pieces)
{
    pieces[0] = (struct iovec){exchange->top.ptr, exchange->top.len};
    pieces[1] = (struct iovec){exchange->reply.ptr, exchange->reply.len};
    return exchange->reply.len ? 2 : 1;
}

static void skip(struct iovec *pieces, size_t count, size_t sent)
{
    for (size_t i = 0; sent && i < count; i++) {
        size_t len = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;
        pieces[i].iov_base = (char *)pieces[i].iov_base + len;
        pieces[i].iov_len -= len;
        sent -= len;
    }
}

/* No more than SEND_SIZE. How many pieces. */
static size_t limit(struct iovec *pieces, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t left = SEND_SIZE - size;
        if (pieces[i].iov_len >= left) {
            pieces[i].iov_len = left;
            return i + 1;
        }
        size += pieces[i].iov_len;
    }
    return count;
}

/* What is ready, from the first exchange on. How many pieces. */
static size_t gather(const struct channel *channel, struct iovec *pieces)
{
    const struct ring *at = channel->exchanges.next;
    size_t count = 0;
    for (; at != &channel->exchanges && count + 2 <= PIECES_MAX; at = at->next) {
        const struct exchange *exchange = ring_of(at, const struct exchange, node);
        if (exchange->state != EXCHANGE_REPLIED)
            break;
        count += add_pieces(exchange, pieces + count);
        if (exchange->taken)
            break;
    }
    skip(pieces, count, channel->sent);
    return limit(pieces, count);
}

/* The 101 is out: whoever asked for it has the socket from now on. */
static void give_away(struct channel *channel, struct exchange *exchange)
{
    struct buf early = buf_move(&channel->input);
    int fd = channel->connection.fd;
    connection_give(&channel->connection);
    uv_poll_stop(&channel->poll);
    exchange_hand_over(exchange, fd, buf_str(&early));
    buf_deinit(&early);
    channel_detach(channel);
}

/* Its reply is out. False: the channel is closed. */
static bool finish(struct channel *channel, struct exchange *exchange)
{
    channel->sent -= exchange->top.len + exchange->reply.len;
    channel->unsent -= exchange->top.len + exchange->reply.len;
    channel->count--;
    connection_await(&channel->connection, AWAIT_HEADERS);
    if (exchange->taken && exchange->request.status == 101) {
        give_away(channel, exchange);
        return false;
    }
    exchange_end(exchange);
    channel->channels->changed(channel->channels->context);
    return true;
}

/* Count what was sent. False: the channel is closed. */
static bool advance(struct channel *channel, size_t sent)
{
    struct exchange *first;
    channel->sent += sent;
    while ((first = channel_first(channel)) && first->state == EXCHANGE_REPLIED &&
           channel->sent >= first->top.len + first->reply.len)
        if (!finish(channel, first))
            return false;
    return true;
}

/* All that came is answered, and nothing more will be. */
static bool is_over(const struct channel *channel)
{
    bool final = channel->last || channel->channels->exchanges.draining;
    return ring_is_empty(&channel->exchanges) &&
           (final || (channel->ended && !channel_has_more(channel)));
}

/* A client that has finished sending is answered as far as its requests are whole. */
static bool is_cut_short(const struct channel *channel)
{
    bool sends = channel->stuck || work_waits(&channel->sender);
    return channel->ended && !channel_is_blocked(channel) && !channel->unanswered && !sends &&
           (channel->incoming || ring_is_empty(&channel->exchanges));
}

void channel_send_later(struct channel *channel)
{
    work_add(channel->lane->work, &channel->sender);
}

/* Replies that are ready, or a step of them. */
static void send_ready(struct channel *channel)
{
    struct iovec pieces[PIECES_MAX];
    struct msghdr message = {.msg_iov = pieces};
    size_t left = SEND_SIZE;
    channel->stuck = false;
    while ((message.msg_iovlen = gather(channel, pieces))) {
        if (!left) {
            channel_send_later(channel);
            return;
        }
        ssize_t sent = sendmsg(channel->connection.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        channel->stuck = sent < 0 && errno == EAGAIN;
        if (channel->stuck)
            return;
        if (sent < 0)
            channel_break_off(channel);
        if (sent < 0 || !advance(channel, (size_t)sent))
            return;
        left -= (size_t)sent < left ? (size_t)sent : left;
    }
}

/* Send what is ready. `looked`: at all that has come. False: the channel is closed. */
bool channel_conclude(struct channel *channel, bool looked)
{
    ring_remove(&channel->dirty);
    send_ready(channel);
    if (channel->closed)
        return false;
    if (is_over(channel))
        channel_close(channel);
    else if (is_cut_short(channel) && (looked || !channel_has_more(channel)))
        channel_break_off(channel);
    else
        channel_settle(channel);
    return !channel->closed;
}

/* What was held back may go on. */
void channel_send(struct channel *channel)
{
    if (channel_conclude(channel, false) && channel_has_more(channel))
        lane_wait(channel->lane, &channel->waiting);
}

bool channel_send_step(struct worker *worker)
{
    channel_send(ring_of(worker, struct channel, sender));
    return false; /* it has added itself, if there is more */
}

void channel_reply(struct channel *channel, struct exchange *exchange, bool was_waiting)
{
    channel->unanswered -= was_waiting;
    channel->unsent += exchange->top.len + exchange->reply.len;
    channel->last |= exchange->last;
    if (ring_is_empty(&channel->dirty))
        ring_append(&channel->channels->dirty, &channel->dirty);
}

void channels_flush(struct channels *channels)
{
    struct ring dirty;
    ring_init(&dirty);
    ring_move(&dirty, &channels->dirty);
    while (!ring_is_empty(&dirty))
        channel_send(ring_of(dirty.next, struct channel, dirty));
    exchanges_end_lost(&channels->exchanges);
}
