/* A client's way in: UPGRADING --101--> STARTING --init is answered--> READY, or on with
 * SUBSCRIBING
 * --the request is answered--> ESTABLISHING --it is established--> READY. From READY on messages
 * are only counted off and handed to `hear`. */
#include "crowd.h"

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    EVENTS = 512,
    MESSAGE = 0x82, /* how a frame begins that is one: whole, binary, not deflated */
    READ_SIZE = 64 * 1024,
    KEPT_SIZE = 4096,
    MESSAGE_SIZE_MAX = 8192, /* of ours */
    OPENING = 256,           /* clients on their way in at a time */
    ADDRESSES = 8,           /* of the loopback network, so that ports do not run out */
};

enum phase { UPGRADING, STARTING, SUBSCRIBING, ESTABLISHING, READY };

/* --- out --- */

static void send_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent < 0)
            err(1, "send");
        at += sent;
        len -= (size_t)sent;
    }
}

/* A masked frame; the mask is zero, so the payload is as it is. */
static void send_message(struct client *client, const char *text, size_t len)
{
    unsigned char frame[8 + MESSAGE_SIZE_MAX] = {MESSAGE};
    size_t at = 2;
    assert(len <= MESSAGE_SIZE_MAX);
    frame[1] = (unsigned char)(0x80 | (len < 126 ? len : 126));
    if (len >= 126) {
        frame[at++] = (unsigned char)(len >> 8);
        frame[at++] = (unsigned char)len;
    }
    at += 4;
    memcpy(frame + at, text, len);
    send_all(client->fd, frame, at + len);
}

static void send_packet(struct client *client, const char *header, const char *payload)
{
    char text[MESSAGE_SIZE_MAX];
    int len = snprintf(text, sizeof text, "TWILSOCK V3.0 %zu\r\n%s\r\n%s", strlen(header), header,
                       payload);
    send_message(client, text, (size_t)len);
}

static void send_init(struct client *client)
{
    char header[MESSAGE_SIZE_MAX / 2];
    snprintf(header, sizeof header,
             "{\"method\":\"init\",\"id\":\"TM0\",\"token\":\"%s\",\"continuation_token\":null,"
             "\"capabilities\":[\"client_update\"]}",
             client->crowd->token);
    send_packet(client, header, "");
}

void crowd_request(struct client *client, const char *method, const char *path, const char *body)
{
    char header[1024];
    snprintf(header, sizeof header,
             "{\"method\":\"message\",\"id\":\"TM1\",\"payload_size\":%zu,"
             "\"payload_type\":\"application/json\",\"active_grant\":\"data_sync\","
             "\"http_request\":{\"host\":\"127.0.0.1\",\"path\":\"%s\",\"method\":\"%s\","
             "\"params\":{},\"headers\":{\"Content-Type\":\"application/json\"}}}",
             strlen(body), path, method);
    send_packet(client, header, body);
}

static void send_subscribe(struct client *client, const char *sid)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"event_protocol_version\":4,\"action\":\"establish\",\"correlation_id\":7,"
             "\"retried_requests\":0,\"ttl_in_s\":-1,\"requests\":[{\"object_sid\":\"%s\","
             "\"object_type\":\"document\",\"last_event_id\":null}]}",
             sid);
    crowd_request(client, "POST", "/v4/Subscriptions", body);
}

void crowd_acknowledge(struct client *client)
{
    send_packet(client,
                "{\"method\":\"reply\",\"id\":\"TM00000000000000000000000000000000\","
                "\"status\":{\"code\":200,\"status\":\"OK\"}}",
                "");
}

/* --- the way in --- */

static void expect(const struct client *client, const char *text)
{
    if (!strstr(client->text, text))
        errx(1, "expected %s in: %s", text, client->text);
}

static void move(struct client *client)
{
    struct crowd *crowd = client->crowd;
    switch (client->phase) {
    case UPGRADING:
        expect(client, "HTTP/1.1 101");
        send_init(client);
        client->phase = STARTING;
        break;
    case STARTING:
        expect(client, "\"code\":200");
        client->phase = crowd->subscribing ? SUBSCRIBING : READY;
        if (crowd->subscribing)
            send_subscribe(client, crowd->sids[(size_t)client->fd % crowd->sids_count]);
        break;
    case SUBSCRIBING:
        expect(client, "\"http_status\":{\"code\":200");
        client->phase = ESTABLISHING;
        break;
    case ESTABLISHING:
        expect(client, "subscription_established");
        client->phase = READY;
        break;
    }
    crowd->opened += client->phase == READY;
}

/* --- in --- */

/* The header of a server's frame: 2, 4 or 10 bytes. */
static size_t header_size(const struct client *client)
{
    if (client->head_size < 2 || client->head[1] < 126)
        return 2;
    return client->head[1] == 126 ? 4 : 10;
}

