#include "http/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

enum { IDLE_LEAST_MS = 1000 }; /* before that the next request may be on its way */

void connections_init(struct connections *connections, uv_loop_t *loop, unsigned idle_ms,
                      unsigned request_ms, const struct places_options *places)
{
    *connections = (struct connections){
        .loop = loop,
        .limits_ms = {[AWAIT_FIRST] = idle_ms,
                      [AWAIT_HEADERS] = idle_ms,
                      [AWAIT_BODY] = request_ms,
                      [AWAIT_SENT] = request_ms},
    };
    for (unsigned i = 0; i < AWAIT_COUNT; i++)
        ring_init(&connections->awaited[i]);
    places_init(&connections->places, places);
}

static void cut(struct connection *connection)
{
    connection_await(connection, AWAIT_CLOSE);
    place_give(&connection->connections->places, &connection->place);
    shutdown(connection->fd, SHUT_RDWR);
}

/* --- places --- */

static bool has_unread_bytes(const struct connection *connection)
{
    int count = 0;
    return ioctl(connection->fd, FIONREAD, &count) == 0 && count > 0;
}

static bool may_give_way(const struct connection *connection, uint64_t now_ms)
{
    if (connection->place.kind != PLACE_ORDINARY)
        return false;
    if (connection->await == AWAIT_FIRST)
        return true;
    return now_ms - connection->since_ms >= IDLE_LEAST_MS && !has_unread_bytes(connection);
}

/* The longest idle one; NULL: there is none. */
static struct connection *find_idle(const struct connections *connections,
                                    enum connection_await await)
{
    const struct ring *head = &connections->awaited[await];
    for (struct ring *at = head->next; at != head; at = at->next) {
        struct connection *connection = ring_of(at, struct connection, node);
        if (may_give_way(connection, uv_now(connections->loop)))
            return connection;
    }
    return NULL;
}

static void find_place(struct connections *connections, struct connection *connection)
{
    struct places *places = &connections->places;
    struct connection *leaving = NULL;
    place_take(places, &connection->place, connection->fd, uv_now(connections->loop));
    if (place_wants(&connection->place))
        leaving = find_idle(connections, AWAIT_FIRST);
    if (place_wants(&connection->place) && !leaving)
        leaving = find_idle(connections, AWAIT_HEADERS);
    if (leaving) {
        cut(leaving);
        place_inherit(places, &connection->place);
        return;
    }
    struct place *surplus = place_surplus(places, &connection->place);
    if (surplus)
        cut(ring_of(surplus, struct connection, place));
}

static void cut_reserved(struct connections *connections)
{
    struct place *place;
    while ((place = places_overdue(&connections->places, uv_now(connections->loop))))
        cut(ring_of(place, struct connection, place));
}

/* --- life --- */

void connection_init(struct connection *connection, struct connections *connections, int fd)
{
    *connection = (struct connection){.connections = connections, .fd = fd};
    ring_init(&connection->node);
    peer_address(fd, connection->address);
    find_place(connections, connection);
    connection_await(connection, AWAIT_FIRST);
    connections->count++;
}

void connection_deinit(struct connection *connection)
{
    connection->connections->count--;
    ring_remove(&connection->node);
    place_give(&connection->connections->places, &connection->place);
}

void connection_await(struct connection *connection, enum connection_await await)
{
    if (connection->await == AWAIT_CLOSE)
        return;
    connection->await = await;
    connection->since_ms = uv_now(connection->connections->loop);
    ring_remove(&connection->node);
    ring_append(&connection->connections->awaited[await], &connection->node);
}

static void cut_overdue(struct connections *connections, enum connection_await await)
{
    struct ring *head = &connections->awaited[await];
    uint64_t limit_ms = connections->limits_ms[await];
    uint64_t now_ms = uv_now(connections->loop);
    while (limit_ms && !ring_is_empty(head)) {
        struct connection *oldest = ring_of(head->next, struct connection, node);
        if (now_ms - oldest->since_ms < limit_ms)
            break;
        cut(oldest);
    }
}

void connections_visit(struct connections *connections)
{
    for (unsigned i = 0; i < AWAIT_COUNT; i++)
        cut_overdue(connections, (enum connection_await)i);
    cut_reserved(connections);
}

void connection_give(struct connection *connection)
{
    connection_await(connection, AWAIT_CLOSE);
    place_give(&connection->connections->places, &connection->place);
}

void connection_shut(struct connection *connection)
{
    if (connection->await != AWAIT_CLOSE)
        shutdown(connection->fd, SHUT_RD);
}

static void shut_all(struct ring *head)
{
    for (struct ring *node = head->next; node != head; node = node->next)
        connection_shut(ring_of(node, struct connection, node));
}

void connections_shut_idle(struct connections *connections)
{
    shut_all(&connections->awaited[AWAIT_FIRST]);
    shut_all(&connections->awaited[AWAIT_HEADERS]);
}
