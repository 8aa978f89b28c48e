#include "http/connection.h"

#include "base/mem.h"

#include <stdlib.h>
#include <sys/socket.h>

void connections_init(struct connections *connections, uv_loop_t *loop, unsigned idle_ms,
                      unsigned request_ms)
{
    *connections = (struct connections){
        .loop = loop,
        .limits_ms =
            {[AWAIT_HEADERS] = idle_ms, [AWAIT_BODY] = request_ms, [AWAIT_SENT] = request_ms},
        .visited_ms = uv_now(loop),
    };
    for (unsigned i = 0; i < AWAIT_COUNT; i++)
        ring_init(&connections->awaited[i]);
}

struct connection *connection_open(struct connections *connections, int fd)
{
    struct connection *connection = mem_zalloc(1, sizeof *connection);
    connection->connections = connections;
    connection->fd = fd;
    ring_init(&connection->node);
    connection_await(connection, AWAIT_HEADERS);
    connections->count++;
    return connection;
}

void connection_close(struct connection *connection)
{
    connection->connections->count--;
    ring_remove(&connection->node);
    free(connection);
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

static void cut(struct connection *connection)
{
    connection_await(connection, AWAIT_CLOSE);
    shutdown(connection->fd, SHUT_RDWR);
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

/* libmicrohttpd misses the end of a stream that comes together with a request: its epoll is
 * edge-triggered, and it takes a short read for the last. So each connection that has become
 * idle since the last round is asked once. */
static void cut_half_closed(struct connections *connections)
{
    struct ring *head = &connections->awaited[AWAIT_HEADERS];
    struct ring *node = head->prev;
    while (node != head) {
        struct connection *connection = ring_of(node, struct connection, node);
        char byte;
        node = node->prev;
        if (connection->since_ms < connections->visited_ms)
            break;
        if (recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            cut(connection);
    }
    connections->visited_ms = uv_now(connections->loop);
}

void connections_visit(struct connections *connections)
{
    for (unsigned i = 0; i < AWAIT_COUNT; i++)
        cut_overdue(connections, (enum connection_await)i);
    cut_half_closed(connections);
}

void connection_give(struct connection *connection)
{
    connection_await(connection, AWAIT_CLOSE);
}

void connection_shut(struct connection *connection)
{
    if (connection->await != AWAIT_CLOSE)
        shutdown(connection->fd, SHUT_RD);
}

void connections_shut_idle(struct connections *connections)
{
    struct ring *head = &connections->awaited[AWAIT_HEADERS];
    for (struct ring *node = head->next; node != head; node = node->next)
        connection_shut(ring_of(node, struct connection, node));
}
