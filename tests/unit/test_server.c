/* The HTTP front over loopback, server and clients in one loop.
 *
 * A client collects what the server sends; `await` turns the loop until something is true. The
 * handler answers with what it saw: "METHOD path?query|body". */
#include "http/server.h"

#include "base/ring.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { HELD_MAX = 64, PATIENCE_MS = 20000 };

enum answer {
    ANSWER_AT_ONCE,
    ANSWER_LATER,
    ANSWER_IN_BEGIN,
    ANSWER_CONTINUE,
    UPGRADE_IN_BEGIN,
    UPGRADE_LATER,
};

struct world {
    uv_loop_t loop;
    uv_timer_t patience;
    struct http_options options;
    struct http_server *server;
    int listen_fd;
    enum answer answer;
    unsigned status;
    size_t reply_size; /* 0: the echo */
    struct http_request *held[HELD_MAX];
    size_t held_count;
    unsigned begun;
    unsigned handled;
    unsigned ended;
    unsigned ended_status;
    bool body_too_large;
    char header[64]; /* X-Test of the last request, "(absent)" */
    bool replying;   /* inside http_reply */
    unsigned drained;
    unsigned taken;
    int taken_fd; /* of the last upgrade, ours to close; -1: none */
    char early[64];
};

struct client {
    struct world *world;
    uv_poll_t poll;
    int fd;
    bool closed;
    size_t len;
    char text[1 << 21];
};

/* ---- the handler ---- */

static void reply_to(struct world *world, struct http_request *request)
{
    struct buf body;
    struct http_header header = {NULL, "X-Reply", "yes"};
    bool bodiless = world->status == 204;
    buf_init(&body, 1 << 21);
    if (world->reply_size) {
        memset(buf_reserve(&body, world->reply_size), 'x', world->reply_size);
        body.len += world->reply_size;
    } else {
        buf_addf(&body, "%.*s %.*s", STR_ARG(request->method_name), STR_ARG(request->path));
        if (request->query.ptr)
            buf_addf(&body, "?%.*s", STR_ARG(request->query));
        buf_addf(&body, "|%.*s", STR_ARG(request->body));
    }
    world->replying = true;
    http_reply(request, &(struct http_reply){.status = world->status,
                                             .content_type = bodiless ? NULL : "text/plain",
                                             .headers = &header,
                                             .body = bodiless ? NULL : &body});
    world->replying = false;
    buf_deinit(&body);
}

static void on_taken(void *context, int fd, struct str early)
{
    struct world *world = context;
    assert_false(world->replying);
    assert_int_equal(world->ended, world->taken); /* `end` is still to come */
    world->taken++;
    world->taken_fd = fd;
    snprintf(world->early, sizeof world->early, "%.*s", STR_ARG(early));
}

static void upgrade(struct world *world, struct http_request *request)
{
    struct http_header accept = {NULL, "X-Accept", "yes"};
    struct http_header protocol = {&accept, "Upgrade", "test"};
    world->replying = true;
    http_upgrade(request, &protocol, on_taken, world);
    world->replying = false;
}

static void on_begin(void *context, struct http_request *request)
{
    struct world *world = context;
    world->begun++;
    request->user = world;
    world->body_too_large = request->body_too_large;
    struct str value = http_request_header(request, "x-test");
    snprintf(world->header, sizeof world->header, "%.*s",
             STR_ARG(value.ptr ? value : STR("(absent)")));
    if (world->answer == ANSWER_IN_BEGIN)
        reply_to(world, request);
    if (world->answer == UPGRADE_IN_BEGIN)
        upgrade(world, request);
}

static void on_handle(void *context, struct http_request *request)
{
    struct world *world = context;
    world->handled++;
    world->body_too_large = request->body_too_large;
    if (world->answer == ANSWER_LATER || world->answer == UPGRADE_LATER)
        world->held[world->held_count++] = request;
    else
        reply_to(world, request);
}

static void on_end(void *context, struct http_request *request)
{
    struct world *world = context;
    assert_false(world->replying);
    assert_ptr_equal(request->user, world);
    world->ended++;
    world->ended_status = request->status;
}

static void answer_held(struct world *world)
{
    for (size_t i = 0; i < world->held_count; i++)
        if (world->answer == UPGRADE_LATER)
            upgrade(world, world->held[i]);
        else
            reply_to(world, world->held[i]);
    world->held_count = 0;
    http_server_flush(world->server);
}

/* ---- the world ---- */

static void on_impatience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("waited too long");
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static struct world *world_new_with(struct http_options options)
{
    struct world *world = calloc(1, sizeof *world);
    struct http_handler handler = {on_begin, on_handle, on_end, world};
    struct why why;
    world->options = options;
    world->status = 200;
    world->taken_fd = -1;
    world->listen_fd = listen_somewhere();
    uv_loop_init(&world->loop);
    uv_timer_init(&world->loop, &world->patience);
    uv_timer_start(&world->patience, on_impatience, PATIENCE_MS, 0);
    assert_int_equal(http_server_new(&world->server, &world->loop, world->listen_fd, &options,
                                     &handler, &why),
                     OK);
    return world;
}

static struct http_options ample(void)
{
    return (struct http_options){.connections_max = 100,
                                 .connection_memory = 8192,
                                 .body_size_max = 1000,
                                 .idle_timeout_ms = 60000,
                                 .request_timeout_ms = 60000};
}

