#include "fake/http_world.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, WORK_BUDGET_US = 2000 };

/* ---- the handler ---- */

void reply_to(struct world *world, struct http_request *request)
{
    enum { REPLY_SIZE_MAX = 1 << 21 };
    struct buf body;
    struct http_header header = {NULL, "X-Reply", "yes"};
    bool bodiless = world->status == 204;
    if (world->reply_size) {
        buf_init(&body, REPLY_SIZE_MAX); /* a handler may have a buffer of its own */
        memset(buf_reserve(&body, world->reply_size), 'x', world->reply_size);
        body.len += world->reply_size;
    } else {
        body = http_reply_buffer(request, REPLY_SIZE_MAX);
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

void on_begin(void *context, struct http_request *request)
{
    struct world *world = context;
    if (world->knows)
        http_request_know(request);
    world->begun++;
    request->user = world;
    request->wants_large = world->large;
    world->body_too_large = request->body_too_large;
    struct str value = http_request_header(request, STR("x-test"));
    snprintf(world->header, sizeof world->header, "%.*s",
             STR_ARG(value.ptr ? value : STR("(absent)")));
    if (world->answer == ANSWER_IN_BEGIN)
        reply_to(world, request);
    if (world->answer == UPGRADE_IN_BEGIN)
        upgrade(world, request);
}

void on_handle(void *context, struct http_request *request)
{
    struct world *world = context;
    world->handled++;
    world->body_too_large = request->body_too_large;
    if (world->answer == ANSWER_LATER || world->answer == UPGRADE_LATER)
        world->held[world->held_count++] = request;
    else
        reply_to(world, request);
}

void on_end(void *context, struct http_request *request)
{
    struct world *world = context;
    assert_false(world->replying);
    assert_ptr_equal(request->user, world);
    world->ended++;
    world->ended_status = request->status;
}

void on_refuse(void *context, struct http_request *request, enum http_fault fault)
{
    static const unsigned statuses[] = {
        [FAULT_NONE] = 500,    [FAULT_SYNTAX] = 400, [FAULT_HOST] = 400,    [FAULT_TARGET] = 414,
        [FAULT_HEADERS] = 431, [FAULT_CODING] = 501, [FAULT_VERSION] = 505,
    };
    struct world *world = context;
    world->refused++;
    http_reply(request, &(struct http_reply){.status = statuses[fault]});
}

void answer_held(struct world *world)
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

struct world *world_new_with(struct http_options options)
{
    struct world *world = calloc(1, sizeof *world);
    struct http_handler handler = {on_begin, on_handle, on_end, on_refuse, world};
    struct why why;
    const struct work_options work = {.budget_us = WORK_BUDGET_US};
    world->status = 200;
    world->taken_fd = -1;
    world->listen_fd = listen_somewhere();
    uv_loop_init(&world->loop);
    work_loop_init(&world->work, &world->loop, &work, &(struct work_loop_hooks){0});
    options.work = &world->work.queue;
    world->options = options;
    uv_timer_init(&world->loop, &world->patience);
    uv_timer_start(&world->patience, on_impatience, PATIENCE_MS, 0);
    assert_int_equal(http_server_new(&world->server, &world->loop, world->listen_fd, &options,
                                     &handler, &why),
                     OK);
    return world;
}

static const struct networks nobody;

struct http_options ample(void)
{
    return (
        struct http_options){.places = {.ordinary_max = 100, .reserved_max = 4, .trusted = &nobody},
                             .head_size_max = 8192,
                             .body_size_max = 1000,
                             .idle_timeout_ms = 60000,
                             .request_timeout_ms = 60000};
}

struct world *world_new(enum answer answer)
{
    struct world *world = world_new_with(ample());
    world->answer = answer;
    return world;
}

void world_free(struct world *world)
{
    http_server_free(world->server);
    assert_int_equal(world->ended, world->begun);
    if (world->taken_fd >= 0)
        close(world->taken_fd);
    uv_close((uv_handle_t *)&world->patience, NULL);
    work_loop_close(&world->work);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    assert_int_equal(close(world->listen_fd), 0); /* it stayed ours */
    free(world);
}

void turn(struct world *world)
{
    uv_run(&world->loop, UV_RUN_ONCE);
}

static void on_over(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Let pass what is under way: the loop turns until `ms` are over, and so often. For what must
 * not happen. */
unsigned let_pass(struct world *world, unsigned ms)
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

void on_drained(void *context)
{
    struct world *world = context;
    world->drained++;
}

void free_from_drained(void *context)
{
    struct world *world = context;
    http_server_free(world->server);
    world->drained++;
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

struct client *client_new(struct world *world)
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

void client_free(struct client *client)
{
    uv_close((uv_handle_t *)&client->poll, on_client_closed);
    close(client->fd);
}

void client_abort(struct client *client)
{
    struct linger reset = {.l_onoff = 1};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client_free(client);
}

void client_send_bytes(struct client *client, const char *bytes, size_t len)
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

void client_send(struct client *client, const char *text)
{
    client_send_bytes(client, text, strlen(text));
}

void client_send_many(struct client *client, char c, size_t count)
{
    char *bytes = malloc(count);
    memset(bytes, c, count);
    client_send_bytes(client, bytes, count);
    free(bytes);
}

bool client_has(const struct client *client, const char *text)
{
    return strstr(client->text, text) != NULL;
}

unsigned client_count(const struct client *client, const char *text)
{
    unsigned count = 0;
    for (const char *at = client->text; (at = strstr(at, text)); at++)
        count++;
    return count;
}

void client_forget(struct client *client)
{
    client->len = 0;
    client->text[0] = 0;
}

/* Send, and wait for `expected` in the answer. */
void client_ask(struct client *client, const char *text, const char *expected)
{
    client_forget(client);
    client_send(client, text);
    await(client->world, client_has(client, expected) || client->closed);
    if (!client_has(client, expected))
        fail_msg("expected '%s', got '%s'", expected, client->text);
}
