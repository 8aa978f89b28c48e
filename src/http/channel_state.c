#include "http/channel_state.h"

#include <stdlib.h>
#include <unistd.h>

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

void channel_detach(struct channel *channel)
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
void channel_close(struct channel *channel)
{
    int fd = channel->connection.fd;
    bool lingers = !channel->broken && !channel->ended;
    if (channel->closed)
        return;
    channel_detach(channel);
    if (lingers)
        lingering_start(&channel->channels->lingerings, fd);
    else
        close(fd);
}

void channel_break_off(struct channel *channel)
{
    channel->broken = true;
    channel_close(channel);
}

/* --- what it waits for --- */

struct exchange *channel_first(const struct channel *channel)
{
    return ring_is_empty(&channel->exchanges)
               ? NULL
               : ring_of(channel->exchanges.next, struct exchange, node);
}

static enum connection_await awaited(const struct channel *channel)
{
    const struct exchange *first = channel_first(channel);
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
bool channel_has_room(const struct channel *channel)
{
    const struct exchange *newest = newest_of(channel);
    bool open = !channel->last && !channel->channels->exchanges.draining;
    return open && channel->count < CHANNEL_REQUESTS_MAX && channel->unsent < CHANNEL_UNSENT_MAX &&
           !(newest && newest->class == CLASS_ALONE);
}

/* Requests of the same class may be under way together. */
bool channel_may_begin(const struct channel *channel, const struct exchange *exchange)
{
    if (exchange->node.prev == &channel->exchanges)
        return true;
    const struct exchange *before = ring_of(exchange->node.prev, struct exchange, node);
    return exchange->class != CLASS_ALONE &&
           (!channel->unanswered || exchange->class == before->class);
}

/* Whatever comes, nothing is done before others are answered. */
bool channel_is_blocked(const struct channel *channel)
{
    const struct exchange *incoming = channel->incoming;
    if (channel->held)
        return true;
    if (incoming)
        return incoming->state == EXCHANGE_ARRIVED && !channel_may_begin(channel, incoming);
    return !channel_has_room(channel);
}

/* What has come and is not read yet would wake the loop again and again; and where nothing is to be
 * read at all, its end would. */
void channel_watch(struct channel *channel)
{
    bool later =
        channel->readable && (channel_is_blocked(channel) || !ring_is_empty(&channel->waiting));
    bool reads = !channel->ended && !channel->last && !later;
    int events = (reads ? UV_READABLE : 0) | (channel->stuck ? UV_WRITABLE : 0);
    if (events == channel->watched)
        return;
    channel->watched = events;
    if (events)
        uv_poll_start(&channel->poll, events, channel->channels->on_event);
    else
        uv_poll_stop(&channel->poll);
}

/* After anything has happened. */
void channel_settle(struct channel *channel)
{
    enum connection_await await = awaited(channel);
    if (channel->closed)
        return;
    if (await != channel->connection.await)
        connection_await(&channel->connection, await);
    channel_watch(channel);
}

/* Is there something to do that nothing will wake it for? */
bool channel_has_more(const struct channel *channel)
{
    bool something = channel->readable || channel->input.len ||
                     (channel->incoming && channel->incoming->state == EXCHANGE_ARRIVED);
    return !channel->closed && !channel->broken && something && !channel_is_blocked(channel);
}
