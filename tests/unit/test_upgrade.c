/* Connections given away. */
#include "fake/http_world.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const char asking[] =
    "GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n";

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
    client_ask(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1|");
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
    static const unsigned waits_ms[] = {0, 150};
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
    options.places.ordinary_max = 1;
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
    client_ask(next, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /|");
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
    struct http_handler handler = {on_begin, on_handle, on_end, on_refuse, world};
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
        "GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nbody",
        "GET /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
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
