#include "http/channel.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    PIECES_MAX = 32,        /* of replies in one call */
    SEND_SIZE = 128 * 1024, /* at a time: large replies go out in steps */
};

static void serve(struct ring *place, struct work_slice *slice);

void channels_init(struct channels *channels, uv_loop_t *loop, struct work_queue *work)
{
    channels->loop = loop;
    ring_init(&channels->open);
    ring_init(&channels->dirty);
    lingerings_init(&channels->lingerings, loop);
    lanes_init(&channels->lanes, work, serve);
}

/* --- the end --- */

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void lose_exchanges(struct channel *channel)
{
    while (!ring_is_empty(&channel->exchanges))
        exchange_lose(ring_of(channel->exchanges.next, struct exchange, node));
}

/* Leave all rings; the memory goes when the loop has let go of the handle. */
static void detach(struct channel *channel)
{
    struct channels *channels = channel->channels;
    channel->closed = true;
    lose_exchanges(channel);
    ring_remove(&channel->open);
    ring_remove(&channel->dirty);
    ring_remove(&channel->waiting);
    work_remove(&channel->sender);
    lane_admit(channel->lane);
    lane_put(channel->lane);
    buf_deinit(&channel->input);
    uv_close((uv_handle_t *)&channel->poll, on_closed);
    connection_deinit(&channel->connection);
    channels->changed(channels->context);
}

/* Behind a reply that came before all of its request the socket lingers: lingering.h. */
static void close_channel(struct channel *channel)
{
    int fd = channel->connection.fd;
    bool lingers = !channel->broken && !channel->ended;
    if (channel->closed)
        return;
    detach(channel);
    if (lingers)
        lingering_start(&channel->channels->lingerings, fd);
    else
        close(fd);
}

static void break_off(struct channel *channel)
{
    channel->broken = true;
    close_channel(channel);
}

void channels_deinit(struct channels *channels)
{
    while (!ring_is_empty(&channels->open))
        break_off(ring_of(channels->open.next, struct channel, open));
    exchanges_end_lost(&channels->exchanges);
    exchanges_deinit(&channels->exchanges);
    lingerings_deinit(&channels->lingerings);
    lanes_deinit(&channels->lanes);
}

/* --- what it waits for --- */

static struct exchange *first_of(const struct channel *channel)
{
    return ring_is_empty(&channel->exchanges)
               ? NULL
               : ring_of(channel->exchanges.next, struct exchange, node);
}

static enum connection_await awaited(const struct channel *channel)
{
    const struct exchange *first = first_of(channel);
    if (!first)
        return channel->connection.await == AWAIT_FIRST ? AWAIT_FIRST : AWAIT_HEADERS;
    if (first->state == EXCHANGE_REPLIED)
        return AWAIT_SENT;
    return first->state == EXCHANGE_READING && !channel->held ? AWAIT_BODY : AWAIT_SERVER;
}

static struct exchange *newest_of(const struct channel *channel)
{
    return ring_is_empty(&channel->exchanges)
               ? NULL
               : ring_of(channel->exchanges.prev, struct exchange, node);
}

/* Behind one that is alone nothing begins before its end. */
static bool has_room(const struct channel *channel)
{
    const struct exchange *newest = newest_of(channel);
    bool open = !channel->last && !channel->channels->exchanges.draining;
    return open && channel->count < CHANNEL_REQUESTS_MAX && channel->unsent < CHANNEL_UNSENT_MAX &&
           !(newest && newest->class == CLASS_ALONE);
}

/* Requests of the same class may be under way together. */
static bool may_begin(const struct channel *channel, const struct exchange *exchange)
{
    if (exchange->node.prev == &channel->exchanges)
        return true;
    const struct exchange *before = ring_of(exchange->node.prev, struct exchange, node);
    return exchange->class != CLASS_ALONE &&
           (!channel->unanswered || exchange->class == before->class);
}

/* Whatever comes, nothing is done before others are answered. */
static bool is_blocked(const struct channel *channel)
{
    const struct exchange *incoming = channel->incoming;
    if (channel->held)
        return true;
    if (incoming)
        return incoming->state == EXCHANGE_ARRIVED && !may_begin(channel, incoming);
    return !has_room(channel);
}

static void on_event(uv_poll_t *poll, int status, int events);

