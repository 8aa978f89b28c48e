/* The load side of bench/realtime: many clients in one thread (crowd.h).
 *
 *   sockets fan PORT TOKEN COUNT ROUNDS ACK PAUSE_MS
 *                   COUNT clients hear of one document; a writer replaces it, the next time when
 *                   all have heard of it and a pause is over. ACK: 1: each answers as the SDKs do
 *   sockets flood PORT TOKEN COUNT SECONDS
 *                   the same without pause or answers, and the writer waits only for its own answer
 *   sockets bare COUNT ROUNDS SIZE
 *                   a process writes SIZE bytes to each of COUNT sockets, again when all have come
 *   sockets set PORT TOKEN COUNT SECONDS SIDS
 *                   each client replaces random documents of a file, one request at a time
 *   sockets idle PORT TOKEN COUNT SIDS
 *                   clients that hear of one document each; from a line of standard input on, until
 *                   its end
 *
 * Prints one line, "result {...}"; idle prints it when all have subscribed. */
#include "crowd.h"

#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { VALUE_SIZE = 280, BARE_HEADER_SIZE = 4 };

static struct crowd crowd;
static struct client *writer;
static uint64_t ends_ns; /* of `flood` and `set`: no requests from then on */
static size_t heard, answers, refusals;
static size_t heard_size; /* of the last message that a subscriber heard */
static bool acknowledging;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double seconds_since(uint64_t begun_ns)
{
    return (double)(now_ns() - begun_ns) / 1e9;
}

/* --- what all do --- */

static void take_server(char **words)
{
    crowd.port = atoi(words[0]);
    crowd.token = words[1];
}

static void set_document(struct client *client, const char *sid)
{
    static size_t count;
    char path[64], body[VALUE_SIZE + 64];
    snprintf(path, sizeof path, "/v3/Documents/%s", sid);
    snprintf(body, sizeof body, "{\"data\":{\"n\":%07zu,\"v\":\"%0*d\"}}", 1000000 + count++,
             VALUE_SIZE, 0);
    crowd_request(client, "POST", path, body);
}

static void set_any(struct client *client)
{
    set_document(client, crowd.sids[(size_t)rand() % crowd.sids_count]);
}

static void hear_event(struct client *client, size_t size)
{
    heard++;
    heard_size = size;
    if (acknowledging)
        crowd_acknowledge(client);
}

static void hear_answer(struct client *client, size_t size)
{
    (void)size;
    answers++;
    refusals += !strstr(client->text, "\"http_status\":{\"code\":20");
    if (now_ns() < ends_ns)
        set_any(client);
}

static void hear(struct client *client, size_t size)
{
    if (client->text)
        hear_answer(client, size);
    else
        hear_event(client, size);
}

/* --- one document, many subscribers --- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void show_rounds(size_t count, size_t rounds, double seconds, double *ms)
{
    qsort(ms, rounds, sizeof *ms, compare);
    printf("result {\"deliveries\":%zu,\"seconds\":%.6f,\"size\":%zu,\"refusals\":%zu,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           count * rounds, seconds, heard_size, refusals, ms[rounds / 2], ms[rounds * 99 / 100]);
}

static void pause_ms(double ms)
{
    uint64_t begun = now_ns();
    for (double left = ms; left > 0; left = ms - seconds_since(begun) * 1e3)
        crowd_poll(&crowd, (int)left + 1);
}

/* The writer makes the document that all hear of. */
static void gather(size_t count)
{
    writer = crowd_open(&crowd, 1);
    crowd_keep(writer);
    crowd_request(writer, "POST", "/v3/Documents", "{\"data\":{}}");
    while (!answers)
        crowd_poll(&crowd, -1);
    const char *sid = strstr(writer->text, "\"sid\":\"ET");
    if (!sid)
        errx(1, "no document: %s", writer->text);
    crowd.sids = calloc(1, sizeof *crowd.sids);
    crowd.sids_count = 1;
    memcpy(crowd.sids[0], sid + strlen("\"sid\":\""), CROWD_SID_LENGTH);
    crowd.subscribing = true;
    crowd_open(&crowd, count);
    answers = 0;
}

static double write_and_wait(size_t count)
{
    uint64_t begun = now_ns();
    heard = answers = 0;
    set_any(writer);
    while (heard < count || !answers)
        crowd_poll(&crowd, -1);
    return seconds_since(begun) * 1e3;
}

static void fan(char **words)
{
    take_server(words);
    size_t count = strtoul(words[2], NULL, 10), rounds = strtoul(words[3], NULL, 10);
    double *ms = calloc(rounds, sizeof *ms), pause = atof(words[5]);
    acknowledging = words[4][0] == '1';
    gather(count);
    uint64_t begun = now_ns();
    for (size_t i = 0; i < rounds; i++) {
        pause_ms(pause);
        ms[i] = write_and_wait(count);
    }
    show_rounds(count, rounds, seconds_since(begun), ms);
}

