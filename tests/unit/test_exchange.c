/* One exchange after the other: requests, replies and bodies. */
#include "fake/http_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

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
    client_ask(client, "GET / HTTP/1.1\r\nHost: a\r\nX-TEST: some value\r\n\r\n", "GET /|");
    assert_string_equal(world->header, "some value");
    client_ask(client, "GET / HTTP/1.1\r\nHost: a\r\nX-Test:\r\n\r\n", "GET /|");
    assert_string_equal(world->header, "");
    client_ask(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /|");
    assert_string_equal(world->header, "(absent)");
    client_free(client);
    world_free(world);
}

static void a_reply_is_its_own_though_its_memory_was_another_s(void **state)
{
    (void)state;
    static const size_t sizes[] = {10, 300, 10, 100000, 10, 30000, 10};
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        world->reply_size = sizes[i];
        client_ask(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n");
        size_t head = (size_t)(strstr(client->text, "\r\n\r\n") - client->text) + 4;
        await(world, client->len >= head + sizes[i]);
        assert_int_equal(client->len, head + sizes[i]);
        assert_int_equal(strspn(client->text + head, "x"), sizes[i]);
        world->reply_size = 0;
        client_ask(client, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", "GET /echo|");
        assert_true(client_has(client, "\r\nContent-Length: 10\r\n"));
    }
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
        let_pass(world, 150);
        answer_held(world);
        await(world, client_has(client, "GET /later|"));
    }
    client_free(client);
    world_free(world);
}

static void one_flush_sends_many_replies(void **state)
{
    (void)state;
    enum { CLIENTS = 30 };
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
    client_ask(
        client,
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "GET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /4|");
    const char *second = strstr(client->text, "POST /2|abc");
    assert_non_null(second);
    assert_true(strstr(client->text, "GET /1|") < second);
    assert_true(second < strstr(client->text, "GET /3|"));
    client_free(client);
    world_free(world);
}

/* The last reply comes first, and goes out last. */
static void answer_held_from_the_last_one(struct world *world)
{
    while (world->held_count)
        reply_to(world, world->held[--world->held_count]);
    http_server_flush(world->server);
}

static void assert_order(const struct client *client, const char *const *texts, size_t count)
{
    const char *at = client->text;
    for (size_t i = 0; i < count; i++) {
        const char *next = strstr(at, texts[i]);
        if (!next)
            fail_msg("no %s in its place: %s", texts[i], client->text);
        at = next + 1;
    }
    assert_int_equal(client_count(client, "HTTP/1.1 200 OK"), count);
}