/* What has come and is not read yet would wake the loop again and again; and where nothing is to be
 * read at all, its end would. */
static void watch(struct channel *channel)
{
    bool later = channel->readable && (is_blocked(channel) || !ring_is_empty(&channel->waiting));
    bool reads = !channel->ended && !channel->last && !later;
    int events = (reads ? UV_READABLE : 0) | (channel->stuck ? UV_WRITABLE : 0);
    if (events == channel->watched)
        return;
    channel->watched = events;
    if (events)
        uv_poll_start(&channel->poll, events, on_event);
    else
        uv_poll_stop(&channel->poll);
}

/* After anything has happened. */
static void settle(struct channel *channel)
{
    enum connection_await await = awaited(channel);
    if (channel->closed)
        return;
    if (await != channel->connection.await)
        connection_await(&channel->connection, await);
    watch(channel);
}

/* Is there something to do that nothing will wake it for? */
static bool has_more(const struct channel *channel)
{
    bool something = channel->readable || channel->input.len ||
                     (channel->incoming && channel->incoming->state == EXCHANGE_ARRIVED);
    return !channel->closed && !channel->broken && something && !is_blocked(channel);
}

/* --- replies --- */

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
    detach(channel);
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
    while ((first = first_of(channel)) && first->state == EXCHANGE_REPLIED &&
           channel->sent >= first->top.len + first->reply.len)
        if (!finish(channel, first))
            return false;
    return true;
}

/* All that came is answered, and nothing more will be. */
static bool is_over(const struct channel *channel)
{
    bool final = channel->last || channel->channels->exchanges.draining;
    return ring_is_empty(&channel->exchanges) && (final || (channel->ended && !has_more(channel)));
}

/* A client that has finished sending is answered as far as its requests are whole. */
static bool is_cut_short(const struct channel *channel)
{
    bool sends = channel->stuck || work_waits(&channel->sender);
    return channel->ended && !is_blocked(channel) && !channel->unanswered && !sends &&
           (channel->incoming || ring_is_empty(&channel->exchanges));
}

static void send_later(struct channel *channel)
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
            send_later(channel);
            return;
        }
        ssize_t sent = sendmsg(channel->connection.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        channel->stuck = sent < 0 && errno == EAGAIN;
        if (channel->stuck)
            return;
        if (sent < 0)
            break_off(channel);
        if (sent < 0 || !advance(channel, (size_t)sent))
            return;
        left -= (size_t)sent < left ? (size_t)sent : left;
    }
}

/* Send what is ready. `looked`: at all that has come. False: the channel is closed. */
static bool conclude(struct channel *channel, bool looked)
{
    ring_remove(&channel->dirty);
    send_ready(channel);
    if (channel->closed)
        return false;
    if (is_over(channel))
        close_channel(channel);
    else if (is_cut_short(channel) && (looked || !has_more(channel)))
        break_off(channel);
    else
        settle(channel);
    return !channel->closed;
}

/* What was held back may go on. */
static void send_and_go_on(struct channel *channel)
{
    if (conclude(channel, false) && has_more(channel))
        lane_wait(channel->lane, &channel->waiting);
}

static bool send_step(struct worker *worker)
{
    send_and_go_on(ring_of(worker, struct channel, sender));
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
        send_and_go_on(ring_of(dirty.next, struct channel, dirty));
    exchanges_end_lost(&channels->exchanges);
}

/* --- requests --- */

enum progress {
    PROGRESS,       /* go on */
    PROGRESS_NEEDS, /* more bytes */
    PROGRESS_WAITS, /* for others to be answered */
};

static enum progress refuse(struct channel *channel, struct exchange *exchange,
                            enum http_fault fault)
{
    channel->incoming = NULL;
    channel->last = true;
    exchange_refuse(exchange, fault);
    return PROGRESS_WAITS;
}

/* RFC 9112, section 2.2: an empty line before a request is to be passed over. */
static void pass_empty_line(struct channel *channel, struct str *rest)
{
    if (!channel->search.scanned && str_starts(*rest, STR("\r\n")))
        str_shift(rest, 2);
}

static struct exchange *add_exchange(struct channel *channel)
{
    channel->count++;
    return channel->incoming = exchange_new(&channel->channels->exchanges, channel);
}

