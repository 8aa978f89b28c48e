#include "http/channel.h"

#include "base/mem.h"
#include "http/channel_send.h"
#include "http/channel_state.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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
    if (!channel_may_begin(channel, exchange))
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
        return channel_has_room(channel) ? take_head(channel, rest) : PROGRESS_WAITS;
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
        channel_break_off(channel);
        return;
    }
    bool replied = !ring_is_empty(&channel->dirty); /* which may let others begin */
    if (!channel_conclude(channel, !more))
        return;
    if (more || (replied && channel_has_more(channel)))
        lane_wait(channel->lane, &channel->waiting); /* which may be another one by now */
}

/* --- events --- */

static void take_turn(struct channel *channel)
{
    struct work_queue *queue = channel->channels->lanes.work;
    if (!ring_is_empty(&channel->waiting)) {
        channel_watch(channel); /* not again, until it had its turn */
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
        channel_send(channel);
        return;
    }
    channel->stuck = false;
    channel_send_later(channel);
    channel_watch(channel);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct channel *channel = poll->data;
    if (status < 0) {
        channel_break_off(channel);
        return;
    }
    if (events & UV_WRITABLE)
        send_in_turn(channel);
    if (channel->closed || !(events & UV_READABLE))
        return;
    channel->readable = true;
    if (channel_is_blocked(channel))
        channel_conclude(channel, false);
    else
        take_turn(channel);
}

static struct lane *get_lane(const struct channel *channel, enum work_class class)
{
    const struct connection *connection = &channel->connection;
    return lane_get(&channel->channels->lanes, class, connection->place.network,
                    (uint64_t)connection->fd);
}

static void know(struct channel *channel)
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
    worker_init(&channel->sender, channel_send_step);
    ring_init(&channel->exchanges);
    ring_init(&channel->open);
    ring_append(&channels->open, &channel->open);
    buf_init(&channel->input, channels->head_size_max + 2 * CHANNEL_READ_SIZE);
    connection_init(&channel->connection, &channels->connections, fd);
    channel->lane = get_lane(channel, WORK_STRANGERS);
    channel_watch(channel);
}

/* --- all of them --- */

void channels_init(struct channels *channels, uv_loop_t *loop, struct work_queue *work)
{
    channels->loop = loop;
    ring_init(&channels->open);
    ring_init(&channels->dirty);
    lingerings_init(&channels->lingerings, loop);
    lanes_init(&channels->lanes, work, serve);
    channels->on_event = on_event;
    channels->exchanges.owner = (struct exchange_owner){channel_reply, know};
}

void channels_deinit(struct channels *channels)
{
    while (!ring_is_empty(&channels->open))
        channel_break_off(ring_of(channels->open.next, struct channel, open));
    exchanges_end_lost(&channels->exchanges);
    exchanges_deinit(&channels->exchanges);
    lingerings_deinit(&channels->lingerings);
    lanes_deinit(&channels->lanes);
}