static void pipelined_reads_are_handled_together_and_answered_in_order(void **state)
{
    (void)state;
    static const char *const replies[] = {"GET /1|", "GET /2|", "HTTP/1.1", "GET /4|"};
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    client_send(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                        "HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 4);
    answer_held_from_the_last_one(world);
    await(world, client_has(client, "GET /4|"));
    assert_order(client, replies, 4);
    client_free(client);
    world_free(world);
}

static void pipelined_writes_are_handled_together(void **state)
{
    (void)state;
    static const char *const replies[] = {"POST /1|a", "DELETE /2|", "POST /3|c"};
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    client_send(client, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"
                        "DELETE /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                        "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nc");
    await(world, world->held_count == 3);
    answer_held_from_the_last_one(world);
    await(world, client_has(client, "POST /3|"));
    assert_order(client, replies, 3);
    client_free(client);
    world_free(world);
}

/* RFC 9112, section 9.3.2: what is not safe is not to overtake, nor to be overtaken. */
static void what_may_not_run_side_by_side_waits(void **state)
{
    (void)state;
    static const char *const replies[] = {"GET /1|", "POST /2|", "GET /3|", "POST /4|", "POST /5|"};
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    client_send(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                        "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
                        "POST /4 HTTP/1.1\r\nHost: a\r\nIf-Match: 1\r\n\r\n"
                        "POST /5 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (unsigned i = 0; i < 5; i++) {
        await(world, world->held_count == 1);
        let_pass(world, 5);
        assert_int_equal(world->held_count, 1);
        answer_held(world);
    }
    await(world, client_has(client, "POST /5|"));
    assert_order(client, replies, 5);
    client_free(client);
    world_free(world);
}

static void few_large_replies_are_made_at_a_time(void **state)
{
    (void)state;
    enum { CLIENTS = 10, AT_ONCE = 4 };
    struct world *world = world_new(ANSWER_LATER);
    struct client *clients[CLIENTS];
    world->large = true;
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = client_new(world);
        client_send(clients[i], "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    await(world, world->held_count == AT_ONCE);
    let_pass(world, 20);
    assert_int_equal(world->held_count, AT_ONCE);
    client_abort(clients[CLIENTS - 1]); /* it waits */
    for (unsigned answered = 0; answered < CLIENTS - 1;) {
        await(world, world->held_count > 0);
        let_pass(world, 5);
        assert_in_range(world->held_count, 1, AT_ONCE);
        answered += (unsigned)world->held_count;
        answer_held(world);
    }
    for (unsigned i = 0; i < CLIENTS - 1; i++) {
        await(world, client_has(clients[i], "GET /x|"));
        client_free(clients[i]);
    }
    world_free(world);
}

/* Who does not read keeps those of its own network waiting, and no more bytes than so many. */
static void few_large_replies_wait_to_be_sent(void **state)
{
    (void)state;
    enum { CLIENTS = 20, UNSENT = 8, SIZE = 1 << 21 };
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *clients[CLIENTS];
    world->large = true;
    world->reply_size = SIZE - 1;
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = client_new(world);
        int size = 4096;
        setsockopt(clients[i]->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        uv_poll_stop(&clients[i]->poll);
        for (unsigned j = 0; j < 4; j++)
            client_send(clients[i], "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    await(world, world->handled - world->ended == UNSENT);
    let_pass(world, 50);
    assert_int_equal(world->handled - world->ended, UNSENT);
    for (unsigned i = 0; i < CLIENTS; i++)
        client_abort(clients[i]);
    await(world, http_server_connections(world->server) == 0);
    world_free(world);
}

/* It could be sent only behind the one before. */
static void one_large_reply_of_a_connection_is_made_at_a_time(void **state)
{
    (void)state;
    enum { MANY = 5 };
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    world->large = true;
    for (unsigned i = 0; i < MANY; i++)
        client_send(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    for (unsigned i = 0; i < MANY; i++) {
        await(world, world->held_count > 0);
        let_pass(world, 5);
        assert_int_equal(world->held_count, 1);
        answer_held(world);
    }
    await(world, client_count(client, "HTTP/1.1 200 OK") == MANY);
    client_free(client);
    world_free(world);
}

static void all_that_came_before_the_end_is_answered(void **state)
{
    (void)state;
    enum { MANY = 150 };
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    for (unsigned i = 0; i < MANY; i++)
        client_send(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(client->fd, SHUT_WR);
    while (!client->closed) {
        turn(world);
        answer_held(world);
    }
    assert_int_equal(client_count(client, "HTTP/1.1 200 OK"), MANY);
    client_free(client);
    world_free(world);
}

static void no_more_than_so_many_are_under_way(void **state)
{
    (void)state;
    enum { MANY = 200, AT_ONCE = 32 };
    struct world *world = world_new(ANSWER_LATER);
    struct client *client = client_new(world);
    for (unsigned i = 0; i < MANY; i++)
        client_send(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    for (unsigned left = MANY; left;) {
        unsigned expected = left < AT_ONCE ? left : AT_ONCE;
        await(world, world->held_count == expected);
        let_pass(world, 5);
        assert_int_equal(world->held_count, expected);
        left -= expected;
        answer_held(world);
    }
    await(world, client_count(client, "HTTP/1.1 200 OK") == MANY);
    client_free(client);
    world_free(world);
}

static uint64_t hurry(void *context)
{
    uint64_t *now_ns = context;
    return *now_ns += WORK_STEP_NS;
}

/* It was the only one among the strangers, and has more to be read. */
static void a_client_that_becomes_known_goes_on_among_the_known(void **state)
{
    (void)state;
    enum { MANY = 20 };
    uint64_t now_ns = 1;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    world->knows = true;
    world->work.queue.options.now_ns = hurry;
    world->work.queue.options.context = &now_ns;
    for (unsigned i = 0; i < MANY; i++)
        client_send(client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, client_count(client, "HTTP/1.1 200 OK") == MANY);
    client_free(client);
    world_free(world);
}

static void a_head_request_gets_the_headers_of_a_get(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    world->reply_size = 300;
    client_ask(client, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n");
    assert_true(client_has(client, "\r\nContent-Length: 300\r\n"));
    world->reply_size = 0;
    client_ask(client, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", "GET /next|");
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
    client_ask(client, "DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n");
    assert_true(client_has(client, "HTTP/1.1 204 "));
    assert_false(client_has(client, "Content-Length"));
    world->status = 304;
    client_ask(client, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n");
    assert_true(client_has(client, "HTTP/1.1 304 "));
    assert_true(client_has(client, "\r\nContent-Length: 7\r\n"));
    assert_false(client_has(client, "GET /a|"));
    world->status = 200;
    client_ask(client, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", "GET /next|");
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
    client_send(client, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await(world, world->held_count == 1);
    answer_held(world);
    await(world, client_has(client, "\r\n\r\n"));
    size_t head = (size_t)(strstr(client->text, "\r\n\r\n") + 4 - client->text);
    await(world, client->len == head + (1 << 20));
    await(world, world->ended == 1);
    assert_true(metric_get(&world->work.queue.metrics.steps) > 0); /* not in one go */
    client_free(client);
    world_free(world);
}

/* ---- bodies ---- */

static void a_body_arrives_complete_however_it_is_cut(void **state)
{
    (void)state;
    static const char *const pieces[] = {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Le",
                                         "ngth: 10\r\n\r", "\nab", "cdefg", "hij"};
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        client_send(client, pieces[i]);
        let_pass(world, 1);
    }
    await(world, client_has(client, "POST /p|abcdefghij"));
    client_ask(client,
               "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
               "POST /c|abc0123456789");
    client_ask(client, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", "GET /next|");
    client_free(client);
    world_free(world);
}

static void a_body_is_invited_when_the_client_asks_first(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    const char *head =
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
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
    client_send(client, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
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
    client_ask(client, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1|");
    assert_false(client_has(client, "Connection:"));
    client_ask(client, "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST /2|");
    assert_int_equal(world->handled, 0);
    client_free(client);
    world_free(world);
}

static void a_chunked_body_above_its_limit_is_flagged(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
    client_send_many(client, 'x', 1000);
    client_send(client, "\r\n0\r\n\r\n");
    await(world, client_has(client, "xxx"));
    assert_false(world->body_too_large);
    client_forget(client);
    client_send(client,
                "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1f40\r\n");
    client_send_many(client, 'x', 8000);
    client_send(client, "\r\n0\r\n\r\n");
    await(world, client_has(client, "POST /p|"));
    assert_false(client_has(client, "POST /p|x"));
    assert_true(world->body_too_large);
    client_ask(client, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", "GET /next|");
    client_free(client);
    world_free(world);
}

static void a_chunked_body_without_end_is_cut_off(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client,
                "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n");
    client_send_many(client, 'x', 20000);
    await(world, client->closed);
    assert_int_equal(client->len, 0);
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended, 1);
    assert_int_equal(world->ended_status, 0);
    client_free(client);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_its_connection_kept),
        cmocka_unit_test(path_and_query_arrive_as_they_were_sent),
        cmocka_unit_test(a_header_is_found_in_any_case),
        cmocka_unit_test(a_reply_is_its_own_though_its_memory_was_another_s),
        cmocka_unit_test(a_reply_may_come_later),
        cmocka_unit_test(a_reply_may_come_much_later),
        cmocka_unit_test(one_flush_sends_many_replies),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(pipelined_reads_are_handled_together_and_answered_in_order),
        cmocka_unit_test(pipelined_writes_are_handled_together),
        cmocka_unit_test(what_may_not_run_side_by_side_waits),
        cmocka_unit_test(no_more_than_so_many_are_under_way),
        cmocka_unit_test(few_large_replies_are_made_at_a_time),
        cmocka_unit_test(few_large_replies_wait_to_be_sent),
        cmocka_unit_test(one_large_reply_of_a_connection_is_made_at_a_time),
        cmocka_unit_test(all_that_came_before_the_end_is_answered),
        cmocka_unit_test(a_client_that_becomes_known_goes_on_among_the_known),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