static struct world *world_new(enum answer answer)
{
    struct world *world = world_new_with(ample());
    world->answer = answer;
    return world;
}

static void world_free(struct world *world)
{
    http_server_free(world->server);
    assert_int_equal(world->ended, world->begun);
    if (world->taken_fd >= 0)
        close(world->taken_fd);
    uv_close((uv_handle_t *)&world->patience, NULL);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    assert_int_equal(close(world->listen_fd), 0); /* it stayed ours */
    free(world);
}

static void turn(struct world *world)
{
    uv_run(&world->loop, UV_RUN_ONCE);
}

#define await(world, condition)                                                                    \
    while (!(condition))                                                                           \
    turn(world)

static void on_over(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Let pass what is under way: the loop turns until `ms` are over, and so often. For what must
 * not happen. */
static unsigned let_pass(struct world *world, unsigned ms)
{
    unsigned turns = 0;
    bool over = false;
    uv_timer_t timer;
    uv_timer_init(&world->loop, &timer);
    timer.data = &over;
    uv_timer_start(&timer, on_over, ms, 0);
    while (!over) {
        turn(world);
        turns++;
    }
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&world->loop, UV_RUN_NOWAIT);
    return turns;
}

/* ---- clients ---- */

static void on_bytes(uv_poll_t *poll, int status, int events)
{
    struct client *client = poll->data;
    ssize_t len = recv(client->fd, client->text + client->len,
                       sizeof client->text - client->len - 1, MSG_DONTWAIT);
    (void)status;
    (void)events;
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0) {
        client->closed = true;
        uv_poll_stop(poll);
        return;
    }
    client->len += (size_t)len;
    client->text[client->len] = 0;
}

static void client_listen(struct client *client)
{
    uv_poll_start(&client->poll, UV_READABLE, on_bytes);
}

static struct client *client_new(struct world *world)
{
    struct client *client = calloc(1, sizeof *client);
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    getsockname(world->listen_fd, (struct sockaddr *)&address, &len);
    client->world = world;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, len), 0);
    uv_poll_init(&world->loop, &client->poll, client->fd);
    client->poll.data = client;
    client_listen(client);
    return client;
}

static void on_client_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void client_free(struct client *client)
{
    uv_close((uv_handle_t *)&client->poll, on_client_closed);
    close(client->fd);
}

static void client_abort(struct client *client)
{
    struct linger reset = {.l_onoff = 1};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client_free(client);
}