/* Events come many in a message. */
static void flood(char **words)
{
    take_server(words);
    gather(strtoul(words[2], NULL, 10));
    uint64_t begun = now_ns();
    ends_ns = begun + (uint64_t)(atof(words[3]) * 1e9);
    set_any(writer);
    while (now_ns() < ends_ns)
        crowd_poll(&crowd, 10);
    printf("result {\"writes\":%zu,\"refusals\":%zu,\"messages\":%zu,\"seconds\":%.6f}\n", answers,
           refusals, heard, seconds_since(begun));
    fflush(stdout);
    pause_ms(1000); /* whoever closed now would take what is on its way for lost */
}

/* --- requests --- */

static void set(char **words)
{
    take_server(words);
    size_t count = strtoul(words[2], NULL, 10);
    struct client *clients = crowd_open(&crowd, count);
    crowd_read_sids(&crowd, words[4]);
    uint64_t begun = now_ns();
    ends_ns = begun + (uint64_t)(atof(words[3]) * 1e9);
    for (size_t i = 0; i < count; i++) {
        crowd_keep(&clients[i]);
        set_any(&clients[i]);
    }
    while (now_ns() < ends_ns)
        crowd_poll(&crowd, 10);
    printf("result {\"requests\":%zu,\"refusals\":%zu,\"seconds\":%.6f}\n", answers, refusals,
           seconds_since(begun));
}

/* --- nothing --- */

static void idle(char **words)
{
    take_server(words);
    size_t count = strtoul(words[2], NULL, 10);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    crowd_read_sids(&crowd, words[3]);
    crowd.subscribing = true;
    getchar();
    uint64_t begun = now_ns();
    crowd_open(&crowd, count);
    printf("result {\"clients\":%zu,\"seconds\":%.6f}\n", count, seconds_since(begun));
    fflush(stdout);
    while (poll(&input, 1, 0) == 0)
        crowd_poll(&crowd, 10);
}

/* --- the reference: a loop of write() --- */

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1024) != 0 || getsockname(listener, (struct sockaddr *)&address, &len))
        err(1, "listen");
    crowd.port = ntohs(address.sin_port);
    return listener;
}

/* A message of `size` bytes with its header. */
static char *bare_message(size_t size)
{
    char *message = calloc(1, size);
    size_t length = size - BARE_HEADER_SIZE;
    message[0] = (char)0x82;
    message[1] = 126;
    message[2] = (char)(length >> 8);
    message[3] = (char)length;
    return message;
}

/* The other process: a round for each byte from `go`, until its end. */
static void write_rounds(int listener, size_t count, size_t size, int go)
{
    int *fds = calloc(count, sizeof *fds);
    char *message = bare_message(size), byte;
    for (size_t i = 0; i < count; i++) {
        fds[i] = accept(listener, NULL, NULL);
        if (fds[i] < 0)
            err(1, "accept");
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    }
    while (read(go, &byte, 1) == 1)
        for (size_t i = 0; i < count; i++)
            if (write(fds[i], message, size) != (ssize_t)size)
                err(1, "write");
    _exit(0);
}

static double go_and_wait(int go, size_t count)
{
    uint64_t begun = now_ns();
    heard = 0;
    if (write(go, "", 1) != 1)
        err(1, "the writer");
    while (heard < count)
        crowd_poll(&crowd, -1);
    return seconds_since(begun) * 1e3;
}

static void bare(char **words)
{
    size_t count = strtoul(words[0], NULL, 10), rounds = strtoul(words[1], NULL, 10);
    double *ms = calloc(rounds, sizeof *ms);
    int listener = listen_somewhere(), go[2];
    if (pipe(go) != 0)
        err(1, "pipe");
    if (fork() == 0) {
        close(go[1]);
        write_rounds(listener, count, strtoul(words[2], NULL, 10), go[0]);
    }
    crowd_open_plain(&crowd, count);
    uint64_t begun = now_ns();
    for (size_t i = 0; i < rounds; i++)
        ms[i] = go_and_wait(go[1], count);
    show_rounds(count, rounds, seconds_since(begun), ms);
    close(go[1]);
    wait(NULL);
}

/* --- */

static void raise_file_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static const struct {
    const char *name;
    int words;
    void (*run)(char **words);
} modes[] = {
    {"fan", 6, fan}, {"flood", 4, flood}, {"bare", 3, bare}, {"set", 5, set}, {"idle", 4, idle},
};

int main(int argc, char **argv)
{
    raise_file_limit();
    crowd_init(&crowd);
    crowd.hear = hear;
    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, argv[1]) == 0 && modes[i].words == argc - 2) {
            modes[i].run(argv + 2);
            return 0;
        }
    fputs("sockets: see the top of bench/sockets.c\n", stderr);
    return 2;
}
