/* The load side of bench/realtime: many WebSockets that speak the client protocol, or plain ones
 * that are only written to, in one thread with one epoll set.
 *
 *   sockets fan PORT TOKEN COUNT ROUNDS ACK   COUNT clients hear of one document; a writer replaces
 *                                             it, the next time when all have heard
 *   sockets flood PORT TOKEN COUNT SECONDS    the same, but the writer waits only for its answers
 *   sockets bare COUNT ROUNDS SIZE            a process writes SIZE bytes to each of COUNT sockets,
 *                                             again when all have come
 *   sockets set PORT TOKEN COUNT SECONDS SIDS each client replaces random documents of a file
 *   sockets idle PORT TOKEN COUNT SIDS        clients that hear of one document each; until stdin
 *                                             ends
 *
 * Prints one line, "result {...}"; idle prints it when all have subscribed. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    BUFFER_SIZE = 64 * 1024,
    KEPT_SIZE = 4096, /* of a message, for whoever wants to look into it */
    VALUE_SIZE = 300,
    SID_LENGTH = 34,
    OPENING = 256, /* clients on their way in at a time */
    ADDRESSES = 8, /* of the loopback network, so that ports do not run out */
};

enum phase { UPGRADING, STARTING, SUBSCRIBING, ESTABLISHING, READY };

struct client {
    int fd;
    enum phase phase;
    size_t want;      /* bytes until the message is complete */
    size_t head_size; /* of the frame's header that is here */
    unsigned char head[10];
    size_t kept;
    uint64_t messages;
    uint64_t asked_ns;
    char *text; /* KEPT_SIZE bytes while opening; NULL: nobody looks */
};

static int epoll;
static const char *token;
static int port;
static char (*sids)[SID_LENGTH + 1];
static size_t sids_count;
static size_t opened;
static uint64_t heard;      /* messages at ready clients since the last reset */
static size_t message_size; /* of the last message, with its header */
static bool acknowledging;
static char buffer[BUFFER_SIZE];

static void die(const char *what)
{
    fprintf(stderr, "sockets: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- out --- */

static void send_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            continue;
        if (sent < 0)
            die("send");
        at += sent;
        len -= (size_t)sent;
    }
}

/* A masked frame; the mask is zero, so the payload is as it is. */
static void send_message(struct client *client, const char *text, size_t len)
{
    unsigned char frame[14 + 8192] = {0x82};
    size_t at = 2;
    assert(len <= 8192);
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
    char text[8192];
    int len = snprintf(text, sizeof text, "TWILSOCK V3.0 %zu\r\n%s\r\n%s", strlen(header), header,
                       payload);
    send_message(client, text, (size_t)len);
}

static void send_init(struct client *client)
{
    char header[4096];
    snprintf(header, sizeof header,
             "{\"method\":\"init\",\"id\":\"TM0\",\"token\":\"%s\",\"continuation_token\":null,"
             "\"capabilities\":[\"client_update\"]}",
             token);
    send_packet(client, header, "");
}

static void send_request(struct client *client, const char *method, const char *path,
                         const char *body)
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
    send_request(client, "POST", "/v4/Subscriptions", body);
}

static void send_set(struct client *client, const char *sid)
{
    static char filler[VALUE_SIZE];
    static unsigned count;
    char path[64], body[1024];
    memset(filler, 'x', sizeof filler - 1);
    snprintf(path, sizeof path, "/v3/Documents/%s", sid);
    snprintf(body, sizeof body, "{\"data\":{\"n\":%u,\"v\":\"%.*s\"}}", count++, VALUE_SIZE - 20,
             filler);
    client->asked_ns = now_ns();
    send_request(client, "POST", path, body);
}

static void send_ack(struct client *client)
{
    static const char header[] = "{\"method\":\"reply\",\"id\":\"TM00000000000000000000000000000000"
                                 "\",\"status\":{\"code\":200,\"status\":\"OK\"}}";
    send_packet(client, header, "");
}

/* --- in --- */

static void on_message(struct client *client);

static const char *pick(const struct client *client)
{
    return sids[(size_t)client->fd % sids_count];
}

/* A client's way in: one step for each message. */
static void move(struct client *client)
{
    switch (client->phase) {
    case UPGRADING:
        send_init(client);
        client->phase = STARTING;
        break;
    case STARTING:
        if (!strstr(client->text, "\"code\":200"))
            die("init was refused");
        if (sids_count)
            send_subscribe(client, pick(client));
        client->phase = sids_count ? SUBSCRIBING : READY;
        break;
    case SUBSCRIBING:
        client->phase = ESTABLISHING;
        break;
    case ESTABLISHING:
        if (!strstr(client->text, "subscription_established"))
            die("a subscription failed");
        client->phase = READY;
        break;
    case READY:
        break;
    }
    opened += client->phase == READY;
}

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
    client->messages++;
    if (client->phase != READY)
        move(client);
    else
        on_message(client);
    client->kept = 0;
}

