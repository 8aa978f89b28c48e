/* The life of connections and of the server: deadlines, clients that go away, limits, the end. */
#include "fake/http_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
    client_ask(served, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /|");
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
    client_send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
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
        client_send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
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
    client_send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    await(world, world->held_count == 1);
    let_pass(world, 400);
    answer_held(world);
    await(world, client_has(client, "POST /|x"));
    client_free(client);
    world_free(world);
}

/* ---- clients that go away ---- */

/* One that has been served before. */
static struct client *known_client_new(struct world *world)
{
    enum answer answer = world->answer;
    struct client *client = client_new(world);
    world->answer = ANSWER_AT_ONCE;
    client_ask(client, "GET /known HTTP/1.1\r\nHost: a\r\n\r\n", "GET /known|");
    let_pass(world, 1);
    world->answer = answer;
    return client;
}

static void leave_while_waiting(struct world *world, struct client *client, unsigned before_ms,
                                void (*leave)(struct client *client))
{
    unsigned ended = world->ended;
    client_send(client, "GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
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
    client_send(client, "GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
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
    client_send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await(world, world->begun == 1);
    client_free(client);
    await(world, world->ended == 1);
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended_status, 0);
    world_free(world);
}

/* ---- limits, drain, free ---- */

/* Of as many connections as there are ordinary places. */
static struct world *world_of(size_t ordinary_max, enum answer answer)
{
    struct http_options options = ample();
    options.places.ordinary_max = ordinary_max;
    struct world *world = world_new_with(options);
    world->answer = answer;
    return world;
}

static const struct places_metrics *places(const struct world *world)
{
    return http_server_places(world->server);
}

static void the_oldest_that_never_asked_gives_way(void **state)
{
    (void)state;
    struct world *world = world_of(2, ANSWER_AT_ONCE);
    struct client *silent = client_new(world), *slow = client_new(world);
    client_send(slow, "GET /slow HTT");
    await(world, http_server_connections(world->server) == 2);
    struct client *next = client_new(world);
    client_ask(next, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a|");
    await(world, silent->closed);
    client_ask(next, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n",
               "GET /b|"); /* it has an ordinary place */
    client_ask(slow, "P/1.1\r\nHost: a\r\n\r\n", "GET /slow|");
    assert_int_equal(metric_get(&places(world)->displaced), 1);
    client_free(silent);
    client_free(slow);
    client_free(next);
    world_free(world);
}

static void an_idle_connection_gives_way_when_all_have_asked(void **state)
{
    (void)state;
    struct world *world = world_of(1, ANSWER_AT_ONCE);
    struct client *idle = client_new(world), *next;
    client_ask(idle, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a|");
    let_pass(world, 1100);
    next = client_new(world);
    client_ask(next, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b|");
    await(world, idle->closed);
    client_free(idle);
    client_free(next);
    world_free(world);
}

static void when_none_gives_way_there_are_a_few_reserved_places(void **state)
{
    (void)state;
    struct world *world = world_of(1, ANSWER_LATER);
    struct client *busy = client_new(world), *next;
    client_send(busy, "GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 1);
    assert_int_equal(world->held[0]->place, PLACE_ORDINARY);
    next = client_new(world);
    client_send(next, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 2);
    assert_int_equal(world->held[1]->place, PLACE_CROWDED);
    answer_held(world);
    await(world, client_has(busy, "GET /busy|") && client_has(next, "GET /next|"));
    await(world, next->closed); /* after one request */
    assert_non_null(strstr(next->text, "Connection: close"));
    assert_false(busy->closed);
    client_free(busy);
    client_free(next);
    world_free(world);
}

static void the_newest_takes_the_reserved_place_of_the_oldest(void **state)
{
    (void)state;
    enum { RESERVED = 4 };
    struct world *world = world_of(1, ANSWER_LATER);
    struct client *busy = client_new(world), *clients[3 * RESERVED];
    size_t count = sizeof clients / sizeof *clients;
    client_send(busy, "GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 1);
    for (size_t i = 0; i < count; i++)
        clients[i] = client_new(world);
    await(world, clients[count - RESERVED - 1]->closed);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(clients[i]->closed, i < count - RESERVED);
    client_send(clients[count - 1], "GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 2);
    answer_held(world);
    await(world, client_has(clients[count - 1], "GET /last|"));
    for (size_t i = 0; i < count; i++)
        client_free(clients[i]);
    client_free(busy);
    world_free(world);
}

static void a_drain_waits_for_requests_and_closes_connections(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *idle = client_new(world);
    struct client *waiting = client_new(world);
    client_ask(idle, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1|");
    world->answer = ANSWER_LATER;
    client_send(waiting, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
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

/* Whatever else is under way on a connection is answered; only the last reply says that it closes.
 */
static void a_drain_answers_all_that_has_begun(void **state)
{
    (void)state;
    static const char *const behind[] = {
        "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    };
    for (size_t i = 0; i < 2; i++) {
        struct world *world = world_new(ANSWER_LATER);
        struct client *client = client_new(world);
        client_send(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        client_send(client, behind[i]);
        await(world, world->held_count == 2 - i);
        let_pass(world, 5);
        http_server_drain(world->server, on_drained, world);
        while (!client->closed) {
            turn(world);
            answer_held(world);
        }
        assert_int_equal(client_count(client, " /2|"), 1);
        assert_int_equal(client_count(client, "Connection: close"), 1);
        assert_true(strstr(client->text, "Connection: close") > strstr(client->text, "GET /1|"));
        await(world, world->drained == 1);
        client_free(client);
        world_free(world);
    }
}

/* The body of the second breaks off while the first waits for its reply. */
static void a_half_request_behind_one_that_waits_ends_with_it(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    client_send(client, "POST /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                        "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    shutdown(client->fd, SHUT_WR);
    await(world, world->held_count == 1 && world->begun == 2);
    let_pass(world, 20);
    answer_held(world);
    await(world, client->closed && http_server_connections(world->server) == 0);
    assert_true(client_has(client, "POST /1|"));
    assert_int_equal(world->ended, 2);
    client_free(client);
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

static void the_server_may_be_freed_when_drained(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_ask(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /|");
    http_server_drain(world->server, free_from_drained, world);
    await(world, world->drained == 1);
    struct http_handler handler = {on_begin, on_handle, on_end, on_refuse, world};
    struct why why;
    assert_int_equal(http_server_new(&world->server, &world->loop, world->listen_fd,
                                     &world->options, &handler, &why),
                     OK);
    struct client *next = client_new(world);
    client_ask(next, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", "GET /next|");
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
    client_send(sending, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client_send(suspended, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 1 && world->begun == 2);
    let_pass(world, 150);
    client_send(polled, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
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
    client_send(clients[2], "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    client_send(clients[3],
                "GET /waits HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 2 && world->begun == 3);
    world->answer = ANSWER_AT_ONCE;
    world->reply_size = 1 << 20;
    uv_poll_stop(&clients[4]->poll);
    for (unsigned i = 0; i < 20; i++)
        client_send(clients[4], "GET /unread HTTP/1.1\r\nHost: a\r\n\r\n");
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
    client_send(first, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 1);
    world->answer = ANSWER_CONTINUE;
    client_send(second, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, client_has(second, "GET /2|"));
    answer_held(world);
    await(world, client_has(first, "GET /1|"));
    client_free(first);
    client_free(second);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loop_sleeps_while_nothing_happens),
        cmocka_unit_test(a_held_request_may_be_answered_while_another_is_handled),
        cmocka_unit_test(a_silent_connection_is_cut),
        cmocka_unit_test(headers_that_trickle_are_cut),
        cmocka_unit_test(a_body_that_trickles_is_cut),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(a_request_that_waits_for_us_is_not_cut),
        cmocka_unit_test(a_request_outlives_its_client_until_the_reply),
        cmocka_unit_test(a_client_that_has_finished_sending_is_answered_then_closed),
        cmocka_unit_test(a_request_ends_when_its_body_breaks_off),
        cmocka_unit_test(the_oldest_that_never_asked_gives_way),
        cmocka_unit_test(an_idle_connection_gives_way_when_all_have_asked),
        cmocka_unit_test(when_none_gives_way_there_are_a_few_reserved_places),
        cmocka_unit_test(the_newest_takes_the_reserved_place_of_the_oldest),
        cmocka_unit_test(a_drain_waits_for_requests_and_closes_connections),
        cmocka_unit_test(a_drain_answers_all_that_has_begun),
        cmocka_unit_test(a_half_request_behind_one_that_waits_ends_with_it),
        cmocka_unit_test(a_drain_of_nothing_ends_in_the_loop),
        cmocka_unit_test(the_server_may_be_freed_when_drained),
        cmocka_unit_test(a_server_is_freed_with_everything_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