static enum progress take_head(struct channel *channel, struct str *rest)
{
    enum http_fault fault;
    pass_empty_line(channel, rest);
    if (!rest->len || str_eq(*rest, STR("\r")))
        return PROGRESS_NEEDS;
    size_t size = head_find_end(&channel->search, *rest, channel->channels->head_size_max, &fault);
    if (!size && !fault)
        return PROGRESS_NEEDS;
    struct exchange *exchange = add_exchange(channel);
    channel->search = (struct head_search){0};
    if (!fault)
        fault = exchange_understand(exchange, str_shift(rest, size));
    return fault ? refuse(channel, exchange, fault) : PROGRESS;
}

/* Nobody is before it, so it may be said at once; the socket takes so little. */
static bool say_continue(struct channel *channel)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t len = sizeof text - 1;
    return send(channel->connection.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

static enum progress begin(struct channel *channel, struct exchange *exchange, bool has_bytes)
{
    if (!may_begin(channel, exchange))
        return PROGRESS_WAITS;
    exchange_begin(exchange);
    if (exchange->state == EXCHANGE_REPLIED) {
        channel->incoming = NULL;
        return PROGRESS;
    }
    bool wanted = exchange->head.expects_continue && exchange->request.has_body && !has_bytes;
    if (wanted && !exchange->request.is_http_1_0)
        channel->broken |= !say_continue(channel);
    return PROGRESS;
}

static enum progress handle(struct channel *channel, struct exchange *exchange)
{
    channel->held = !lane_takes(channel->lane, &channel->waiting, exchange->request.wants_large);
    if (channel->held)
        return PROGRESS_WAITS;
    exchange->lane = lane_share(channel->lane);
    channel->incoming = NULL;
    channel->last |= exchange->last;
    exchange_handle(exchange);
    return PROGRESS;
}

/* Nothing is said of it; those before it are answered. */
static enum progress abandon(struct channel *channel, struct exchange *exchange)
{
    channel->incoming = NULL;
    channel->last = true;
    channel->count--;
    exchange_end(exchange);
    return PROGRESS_WAITS;
}

static enum progress take_body(struct channel *channel, struct exchange *exchange, struct str *rest)
{
    enum body_state state =
        exchange->request.has_body ? exchange_read_body(exchange, rest) : BODY_DONE;
    switch (state) {
    case BODY_DONE:
        return handle(channel, exchange);
    case BODY_MORE:
        return PROGRESS_NEEDS;
    case BODY_BROKEN:
        return refuse(channel, exchange, FAULT_SYNTAX);
    case BODY_ENDLESS:
        break;
    }
    return abandon(channel, exchange);
}

static enum progress take(struct channel *channel, struct str *rest)
{
    struct exchange *exchange = channel->incoming;
    if (!exchange)
        return has_room(channel) ? take_head(channel, rest) : PROGRESS_WAITS;
    if (exchange->state == EXCHANGE_ARRIVED)
        return begin(channel, exchange, rest->len > 0);
    return take_body(channel, exchange, rest);
}

/* --- bytes --- */

/* What is not taken apart yet goes into the input, unless it is there; `rest` with it. While the
 * input has anything, `rest` lies there. There is room: nothing is read while it is blocked. */
static void save(struct channel *channel, struct str *rest)
{
    struct buf *input = &channel->input;
    if (input->len) {
        memmove(input->ptr, rest->ptr, rest->len);
        input->len = rest->len;
    } else {
        buf_add(input, *rest);
    }
    if (!input->len) {
        struct buf spent = buf_move(input);
        buf_deinit(&spent);
    }
    *rest = buf_str(input);
}

static ssize_t receive(const struct channel *channel, char *at, size_t size)
{
    ssize_t len;
    do
        len = recv(channel->connection.fd, at, size, MSG_DONTWAIT);
    while (len < 0 && errno == EINTR);
    return len;
}

/* Behind what is there already; or else to where all channels read, and nothing stays. */
static ssize_t read_bytes(struct channel *channel, struct str *rest)
{
    struct buf *input = &channel->input;
    bool behind = input->len > 0;
    char *at = behind ? buf_reserve(input, CHANNEL_READ_SIZE) : channel->channels->scratch;
    ssize_t len = receive(channel, at, CHANNEL_READ_SIZE);
    if (len > 0 && behind)
        input->len += (size_t)len;
    if (len > 0)
        *rest = behind ? buf_str(input) : (struct str){at, (size_t)len};
    else
        *rest = buf_str(input);
    return len;
}

/* True: there is more to take apart. A short read was the last one for now. */
static bool read_more(struct channel *channel, struct str *rest)
{
    save(channel, rest);
    if (!channel->readable)
        return false;
    ssize_t len = read_bytes(channel, rest);
    channel->readable = len == CHANNEL_READ_SIZE;
    channel->broken |= len < 0 && errno != EAGAIN;
    channel->ended |= len == 0;
    return len > 0;
}

/* One request, or what one read brings. True: go on. */
static bool work(struct channel *channel, struct str *rest, struct work_slice *slice, bool *more)
{
    size_t before = rest->len;
    enum progress progress = take(channel, rest);
    if (progress == PROGRESS_NEEDS && !read_more(channel, rest))
        return false;
    if (progress == PROGRESS_WAITS || channel->broken || channel->last)
        return false;
    *more = !work_goes_on(slice, before > rest->len ? before - rest->len : 0);
    return !*more;
}

static void serve(struct ring *place, struct work_slice *slice)
{
    struct channel *channel = ring_of(place, struct channel, waiting);
    struct str rest = buf_str(&channel->input);
    bool more = false;
    channel->held = false;
    while (work(channel, &rest, slice, &more))
        ;
    if (channel->last)
        rest.len = 0;
    save(channel, &rest);
    if (channel->broken) {
        break_off(channel);
        return;
    }
    bool replied = !ring_is_empty(&channel->dirty); /* which may let others begin */
    if (!conclude(channel, !more))
        return;
    if (more || (replied && has_more(channel)))
        lane_wait(channel->lane, &channel->waiting); /* which may be another one by now */
}

/* --- events --- */

static void take_turn(struct channel *channel)
{
    struct work_queue *queue = channel->channels->lanes.work;
    if (!ring_is_empty(&channel->waiting)) {
        watch(channel); /* not again, until it had its turn */
        return;
    }
    if (!work_is_free(queue)) {
        lane_wait(channel->lane, &channel->waiting);
        return;
    }
    struct work_slice slice = work_slice(queue);
    serve(&channel->waiting, &slice);
}

static void send_in_turn(struct channel *channel)
{
    if (work_is_free(channel->channels->lanes.work)) {
        send_and_go_on(channel);
        return;
    }
    channel->stuck = false;
    send_later(channel);
    watch(channel);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct channel *channel = poll->data;
    if (status < 0) {
        break_off(channel);
        return;
    }
    if (events & UV_WRITABLE)
        send_in_turn(channel);
    if (channel->closed || !(events & UV_READABLE))
        return;
    channel->readable = true;
    if (is_blocked(channel))
        conclude(channel, false);
    else
        take_turn(channel);
}

static struct lane *get_lane(const struct channel *channel, enum work_class class)
{
    const struct connection *connection = &channel->connection;
    return lane_get(&channel->channels->lanes, class, connection->place.network,
                    (uint64_t)connection->fd);
}

void channel_know(struct channel *channel)
{
    struct lane *before = channel->lane;
    if (channel->lane->work->class == WORK_KNOWN || !ring_is_empty(&channel->waiting) ||
        work_waits(&channel->sender))
        return;
    channel->lane = get_lane(channel, WORK_KNOWN);
    lane_put(before);
}

void channel_open(struct channels *channels, int fd)
{
    struct channel *channel = mem_zalloc(1, sizeof *channel);
    channel->channels = channels;
    channel->poll.data = channel;
    if (uv_poll_init(channels->loop, &channel->poll, fd) != 0) {
        free(channel);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    ring_init(&channel->dirty);
    ring_init(&channel->waiting);
    worker_init(&channel->sender, send_step);
    ring_init(&channel->exchanges);
    ring_init(&channel->open);
    ring_append(&channels->open, &channel->open);
    buf_init(&channel->input, channels->head_size_max + 2 * CHANNEL_READ_SIZE);
    connection_init(&channel->connection, &channels->connections, fd);
    channel->lane = get_lane(channel, WORK_STRANGERS);
    watch(channel);
}