static size_t take_header(struct client *client, const char *bytes, size_t len)
{
    size_t taken = 0;
    while (taken < len && client->head_size < header_size(client))
        client->head[client->head_size++] = (unsigned char)bytes[taken++];
    if (client->head_size == header_size(client) && client->head_size >= 2)
        message_size = client->head_size + (client->want = payload_size(client));
    return taken;
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

/* The reply to the upgrade ends with an empty line. */
static void take_upgrade(struct client *client, const char *bytes, size_t len)
{
    keep(client, bytes, len);
    const char *end = strstr(client->text, "\r\n\r\n");
    if (!end)
        return;
    if (strncmp(client->text, "HTTP/1.1 101", 12) != 0)
        die("no upgrade");
    client->kept = 0;
    move(client);
}

static void read_client(struct client *client)
{
    ssize_t count = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0)
        die("a connection was closed");
    if (client->phase == UPGRADING)
        take_upgrade(client, buffer, (size_t)count);
    else
        take(client, buffer, (size_t)count);
}

static void poll_once(int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++)
        read_client(events[i].data.ptr);
}

/* --- opening --- */

static void watch(struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        die("epoll_ctl");
}

static int dial(size_t number)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(0x7f000001 + number % ADDRESSES)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    return fd;
}

static void open_client(struct client *client, size_t number)
{
    static const char upgrade[] =
        "GET /v3/wsconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    *client = (struct client){.fd = dial(number), .text = malloc(KEPT_SIZE)};
    watch(client);
    send_all(client->fd, upgrade, sizeof upgrade - 1);
}

static struct client *open_all(size_t count)
{
    struct client *clients = calloc(count, sizeof *clients);
    opened = 0;
    for (size_t i = 0; i < count; i++) {
        while (i - opened >= OPENING)
            poll_once(-1);
        open_client(&clients[i], i);
    }
    while (opened < count)
        poll_once(-1);
    for (size_t i = 0; i < count; i++) {
        free(clients[i].text);
        clients[i].text = NULL;
    }
    return clients;
}

static void read_sids(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[128];
    if (!file)
        die(path);
    while (fgets(line, sizeof line, file)) {
        sids = realloc(sids, (sids_count + 1) * sizeof *sids);
        memcpy(sids[sids_count], line, SID_LENGTH);
        sids[sids_count++][SID_LENGTH] = 0;
    }
    fclose(file);
}

/* --- measuring --- */

static enum { NOTHING, FAN, FLOOD, SET } mode;
static struct client *writer;
static uint64_t ends_ns, answers;