static size_t payload_size(const struct client *client)
{
    size_t size = 0;
    if (client->head[1] < 126)
        return client->head[1];
    for (size_t i = 2; i < client->head_size; i++)
        size = size << 8 | client->head[i];
    return size;
}

static size_t take_header(struct client *client, const char *bytes, size_t len)
{
    size_t taken = 0;
    while (taken < len && client->head_size < header_size(client))
        client->head[client->head_size++] = (unsigned char)bytes[taken++];
    if (client->head_size >= 2 && client->head_size == header_size(client)) {
        client->want = payload_size(client);
        if (client->head[0] != MESSAGE || !client->want)
            errx(1, "a frame that is no message: it would be counted as one");
        client->message_size = client->head_size + client->want;
    }
    return taken;
}

static void keep(struct client *client, const char *bytes, size_t len)
{
    if (!client->text)
        return;
    size_t room = KEPT_SIZE - 1 - client->kept;
    size_t taken = len < room ? len : room;
    memcpy(client->text + client->kept, bytes, taken);
    client->kept += taken;
    client->text[client->kept] = 0;
}

static void end_message(struct client *client)
{
    client->head_size = 0;
    client->kept = 0; /* the text stays until the next message */
    if (client->phase != READY)
        move(client);
    else
        client->crowd->hear(client, client->message_size);
}

static void take(struct client *client, const char *bytes, size_t len)
{
    while (len) {
        size_t taken;
        if (client->want) {
            taken = len < client->want ? len : client->want;
            keep(client, bytes, taken);
            client->want -= taken;
            if (!client->want)
                end_message(client);
        } else {
            taken = take_header(client, bytes, len);
        }
        bytes += taken;
        len -= taken;
    }
}

/* The reply to the upgrade ends with an empty line; nothing comes behind it unasked. */
static void take_upgrade(struct client *client, const char *bytes, size_t len)
{
    keep(client, bytes, len);
    if (!strstr(client->text, "\r\n\r\n"))
        return;
    client->kept = 0;
    move(client);
}

static void read_client(struct client *client)
{
    static char bytes[READ_SIZE];
    ssize_t count = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count < 0)
        err(1, "recv");
    if (count == 0)
        errx(1, "a connection was closed");
    if (client->phase == UPGRADING)
        take_upgrade(client, bytes, (size_t)count);
    else
        take(client, bytes, (size_t)count);
}

void crowd_poll(struct crowd *crowd, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(crowd->epoll, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++)
        read_client(events[i].data.ptr);
}

void crowd_keep(struct client *client)
{
    client->text = calloc(1, KEPT_SIZE);
    client->kept = 0;
}

/* --- opening --- */

void crowd_init(struct crowd *crowd)
{
    *crowd = (struct crowd){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (crowd->epoll < 0)
        err(1, "epoll_create1");
}

void crowd_read_sids(struct crowd *crowd, const char *path)
{
    char line[128];
    FILE *file = fopen(path, "r");
    if (!file)
        err(1, "%s", path);
    while (fgets(line, sizeof line, file)) {
        crowd->sids = realloc(crowd->sids, (crowd->sids_count + 1) * sizeof *crowd->sids);
        memcpy(crowd->sids[crowd->sids_count], line, CROWD_SID_LENGTH);
        crowd->sids[crowd->sids_count++][CROWD_SID_LENGTH] = 0;
    }
    fclose(file);
}

static int dial(int port, size_t number)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number % ADDRESSES)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        err(1, "socket %zu", number);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        err(1, "connect %zu", number);
    return fd;
}

static void join(struct crowd *crowd, struct client *client, size_t number, enum phase phase)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    *client = (struct client){.crowd = crowd, .fd = dial(crowd->port, number), .phase = phase};
    if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        err(1, "epoll_ctl");
}

static void upgrade(struct client *client)
{
    static const char request[] =
        "GET /v3/wsconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    crowd_keep(client);
    send_all(client->fd, request, sizeof request - 1);
}

struct client *crowd_open(struct crowd *crowd, size_t count)
{
    struct client *clients = calloc(count, sizeof *clients);
    crowd->opened = 0;
    for (size_t i = 0; i < count; i++) {
        while (i - crowd->opened >= OPENING)
            crowd_poll(crowd, -1);
        join(crowd, &clients[i], i, UPGRADING);
        upgrade(&clients[i]);
    }
    while (crowd->opened < count)
        crowd_poll(crowd, -1);
    for (size_t i = 0; i < count; i++) {
        free(clients[i].text);
        clients[i].text = NULL;
    }
    return clients;
}

struct client *crowd_open_plain(struct crowd *crowd, size_t count)
{
    struct client *clients = calloc(count, sizeof *clients);
    for (size_t i = 0; i < count; i++)
        join(crowd, &clients[i], i, READY);
    return clients;
}
