/* Create many documents, or items of a list or map, over HTTP, as fast as the server takes them.
 *
 * One thread keeps CONNECTIONS busy, each with one request at a time, until
 * COUNT objects were created at PATH. Document n is named doc-n, the map item n kn. With SIDS,
 * a document's sid goes into line n of that file; all lines have the same length, so that a
 * reader finds a line without reading those before it. A 429 or 503 is tried again; any other
 * answer than 2xx ends the program with that answer on stderr.
 *
 *   load PORT COUNT CONNECTIONS AUTHORIZATION PATH [SIDS] */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 8192, EVENTS_MAX = 64, SID_SIZE = 34, LINE_SIZE = SID_SIZE + 1 };
enum { DATA_SIZE = 300, STATUS_AT = 9 };

struct connection {
    int fd;
    unsigned object; /* the one that is being created */
    size_t used;
    char in[BUFFER_SIZE + 1];
};

struct load {
    unsigned next; /* the first object that nobody has begun */
    unsigned done;
    unsigned count;
    const char *authorization;
    const char *path;
    const char *naming; /* the field that names an object, and how its name begins */
    char *sids;         /* NULL: not wanted */
    struct sockaddr_in server;
};

/* Fill `text` with letters so that the JSON of {"n":"0000000","text":"..."} has DATA_SIZE bytes. */
static void fill(char *text)
{
    const size_t size = DATA_SIZE - strlen("{\"n\":\"0000000\",\"text\":\"\"}");
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 26);
    text[size] = '\0';
}

static void send_request(const struct load *load, const struct connection *connection)
{
    char text[DATA_SIZE];
    char body[BUFFER_SIZE / 2];
    char request[BUFFER_SIZE];
    fill(text);
    int body_size = snprintf(body, sizeof body,
                             "%s%u&Data=%%7B%%22n%%22%%3A%%22%07u%%22%%2C"
                             "%%22text%%22%%3A%%22%s%%22%%7D",
                             load->naming, connection->object, connection->object, text);
    int size = snprintf(request, sizeof request,
                        "POST %s HTTP/1.1\r\n"
                        "Host: 127.0.0.1\r\nAuthorization: %s\r\n"
                        "Content-Type: application/x-www-form-urlencoded\r\n"
                        "Content-Length: %d\r\n\r\n%s",
                        load->path, load->authorization, body_size, body);
    if (size >= (int)sizeof request || send(connection->fd, request, (size_t)size, 0) != size)
        err(1, "cannot send a request");
}

/* The size of the whole reply in the buffer, 0 when it has not all arrived. */
static size_t reply_size(struct connection *connection)
{
    connection->in[connection->used] = '\0';
    const char *end = strstr(connection->in, "\r\n\r\n");
    if (!end)
        return 0;
    const char *length = strcasestr(connection->in, "\r\nContent-Length:");
    if (!length || length > end)
        errx(1, "a reply without Content-Length: %s", connection->in);
    size_t head = (size_t)(end - connection->in) + 4;
    size_t size = head + strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    return size <= connection->used ? size : 0;
}

static void keep_sid(struct load *load, const struct connection *connection)
{
    const char *key = strstr(connection->in, "\"sid\"");
    const char *value = key ? strchr(key + strlen("\"sid\""), '"') : NULL;
    if (!value || strlen(value) <= SID_SIZE)
        errx(1, "a reply without a sid: %s", connection->in);
    char *line = load->sids + (size_t)connection->object * LINE_SIZE;
    memcpy(line, value + 1, SID_SIZE);
    line[SID_SIZE] = '\n';
}

static bool is_overloaded(const char *reply)
{
    return memcmp(reply + STATUS_AT, "429", 3) == 0 || memcmp(reply + STATUS_AT, "503", 3) == 0;
}

static void take_reply(struct load *load, struct connection *connection)
{
    connection->used = 0;
    if (is_overloaded(connection->in)) {
        usleep(1000);
        send_request(load, connection);
        return;
    }
    if (connection->in[STATUS_AT] != '2')
        errx(1, "unexpected reply: %s", connection->in);
    if (load->sids)
        keep_sid(load, connection);
    load->done++;
    if (load->next < load->count) {
        connection->object = load->next++;
        send_request(load, connection);
    }
}

static void receive(struct load *load, struct connection *connection)
{
    ssize_t got =
        read(connection->fd, connection->in + connection->used, BUFFER_SIZE - connection->used);
    if (got <= 0)
        err(1, "the server closed a connection");
    connection->used += (size_t)got;
    if (reply_size(connection) > 0)
        take_reply(load, connection);
}

static void open_connection(struct load *load, int epoll)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        err(1, "connection");
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (connection->fd < 0 ||
        connect(connection->fd, (const struct sockaddr *)&load->server, sizeof load->server) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event))
        err(1, "cannot connect");
    connection->object = load->next++;
    send_request(load, connection);
}

/* A list's items have no names; it ignores the field. */
static const char *naming_of(const char *path)
{
    return strstr(path, "/Documents") ? "UniqueName=doc-" : "Key=k";
}

static char *map_sids(const char *path, unsigned count)
{
    const size_t size = (size_t)count * LINE_SIZE;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size))
        err(1, "%s", path);
    char *sids = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (sids == MAP_FAILED)
        err(1, "%s", path);
    close(fd);
    return sids;
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 7)
        errx(2, "usage: load PORT COUNT CONNECTIONS AUTHORIZATION PATH [SIDS]");
    const unsigned connections = (unsigned)atoi(argv[3]);
    struct load load = {.count = (unsigned)atoi(argv[2]),
                        .authorization = argv[4],
                        .path = argv[5],
                        .naming = naming_of(argv[5]),
                        .server = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(argv[1])),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    if (argc == 7)
        load.sids = map_sids(argv[6], load.count);
    int epoll = epoll_create1(0);
    for (unsigned i = 0; i < connections && load.next < load.count; i++)
        open_connection(&load, epoll);

    struct epoll_event events[EVENTS_MAX];
    while (load.done < load.count) {
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++)
            receive(&load, events[i].data.ptr);
    }
}
