/* The least that can answer HTTP: what a server costs beyond this is its own.
 *
 * Each thread has its own listening socket (SO_REUSEPORT) and epoll, reads
 * whole requests (head, and as much body as Content-Length says, pipelined or
 * not) and answers each with the same bytes. It keeps no time, checks nothing
 * and closes a connection whose request is longer than its buffer or whose
 * answers do not fit into the socket at once: a load generator that waits for
 * its answers never sees that.
 *
 *   responder PORT THREADS BODY-SIZE     (port 0: a free one) */
#include <arpa/inet.h>
#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 8192, EVENTS_MAX = 64, THREADS_MAX = 64 };

struct connection {
    int fd;
    size_t used;
    char in[REQUEST_MAX];
};

struct worker {
    pthread_t thread;
    int listener;
    int epoll;
    const char *reply;
    size_t reply_size;
};

static int listen_on(uint16_t *port)
{
    const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(*port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) ||
        bind(fd, (struct sockaddr *)&address, size) || listen(fd, SOMAXCONN) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        err(1, "cannot listen on port %d", *port);
    *port = ntohs(address.sin_port);
    return fd;
}

static size_t content_length(const char *head, size_t size)
{
    static const char name[] = "\r\nContent-Length:";
    const size_t name_size = sizeof name - 1;
    for (size_t i = 0; i + name_size < size; i++)
        if (head[i] == '\r' && strncasecmp(head + i, name, name_size) == 0)
            return strtoul(head + i + name_size, NULL, 10);
    return 0;
}

/* The size of the first whole request in `in`, 0 when there is none yet. */
static size_t request_size(const char *in, size_t used)
{
    const char *end = memmem(in, used, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - in) + 4;
    size_t body = content_length(in, head);
    return body <= used - head ? head + body : 0;
}

/* Answer every whole request and keep what follows; false: the connection is done. */
static bool answer(const struct worker *worker, struct connection *connection)
{
    size_t done = 0;
    size_t size;
    while ((size = request_size(connection->in + done, connection->used - done)) > 0) {
        ssize_t sent = send(connection->fd, worker->reply, worker->reply_size, MSG_NOSIGNAL);
        if (sent != (ssize_t)worker->reply_size)
            return false;
        done += size;
    }
    connection->used -= done;
    memmove(connection->in, connection->in + done, connection->used);
    return connection->used < REQUEST_MAX;
}

static void serve(const struct worker *worker, struct connection *connection)
{
    ssize_t got =
        read(connection->fd, connection->in + connection->used, REQUEST_MAX - connection->used);
    if (got > 0) {
        connection->used += (size_t)got;
        if (answer(worker, connection))
            return;
    }
    close(connection->fd);
    free(connection);
}

static void accept_one(const struct worker *worker)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        err(1, "accept");
    connection->fd = accept4(worker->listener, NULL, NULL, SOCK_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (connection->fd < 0 || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, connection->fd, &event))
        err(1, "accept");
}

/* Owns its listener, its epoll and its connections; the reply is read only. */
static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    struct epoll_event events[EVENTS_MAX] = {{.events = EPOLLIN, .data.ptr = NULL}};
    worker->epoll = epoll_create1(0);
    if (worker->epoll < 0 || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->listener, &events[0]))
        err(1, "epoll");
    for (;;) {
        int count = epoll_wait(worker->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                serve(worker, events[i].data.ptr);
            else
                accept_one(worker);
        }
    }
    return NULL;
}

/* Heap, for the life of the process. */
static char *make_reply(size_t body_size, size_t *reply_size)
{
    char *reply = malloc(body_size + 256);
    if (!reply)
        err(1, "reply");
    int head_size = sprintf(reply,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n",
                            body_size);
    memset(reply + head_size, 'x', body_size);
    *reply_size = (size_t)head_size + body_size;
    return reply;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        errx(2, "usage: responder PORT THREADS BODY-SIZE");
    uint16_t port = (uint16_t)atoi(argv[1]);
    int threads = atoi(argv[2]);
    if (threads < 1 || threads > THREADS_MAX)
        errx(2, "THREADS is 1..%d", THREADS_MAX);
    size_t reply_size;
    const char *reply = make_reply(strtoul(argv[3], NULL, 10), &reply_size);

    static struct worker workers[THREADS_MAX];
    for (int i = 0; i < threads; i++)
        workers[i] =
            (struct worker){.listener = listen_on(&port), .reply = reply, .reply_size = reply_size};
    for (int i = 0; i < threads; i++)
        if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]))
            errx(1, "cannot start a thread");
    printf("responder: listening on http://127.0.0.1:%d\n", port);
    fflush(stdout);
    pthread_join(workers[0].thread, NULL);
}