static void client_send_bytes(struct client *client, const char *bytes, size_t len)
{
    while (len) {
        ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            turn(client->world);
            continue;
        }
        assert_true(sent > 0);
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void client_send(struct client *client, const char *text)
{
    client_send_bytes(client, text, strlen(text));
}

static void client_send_many(struct client *client, char c, size_t count)
{
    char *bytes = malloc(count);
    memset(bytes, c, count);
    client_send_bytes(client, bytes, count);
    free(bytes);
}

static bool client_has(const struct client *client, const char *text)
{
    return strstr(client->text, text) != NULL;
}

static unsigned client_count(const struct client *client, const char *text)
{
    unsigned count = 0;
    for (const char *at = client->text; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static void client_forget(struct client *client)
{
    client->len = 0;
    client->text[0] = 0;
}

/* Send, and wait for `expected` in the answer. */
static void client_ask(struct client *client, const char *text, const char *expected)
{
    client_forget(client);
    client_send(client, text);
    await(client->world, client_has(client, expected) || client->closed);
    if (!client_has(client, expected))
        fail_msg("expected '%s', got '%s'", expected, client->text);
}

/* ---- requests and replies ---- */

static void a_request_is_answered_and_its_connection_kept(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a|");
    assert_true(client_has(client, "HTTP/1.1 200 OK\r\n"));
    assert_true(client_has(client, "\r\nContent-Type: text/plain\r\n"));
    assert_true(client_has(client, "\r\nX-Reply: yes\r\n"));
    assert_true(client_has(client, "\r\nContent-Length: 7\r\n"));
    assert_false(client_has(client, "Connection:"));
    client_ask(client, "DELETE /b HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE /b|");
    client_ask(client, "PATCH /c HTTP/1.1\r\nHost: x\r\n\r\n", "PATCH /c|");
    assert_int_equal(http_server_connections(world->server), 1);
    assert_int_equal(http_server_requests(world->server), 0);
    assert_int_equal(world->ended, 3);
    client_free(client);
    world_free(world);
}

static void path_and_query_arrive_as_they_were_sent(void **state)
{
    (void)state;
    static const struct {
        const char *target, *echo;
    } cases[] = {
        {"/a%2Fb/%zz/%00/.././/c+d", "GET /a%2Fb/%zz/%00/.././/c+d|"},
        {"/a?x=%26&y=a+b&&=&z", "GET /a?x=%26&y=a+b&&=&z|"},
        {"/a?", "GET /a?|"},
        {"/a?b?c", "GET /a?b?c|"},
        {"/\xc3\xa4\xff", "GET /\xc3\xa4\xff|"},
        {"http://host:80/p/q?x", "GET /p/q?x|"},
        {"HTTPS://host?x", "GET /?x|"},
        {"http://host", "GET /|"},
    };
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].target);
        client_ask(client, text, cases[i].echo);
    }
    client_ask(client, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *|");
    client_free(client);
    world_free(world);
}

static void a_header_is_found_in_any_case(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client, "GET / HTTP/1.1\r\nX-TEST: some value\r\n\r\n", "GET /|");
    assert_string_equal(world->header, "some value");
    client_ask(client, "GET / HTTP/1.1\r\nX-Test:\r\n\r\n", "GET /|");
    assert_string_equal(world->header, "");
    client_ask(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /|");
    assert_string_equal(world->header, "(absent)");
    client_free(client);
    world_free(world);
}

static void a_reply_may_come_later(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    for (unsigned i = 1; i <= 3; i++) {
        client_forget(client);
        client_send(client, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        await(world, world->held_count == 1);
        assert_int_equal(http_server_requests(world->server), 1);
        assert_int_equal(client->len, 0);
        answer_held(world);
        await(world, client_has(client, "GET /later|"));
        assert_int_equal(world->ended, i);
    }
    client_free(client);
    world_free(world);
}

static void a_reply_may_come_much_later(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    for (unsigned i = 0; i < 2; i++) {
        client_forget(client);
        client_send(client, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        await(world, world->held_count == 1);
        let_pass(world, 150); /* by now libmicrohttpd has suspended it */
        answer_held(world);
        await(world, client_has(client, "GET /later|"));
    }
    client_free(client);
    world_free(world);
}

static void one_flush_sends_many_replies(void **state)
{
    (void)state;
    enum { CLIENTS = 40 };
    struct world *world = world_new(ANSWER_LATER);
    struct client *clients[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = client_new(world);
        client_send(clients[i], "GET /many HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    await(world, world->held_count == CLIENTS);
    answer_held(world);
    for (unsigned i = 0; i < CLIENTS; i++) {
        await(world, client_has(clients[i], "GET /many|"));
        client_free(clients[i]);
    }
    world_free(world);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client,
               "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
               "GET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\n",
               "GET /4|");
    const char *second = strstr(client->text, "POST /2|abc");
    assert_non_null(second);
    assert_true(strstr(client->text, "GET /1|") < second);
    assert_true(second < strstr(client->text, "GET /3|"));
    client_free(client);
    world_free(world);
}

static void pipelined_requests_wait_for_replies_that_come_later(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *waiting = client_new(world);
    struct client *client = client_new(world);
    client_send(waiting, "GET /0 HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1);
    struct http_request *first = world->held[0];
    world->held_count = 0;
    client_send(client, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
    for (unsigned i = 0; i < 3; i++) {
        await(world, world->held_count == 1);
        answer_held(world);
    }
    await(world, client_has(client, "GET /3|"));
    assert_int_equal(client_count(client, "HTTP/1.1 200 OK"), 3);
    world->held[world->held_count++] = first;
    answer_held(world);
    await(world, client_has(waiting, "GET /0|"));
    client_free(waiting);
    client_free(client);
    world_free(world);
}

static void a_head_request_gets_the_headers_of_a_get(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    world->reply_size = 300;
    client_ask(client, "HEAD /a HTTP/1.1\r\n\r\n", "\r\n\r\n");
    assert_true(client_has(client, "\r\nContent-Length: 300\r\n"));
    world->reply_size = 0;
    client_ask(client, "GET /next HTTP/1.1\r\n\r\n", "GET /next|");
    assert_false(client_has(client, "xx"));
    client_free(client);
    world_free(world);
}

static void replies_204_and_304_have_no_body(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    world->status = 204;
    client_ask(client, "DELETE /a HTTP/1.1\r\n\r\n", "\r\n\r\n");
    assert_true(client_has(client, "HTTP/1.1 204 "));
    assert_false(client_has(client, "Content-Length"));
    world->status = 304;
    client_ask(client, "GET /a HTTP/1.1\r\n\r\n", "\r\n\r\n");
    assert_true(client_has(client, "HTTP/1.1 304 "));
    assert_true(client_has(client, "\r\nContent-Length: 7\r\n"));
    assert_false(client_has(client, "GET /a|"));
    world->status = 200;
    client_ask(client, "GET /next HTTP/1.1\r\n\r\n", "GET /next|");
    assert_true(strncmp(client->text, "HTTP/1.1 200", 12) == 0);
    client_free(client);
    world_free(world);
}

static void http_1_0_closes_unless_asked_to_keep(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /1|");
    assert_true(client_has(client, "\r\nConnection: Keep-Alive\r\n"));
    client_ask(client, "GET /2 HTTP/1.0\r\n\r\n", "GET /2|");
    await(world, client->closed);
    await(world, http_server_connections(world->server) == 0);
    client_free(client);
    world_free(world);
}

static void a_large_reply_arrives_whole(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    world->reply_size = 1 << 20;
    client_send(client, "GET /large HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1);
    answer_held(world);
    await(world, client_has(client, "\r\n\r\n"));
    size_t head = (size_t)(strstr(client->text, "\r\n\r\n") + 4 - client->text);
    await(world, client->len == head + (1 << 20));
    await(world, world->ended == 1);
    client_free(client);
    world_free(world);
}

/* ---- bodies ---- */

static void a_body_arrives_complete_however_it_is_cut(void **state)
{
    (void)state;
    static const char *const pieces[] = {"POST /p HTTP/1.1\r\nContent-Le", "ngth: 10\r\n\r", "\nab",
                                         "cdefg", "hij"};
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        client_send(client, pieces[i]);
        let_pass(world, 1);
    }
    await(world, client_has(client, "POST /p|abcdefghij"));
    client_ask(client,
               "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
               "POST /c|abc0123456789");
    client_ask(client, "GET /next HTTP/1.1\r\n\r\n", "GET /next|");
    client_free(client);
    world_free(world);
}

static void a_body_is_invited_when_the_client_asks_first(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    const char *head = "POST /p HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    client_ask(client, head, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(world->handled, 0);
    client_ask(client, "abc", "POST /p|abc");
    world->answer = ANSWER_IN_BEGIN;
    world->status = 413;
    client_ask(client, head, "HTTP/1.1 413");
    assert_false(client_has(client, "100 Continue"));
    await(world, client->closed);
    client_free(client);
    world_free(world);
}

static void a_reply_before_the_body_reaches_a_client_that_goes_on_sending(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_IN_BEGIN);
    struct client *client = client_new(world);
    world->status = 413;
    client_send(client, "POST /p HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n");
    client_send_many(client, 'x', 2000000);
    client_send_many(client, 'y', 2000000);
    await(world, client->closed);
    assert_true(client_has(client, "HTTP/1.1 413"));
    assert_true(client_has(client, "\r\nConnection: close\r\n"));
    assert_true(world->body_too_large);
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended_status, 413);
    client_free(client);
    world_free(world);
}

static void a_reply_in_begin_keeps_the_connection_when_there_is_no_body(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_IN_BEGIN);
    struct client *client = client_new(world);
    client_ask(client, "GET /1 HTTP/1.1\r\n\r\n", "GET /1|");
    assert_false(client_has(client, "Connection:"));
    client_ask(client, "POST /2 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST /2|");
    assert_int_equal(world->handled, 0);
    client_free(client);
    world_free(world);
}

static void a_chunked_body_above_its_limit_is_flagged(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
    client_send_many(client, 'x', 1000);
    client_send(client, "\r\n0\r\n\r\n");
    await(world, client_has(client, "xxx"));
    assert_false(world->body_too_large);
    client_forget(client);
    client_send(client, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1f40\r\n");
    client_send_many(client, 'x', 8000);
    client_send(client, "\r\n0\r\n\r\n");
    await(world, client_has(client, "POST /p|"));
    assert_false(client_has(client, "POST /p|x"));
    assert_true(world->body_too_large);
    client_ask(client, "GET /next HTTP/1.1\r\n\r\n", "GET /next|");
    client_free(client);
    world_free(world);
}

static void a_chunked_body_without_end_is_cut_off(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n");
    client_send_many(client, 'x', 20000);
    await(world, client->closed);
    assert_int_equal(client->len, 0);
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended, 1);
    assert_int_equal(world->ended_status, 0);
    client_free(client);
    world_free(world);
}

/* ---- what is no HTTP ---- */

static void expect_refusal(const char *text, size_t len, const char *status)
{
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send_bytes(client, text, len);
    await(world, client->closed);
    if (strncmp(client->text, status, strlen(status)) != 0)
        fail_msg("sent '%.*s', got '%s'", (int)len, text, client->text);
    assert_int_equal(world->begun, 0);
    client_free(client);
    world_free(world);
}

static void what_is_no_http_gets_400(void **state)
{
    (void)state;
#define CASE(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        CASE("GET /\r\n\r\n"),
        CASE("GET / FTP/1.1\r\n\r\n"),
        CASE("\x16\x03\x01\x02 \x01 \xff\r\n\r\n"),
        CASE("GET nowhere HTTP/1.1\r\n\r\n"),
        CASE("GET ftp://x/ HTTP/1.1\r\n\r\n"),
        CASE("GET /a b HTTP/1.1\r\n\r\n"),
        CASE("GET /a\tb HTTP/1.1\r\n\r\n"),
        CASE("GET /a\0b HTTP/1.1\r\n\r\n"),
        CASE("GET /a\0 HTTP/1.1\r\n\r\n"),
        CASE("GET /a\0HTTP/1.1 HTTP/1.1\r\n\r\n"),
        CASE("CONNECT x:80 HTTP/1.1\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nno colon\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nA\0B: c\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\n: empty\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nBlank : x\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\n Blank: x\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na"),
        CASE("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        CASE("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"),
        CASE("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        CASE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    };
#undef CASE
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cases[i].text, cases[i].len, "HTTP/1.1 400 ");
    expect_refusal("GET / HTTP/3.0\r\n\r\n", 18, "HTTP/1.1 505 ");
}

static void chunks_that_make_no_sense_end_the_request(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    await(world, client->closed);
    assert_true(client_has(client, "HTTP/1.1 400 "));
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended, 1);
    assert_int_equal(world->ended_status, 0);
    client_free(client);
    world_free(world);
}

static void headers_without_end_are_refused_legibly(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "GET / HTTP/1.1\r\nLong: ");
    client_send_many(client, 'x', 500000);
    await(world, client->closed);
    assert_true(client_has(client, "HTTP/1.1 431 "));
    client_free(client);
    client = client_new(world);
    client_send(client, "GET /");
    client_send_many(client, 'x', 500000);
    await(world, client->closed);
    assert_true(client_has(client, "HTTP/1.1 414 "));
    assert_int_equal(world->begun, 0);
    client_free(client);
    world_free(world);
}

static void a_line_as_long_as_fits_is_served(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "GET /");
    client_send_many(client, 'p', 5000);
    client_send(client, "?a=1&b=2&c=3 HTTP/1.1\r\nX-Test: v\r\n\r\n");
    await(world, client_has(client, "?a=1&b=2&c=3|"));
    assert_string_equal(world->header, "v");
    client_free(client);
    world_free(world);
}

/* ---- deadlines ---- */

static struct world *hasty_world(void)
{
    struct http_options options = ample();
    options.idle_timeout_ms = 80;
    options.request_timeout_ms = 160;
    return world_new_with(options);
}

static void a_silent_connection_is_cut(void **state)
{
    (void)state;
    struct world *world = hasty_world();
    struct client *silent = client_new(world);
    struct client *served = client_new(world);
    client_ask(served, "GET / HTTP/1.1\r\n\r\n", "GET /|");
    await(world, silent->closed && served->closed);
    await(world, http_server_connections(world->server) == 0);
    client_free(silent);
    client_free(served);
    world_free(world);
}

static void headers_that_trickle_are_cut(void **state)
{
    (void)state;
    struct world *world = hasty_world();
    struct client *client = client_new(world);
    client_send(client, "GET / HTTP/1.1\r\n");
    while (!client->closed) {
        send(client->fd, "X", 1, MSG_NOSIGNAL);
        let_pass(world, 5);
    }
    assert_int_equal(world->begun, 0);
    client_free(client);
    world_free(world);
}

static void a_body_that_trickles_is_cut(void **state)
{
    (void)state;
    struct world *world = hasty_world();
    struct client *client = client_new(world);
    client_send(client, "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
    while (!client->closed) {
        send(client->fd, "X", 1, MSG_NOSIGNAL);
        let_pass(world, 5);
    }
    assert_int_equal(world->handled, 0);
    await(world, world->ended == 1);
    assert_int_equal(world->ended_status, 0);
    client_free(client);
    world_free(world);
}

static void a_client_that_does_not_read_is_cut(void **state)
{
    (void)state;
    enum { REQUESTS = 40 };
    struct world *world = hasty_world();
    struct client *client = client_new(world);
    world->reply_size = 1 << 20;
    uv_poll_stop(&client->poll);
    for (unsigned i = 0; i < REQUESTS; i++)
        client_send(client, "GET / HTTP/1.1\r\n\r\n");
    await(world, world->handled > 0);
    await(world, http_server_connections(world->server) == 0);
    assert_int_equal(world->ended, world->handled);
    assert_true(world->handled < REQUESTS);
    client_free(client);
    world_free(world);
}

static void a_request_that_waits_for_us_is_not_cut(void **state)
{
    (void)state;
    struct world *world = hasty_world();
    struct client *client = client_new(world);
    world->answer = ANSWER_LATER;
    client_send(client, "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
    await(world, world->held_count == 1);
    let_pass(world, 400);
    answer_held(world);
    await(world, client_has(client, "POST /|x"));
    client_free(client);
    world_free(world);
}

/* ---- clients that go away ---- */

/* One that has been served before: libmicrohttpd watches a new one differently. */
static struct client *known_client_new(struct world *world)
{
    enum answer answer = world->answer;
    struct client *client = client_new(world);
    world->answer = ANSWER_AT_ONCE;
    client_ask(client, "GET /known HTTP/1.1\r\n\r\n", "GET /known|");
    let_pass(world, 1);
    world->answer = answer;
    return client;
}

static void leave_while_waiting(struct world *world, struct client *client, unsigned before_ms,
                                void (*leave)(struct client *client))
{
    unsigned ended = world->ended;
    client_send(client, "GET /gone HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1);
    let_pass(world, before_ms);
    leave(client);
    let_pass(world, 20);
    assert_int_equal(world->ended, ended);
    assert_int_equal(http_server_requests(world->server), 1);
    assert_true(str_eq(world->held[0]->path, STR("/gone")));
    answer_held(world);
    await(world, world->ended == ended + 1);
    assert_int_equal(world->ended_status, 200);
    await(world, http_server_connections(world->server) == 0);
}

static void a_request_outlives_its_client_until_the_reply(void **state)
{
    (void)state;
    static const unsigned before_ms[] = {1, 150}; /* polled, suspended */
    struct world *world = world_new(ANSWER_LATER);
    for (size_t i = 0; i < 2; i++) {
        leave_while_waiting(world, client_new(world), before_ms[i], client_abort);
        leave_while_waiting(world, client_new(world), before_ms[i], client_free);
        leave_while_waiting(world, known_client_new(world), before_ms[i], client_abort);
        leave_while_waiting(world, known_client_new(world), before_ms[i], client_free);
    }
    world_free(world);
}

static void finish_sending(struct world *world, struct client *client, unsigned before_ms)
{
    unsigned handled = world->handled;
    client_send(client, "GET /half HTTP/1.1\r\n\r\n");
    shutdown(client->fd, SHUT_WR);
    await(world, world->handled == handled + 1);
    let_pass(world, before_ms);
    answer_held(world);
    await(world, client->closed);
    assert_true(client_has(client, "GET /half|"));
    client_free(client);
}

static void a_client_that_has_finished_sending_is_answered_then_closed(void **state)
{
    (void)state;
    static const enum answer answers[] = {ANSWER_AT_ONCE, ANSWER_LATER};
    for (unsigned i = 0; i < 2; i++) {
        struct http_options options = ample();
        options.request_timeout_ms = 100; /* so that the janitor comes by soon */
        struct world *world = world_new_with(options);
        world->answer = answers[i];
        finish_sending(world, client_new(world), 0);
        finish_sending(world, client_new(world), 150);
        finish_sending(world, known_client_new(world), 0);
        finish_sending(world, known_client_new(world), 150);
        world_free(world);
    }
}

static void a_request_ends_when_its_body_breaks_off(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    await(world, world->begun == 1);
    client_free(client);
    await(world, world->ended == 1);
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended_status, 0);
    world_free(world);
}

/* ---- limits, drain, free ---- */

static void connections_above_the_limit_wait(void **state)
{
    (void)state;
    struct http_options options = ample();
    options.connections_max = 2;
    struct world *world = world_new_with(options);
    struct client *clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = client_new(world);
        client_send(clients[i], "GET /a HTTP/1.1\r\n\r\n");
    }
    await(world, client_has(clients[0], "GET /a|") && client_has(clients[1], "GET /a|"));
    let_pass(world, 20);
    assert_int_equal(clients[2]->len, 0);
    assert_int_equal(http_server_connections(world->server), 2);
    client_free(clients[0]);
    await(world, client_has(clients[2], "GET /a|"));
    client_free(clients[1]);
    client_free(clients[2]);
    world_free(world);
}

static void on_drained(void *context)
{
    struct world *world = context;
    world->drained++;
}

static void a_drain_waits_for_requests_and_closes_connections(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *idle = client_new(world);
    struct client *waiting = client_new(world);
    client_ask(idle, "GET /1 HTTP/1.1\r\n\r\n", "GET /1|");
    world->answer = ANSWER_LATER;
    client_send(waiting, "GET /2 HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1);
    http_server_drain(world->server, on_drained, world);
    await(world, idle->closed);
    let_pass(world, 10);
    assert_int_equal(world->drained, 0);
    answer_held(world);
    assert_int_equal(world->drained, 0);
    await(world, world->drained == 1);
    await(world, waiting->closed);
    assert_true(client_has(waiting, "GET /2|"));
    assert_true(client_has(waiting, "\r\nConnection: close\r\n"));
    let_pass(world, 10);
    assert_int_equal(world->drained, 1);
    client_free(idle);
    client_free(waiting);
    world_free(world);
}

static void a_drain_of_nothing_ends_in_the_loop(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    http_server_drain(world->server, on_drained, world);
    assert_int_equal(world->drained, 0);
    await(world, world->drained == 1);
    world_free(world);
}

static void free_from_drained(void *context)
{
    struct world *world = context;
    http_server_free(world->server);
    world->drained++;
}

static void the_server_may_be_freed_when_drained(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client, "GET / HTTP/1.1\r\n\r\n", "GET /|");
    http_server_drain(world->server, free_from_drained, world);
    await(world, world->drained == 1);
    struct http_handler handler = {on_begin, on_handle, on_end, world};
    struct why why;
    assert_int_equal(http_server_new(&world->server, &world->loop, world->listen_fd,
                                     &world->options, &handler, &why),
                     OK);
    struct client *next = client_new(world);
    client_ask(next, "GET /next HTTP/1.1\r\n\r\n", "GET /next|");
    client_free(client);
    client_free(next);
    world_free(world);
}

static void a_server_is_freed_with_everything_under_way(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *idle = client_new(world);
    struct client *sending = client_new(world);
    struct client *polled = client_new(world);
    struct client *suspended = client_new(world);
    client_send(sending, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    client_send(suspended, "GET / HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1 && world->begun == 2);
    let_pass(world, 150);
    client_send(polled, "GET / HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 2);
    reply_to(world, world->held[0]);
    reply_to(world, world->held[1]);
    world->held_count = 0;
    client_free(idle);
    client_free(sending);
    client_free(polled);
    client_free(suspended);
    world_free(world);
}

/* Everybody waits for everybody else; nobody turns in circles meanwhile. */
static void the_loop_sleeps_while_nothing_happens(void **state)
{
    (void)state;
    enum { TURNS_MAX = 10 };
    struct world *world = world_new(ANSWER_LATER);
    struct client *clients[5];
    for (size_t i = 0; i < 5; i++)
        clients[i] = client_new(world);
    client_send(clients[1], "GET /half HTT");
    client_send(clients[2], "POST /body HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    client_send(clients[3], "GET /waits HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1 && world->begun == 2);
    world->answer = ANSWER_AT_ONCE;
    world->reply_size = 1 << 20;
    uv_poll_stop(&clients[4]->poll);
    for (unsigned i = 0; i < 20; i++)
        client_send(clients[4], "GET /unread HTTP/1.1\r\n\r\n");
    let_pass(world, 200);
    assert_true(let_pass(world, 100) <= TURNS_MAX);
    assert_int_equal(http_server_connections(world->server), 5);
    answer_held(world);
    for (size_t i = 0; i < 5; i++)
        client_free(clients[i]);
    world_free(world);
}

static void a_held_request_may_be_answered_while_another_is_handled(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *first = client_new(world);
    struct client *second = client_new(world);
    client_send(first, "GET /1 HTTP/1.1\r\n\r\n");
    await(world, world->held_count == 1);
    world->answer = ANSWER_CONTINUE;
    client_send(second, "GET /2 HTTP/1.1\r\n\r\n");
    await(world, client_has(second, "GET /2|"));
    answer_held(world);
    await(world, client_has(first, "GET /1|"));
    client_free(first);
    client_free(second);
    world_free(world);
}

/* ---- connections given away ---- */

static const char asking[] = "GET /up HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n";

/* Both ways through the descriptor that was handed over. */
static void assert_flows(struct world *world, struct client *client)
{
    char bytes[16];
    client_forget(client);
    assert_int_equal(send(world->taken_fd, "to client", 9, MSG_NOSIGNAL), 9);
    await(world, client_has(client, "to client"));
    client_send(client, "to server");
    let_pass(world, 5);
    assert_int_equal(recv(world->taken_fd, bytes, sizeof bytes, 0), 9);
    assert_memory_equal(bytes, "to server", 9);
    assert_int_equal(recv(world->taken_fd, bytes, sizeof bytes, 0), -1); /* it does not block */
    assert_int_equal(errno, EAGAIN);
}

static void a_connection_may_be_given_away(void **state)
{
    (void)state;
    int nodelay = 0;
    socklen_t len = sizeof nodelay;
    struct world *world = world_new(UPGRADE_IN_BEGIN);
    struct client *client = client_new(world);
    client_ask(client, asking, "\r\n\r\n");
    assert_true(client_has(client, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(client_has(client, "\r\nConnection: Upgrade\r\n"));
    assert_true(client_has(client, "\r\nUpgrade: test\r\n"));
    assert_true(client_has(client, "\r\nX-Accept: yes\r\n"));
    assert_false(client_has(client, "Content-Length"));
    await(world, world->ended == 1);
    assert_int_equal(world->taken, 1);
    assert_int_equal(world->ended_status, 101);
    assert_int_equal(world->handled, 0);
    assert_string_equal(world->early, "");
    await(world, http_server_connections(world->server) == 0);
    assert_int_equal(http_server_requests(world->server), 0);
    getsockopt(world->taken_fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len);
    assert_true(nodelay);
    assert_flows(world, client);
    assert_true(let_pass(world, 50) <= 10);
    client_free(client);
    world_free(world);
}

static void bytes_behind_the_request_are_handed_over(void **state)
{
    (void)state;
    struct world *world = world_new(UPGRADE_IN_BEGIN);
    struct client *client = client_new(world);
    char text[200];
    snprintf(text, sizeof text, "%sGET /2 HTTP/1.1\r\n", asking);
    client_ask(client, text, "\r\n\r\n");
    await(world, world->ended == 1);
    assert_string_equal(world->early, "GET /2 HTTP/1.1\r\n");
    assert_flows(world, client);
    assert_int_equal(world->begun, 1);
    client_free(client);
    world_free(world);
}

static void a_kept_connection_may_be_given_away(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client, "GET /1 HTTP/1.1\r\n\r\n", "GET /1|");
    world->ended = 0;
    world->begun = 0;
    world->answer = UPGRADE_IN_BEGIN;
    client_ask(client, asking, "HTTP/1.1 101");
    await(world, world->ended == 1);
    assert_flows(world, client);
    client_free(client);
    world_free(world);
}

static void a_connection_may_be_given_away_later(void **state)
{
    (void)state;
    static const unsigned waits_ms[] = {0, 150}; /* libmicrohttpd has suspended it, then */
    for (size_t i = 0; i < 2; i++) {
        struct world *world = world_new(UPGRADE_LATER);
        struct client *client = client_new(world);
        client_send(client, asking);
        await(world, world->held_count == 1);
        let_pass(world, waits_ms[i]);
        answer_held(world);
        await(world, world->ended == 1);
        assert_flows(world, client);
        client_free(client);
        world_free(world);
    }
}

static void a_connection_given_away_is_left_alone(void **state)
{
    (void)state;
    struct http_options options = ample();
    options.idle_timeout_ms = options.request_timeout_ms = 20;
    options.connections_max = 1;
    struct world *world = world_new_with(options);
    world->answer = UPGRADE_IN_BEGIN;
    struct client *client = client_new(world);
    client_ask(client, asking, "HTTP/1.1 101");
    await(world, world->ended == 1);
    let_pass(world, 60);
    assert_flows(world, client);
    struct client *next = client_new(world); /* there is room for one again */
    world->answer = ANSWER_AT_ONCE;
    world->ended = 0;
    world->begun = 0;
    client_ask(next, "GET / HTTP/1.1\r\n\r\n", "GET /|");
    client_free(next);
    client_free(client);
    world_free(world);
}

static void a_drain_does_not_touch_what_was_given_away(void **state)
{
    (void)state;
    struct world *world = world_new(UPGRADE_LATER);
    struct client *client = client_new(world);
    client_send(client, asking);
    await(world, world->held_count == 1);
    http_server_drain(world->server, on_drained, world);
    answer_held(world);
    await(world, world->drained == 1);
    assert_true(client_has(client, "HTTP/1.1 101"));
    assert_false(client_has(client, "close"));
    assert_int_equal(world->taken, 1);
    assert_flows(world, client);
    client_free(client);
    world_free(world);
}

static void what_was_given_away_outlives_the_server(void **state)
{
    (void)state;
    struct world *world = world_new(UPGRADE_IN_BEGIN);
    struct client *client = client_new(world);
    client_ask(client, asking, "HTTP/1.1 101");
    http_server_drain(world->server, free_from_drained, world);
    await(world, world->drained == 1);
    assert_flows(world, client);
    struct http_handler handler = {on_begin, on_handle, on_end, world};
    struct why why;
    assert_int_equal(http_server_new(&world->server, &world->loop, world->listen_fd,
                                     &world->options, &handler, &why),
                     OK);
    client_free(client);
    world_free(world);
}

static void a_connection_lost_before_it_was_given_away_is_told(void **state)
{
    (void)state;
    static const unsigned before_ms[] = {1, 150}; /* polled, suspended */
    for (size_t i = 0; i < 2; i++) {
        struct world *world = world_new(UPGRADE_LATER);
        struct client *client = client_new(world);
        client_send(client, asking);
        await(world, world->held_count == 1);
        let_pass(world, before_ms[i]);
        client_abort(client);
        let_pass(world, 10);
        assert_int_equal(world->taken, 0);
        world->taken_fd = 0;
        answer_held(world);
        await(world, world->ended == 1);
        assert_int_equal(world->taken, 1);
        assert_int_equal(world->taken_fd, -1);
        await(world, http_server_connections(world->server) == 0);
        world_free(world);
    }
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void give_away_once(struct world *world)
{
    struct client *client = client_new(world);
    client_ask(client, asking, "HTTP/1.1 101");
    await(world, world->ended == world->begun);
    await(world, http_server_connections(world->server) == 0);
    assert_true(fcntl(world->taken_fd, F_GETFD) & FD_CLOEXEC);
    close(world->taken_fd);
    world->taken_fd = -1;
    await(world, client->closed); /* nobody else holds it open */
    client_free(client);
    uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void a_thousand_upgrades_leave_no_descriptor_behind(void **state)
{
    (void)state;
    struct world *world = world_new(UPGRADE_IN_BEGIN);
    give_away_once(world);
    size_t before = count_descriptors();
    for (unsigned i = 0; i < 1000; i++)
        give_away_once(world);
    assert_int_equal(world->taken, 1001);
    assert_int_equal(count_descriptors(), before);
    world_free(world);
}

static void what_cannot_be_upgraded_gets_400(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /up HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n",
        "GET /up HTTP/1.1\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nbody",
        "GET /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct world *world = world_new(UPGRADE_IN_BEGIN);
        struct client *client = client_new(world);
        world->taken_fd = 0;
        client_ask(client, requests[i], " 400 ");
        await(world, world->ended == 1);
        assert_int_equal(world->ended_status, 400);
        assert_int_equal(world->taken, 1);
        assert_int_equal(world->taken_fd, -1);
        await(world, client->closed);
        client_free(client);
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_its_connection_kept),
        cmocka_unit_test(path_and_query_arrive_as_they_were_sent),
        cmocka_unit_test(a_header_is_found_in_any_case),
        cmocka_unit_test(a_reply_may_come_later),
        cmocka_unit_test(a_reply_may_come_much_later),
        cmocka_unit_test(one_flush_sends_many_replies),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(pipelined_requests_wait_for_replies_that_come_later),
        cmocka_unit_test(the_loop_sleeps_while_nothing_happens),
        cmocka_unit_test(a_held_request_may_be_answered_while_another_is_handled),
        cmocka_unit_test(a_head_request_gets_the_headers_of_a_get),
        cmocka_unit_test(replies_204_and_304_have_no_body),
        cmocka_unit_test(http_1_0_closes_unless_asked_to_keep),
        cmocka_unit_test(a_large_reply_arrives_whole),
        cmocka_unit_test(a_body_arrives_complete_however_it_is_cut),
        cmocka_unit_test(a_body_is_invited_when_the_client_asks_first),
        cmocka_unit_test(a_reply_before_the_body_reaches_a_client_that_goes_on_sending),
        cmocka_unit_test(a_reply_in_begin_keeps_the_connection_when_there_is_no_body),
        cmocka_unit_test(a_chunked_body_above_its_limit_is_flagged),
        cmocka_unit_test(a_chunked_body_without_end_is_cut_off),
        cmocka_unit_test(what_is_no_http_gets_400),
        cmocka_unit_test(chunks_that_make_no_sense_end_the_request),
        cmocka_unit_test(headers_without_end_are_refused_legibly),
        cmocka_unit_test(a_line_as_long_as_fits_is_served),
        cmocka_unit_test(a_silent_connection_is_cut),
        cmocka_unit_test(headers_that_trickle_are_cut),
        cmocka_unit_test(a_body_that_trickles_is_cut),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(a_request_that_waits_for_us_is_not_cut),
        cmocka_unit_test(a_request_outlives_its_client_until_the_reply),
        cmocka_unit_test(a_client_that_has_finished_sending_is_answered_then_closed),
        cmocka_unit_test(a_request_ends_when_its_body_breaks_off),
        cmocka_unit_test(connections_above_the_limit_wait),
        cmocka_unit_test(a_drain_waits_for_requests_and_closes_connections),
        cmocka_unit_test(a_drain_of_nothing_ends_in_the_loop),
        cmocka_unit_test(the_server_may_be_freed_when_drained),
        cmocka_unit_test(a_server_is_freed_with_everything_under_way),
        cmocka_unit_test(a_connection_may_be_given_away),
        cmocka_unit_test(bytes_behind_the_request_are_handed_over),
        cmocka_unit_test(a_kept_connection_may_be_given_away),
        cmocka_unit_test(a_connection_may_be_given_away_later),
        cmocka_unit_test(a_connection_given_away_is_left_alone),
        cmocka_unit_test(a_drain_does_not_touch_what_was_given_away),
        cmocka_unit_test(what_was_given_away_outlives_the_server),
        cmocka_unit_test(a_connection_lost_before_it_was_given_away_is_told),
        cmocka_unit_test(a_thousand_upgrades_leave_no_descriptor_behind),
        cmocka_unit_test(what_cannot_be_upgraded_gets_400),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