static void on_message(struct client *client)
{
    if (mode == SET || client == writer) {
        answers++;
        if ((mode == SET || mode == FLOOD) && now_ns() < ends_ns)
            send_set(client, mode == SET ? sids[(size_t)rand() % sids_count] : sids[0]);
        return;
    }
    heard++;
    if (acknowledging)
        send_ack(client);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void show_rounds(size_t count, size_t rounds, double seconds, double *ms)
{
    qsort(ms, rounds, sizeof *ms, compare);
    printf("result {\"deliveries\":%zu,\"seconds\":%.6f,\"size\":%zu,\"p50_ms\":%.3f,"
           "\"p99_ms\":%.3f}\n",
           count * rounds, seconds, message_size, ms[rounds / 2], ms[rounds * 99 / 100]);
}

/* One document, made by the writer, that all hear of. */
static struct client *prepare_fan(size_t count)
{
    sids = calloc(1, sizeof *sids);
    writer = open_all(1);
    writer->text = malloc(KEPT_SIZE);
    uint64_t before = answers;
    send_request(writer, "POST", "/v3/Documents", "{\"data\":{}}");
    writer->kept = 0;
    while (answers == before)
        poll_once(-1);
    const char *sid = strstr(writer->text, "\"sid\":\"ET");
    if (!sid)
        die("no document");
    memcpy(sids[0], sid + 7, SID_LENGTH);
    sids_count = 1;
    return open_all(count);
}

static void fan(size_t count, size_t rounds)
{
    double *ms = calloc(rounds, sizeof *ms);
    mode = FAN;
    prepare_fan(count);
    uint64_t begun = now_ns();
    for (size_t i = 0; i < rounds; i++) {
        uint64_t asked = now_ns(), before = answers;
        heard = 0;
        send_set(writer, sids[0]);
        while (heard < count || answers == before)
            poll_once(-1);
        ms[i] = (double)(now_ns() - asked) / 1e6;
    }
    show_rounds(count, rounds, (double)(now_ns() - begun) / 1e9, ms);
}

/* Events come many in a message: how many there were, the answers tell. */
static void flood(size_t count, double seconds)
{
    prepare_fan(count);
    mode = FLOOD;
    heard = answers = 0;
    uint64_t begun = now_ns();
    ends_ns = begun + (uint64_t)(seconds * 1e9);
    send_set(writer, sids[0]);
    while (now_ns() < ends_ns)
        poll_once(10);
    printf("result {\"writes\":%llu,\"clients\":%zu,\"messages\":%llu,\"seconds\":%.6f}\n",
           (unsigned long long)answers, count, (unsigned long long)heard,
           (double)(now_ns() - begun) / 1e9);
}

static void set(size_t count, double seconds)
{
    size_t all = sids_count;
    sids_count = 0; /* nobody subscribes */
    struct client *clients = open_all(count);
    sids_count = all;
    mode = SET;
    uint64_t begun = now_ns();
    ends_ns = begun + (uint64_t)(seconds * 1e9);
    for (size_t i = 0; i < count; i++)
        send_set(&clients[i], sids[(size_t)rand() % sids_count]);
    while (now_ns() < ends_ns)
        poll_once(10);
    printf("result {\"requests\":%llu,\"seconds\":%.6f}\n", (unsigned long long)answers,
           (double)(now_ns() - begun) / 1e9);
}

static void idle(size_t count)
{
    uint64_t begun = now_ns();
    open_all(count);
    printf("result {\"clients\":%zu,\"seconds\":%.6f}\n", count, (double)(now_ns() - begun) / 1e9);
    fflush(stdout);
    while (getchar() != EOF)
        ;
}

/* --- the reference: a loop of write() --- */

static void write_rounds(int listener, size_t count, size_t rounds, size_t bytes_count, int go)
{
    int *fds = calloc(count, sizeof *fds);
    char *bytes = calloc(1, bytes_count), byte;
    bytes[0] = (char)0x82;
    bytes[1] = 126;
    bytes[2] = (char)((bytes_count - 4) >> 8);
    bytes[3] = (char)(bytes_count - 4);
    for (size_t i = 0; i < count; i++) {
        fds[i] = accept(listener, NULL, NULL);
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    }
    for (size_t round = 0; round < rounds; round++) {
        if (read(go, &byte, 1) != 1)
            die("the reader has gone");
        for (size_t i = 0; i < count; i++)
            if (write(fds[i], bytes, bytes_count) != (ssize_t)bytes_count)
                die("write");
    }
    _exit(0);
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1024) != 0 || getsockname(listener, (struct sockaddr *)&address, &len))
        die("listen");
    port = ntohs(address.sin_port);
    return listener;
}

static void bare(size_t count, size_t rounds, size_t bytes_count)
{
    int listener = listen_somewhere(), go[2];
    struct client *clients = calloc(count, sizeof *clients);
    double *ms = calloc(rounds, sizeof *ms);
    if (pipe(go) != 0)
        die("pipe");
    if (fork() == 0)
        write_rounds(listener, count, rounds, bytes_count, go[0]);
    for (size_t i = 0; i < count; i++) {
        clients[i] = (struct client){.fd = dial(i), .phase = READY};
        watch(&clients[i]);
    }
    uint64_t begun = now_ns();
    for (size_t i = 0; i < rounds; i++) {
        uint64_t asked = now_ns();
        heard = 0;
        if (write(go[1], "", 1) != 1)
            die("the writer has gone");
        while (heard < count)
            poll_once(-1);
        ms[i] = (double)(now_ns() - asked) / 1e6;
    }
    show_rounds(count, rounds, (double)(now_ns() - begun) / 1e9, ms);
    wait(NULL);
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool is(const char *word, const char *name, int argc, int wanted)
{
    return strcmp(word, name) == 0 && argc == wanted;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    raise_file_limit();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (is(word, "bare", argc, 5)) {
        bare(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
        return 0;
    }
    if (argc > 4) {
        port = atoi(argv[2]);
        token = argv[3];
    }
    size_t count = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
    if (is(word, "fan", argc, 7)) {
        acknowledging = argv[6][0] == '1';
        fan(count, strtoul(argv[5], NULL, 10));
    } else if (is(word, "flood", argc, 6)) {
        flood(count, atof(argv[5]));
    } else if (is(word, "set", argc, 7)) {
        read_sids(argv[6]);
        set(count, atof(argv[5]));
    } else if (is(word, "idle", argc, 6)) {
        read_sids(argv[5]);
        idle(count);
    } else {
        fputs("sockets: see the top of bench/sockets.c\n", stderr);
        return 2;
    }
    return 0;
}
