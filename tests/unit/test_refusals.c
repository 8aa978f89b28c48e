/* What is no HTTP, or too much of it, and how it is refused. */
#include "fake/http_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

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

static void expect_text(const char *text, const char *status)
{
    expect_refusal(text, strlen(text), status);
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
        CASE("GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET ftp://x/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET /a\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET /a\0HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("CONNECT x:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\nA\0B: c\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\nBlank : x\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\n Blank: x\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"),
        CASE(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        CASE("GET / HTTP/1.1\nHost: a\n\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n"),
        CASE("GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 3\r\n\r\nabc"),
        CASE("POST / HTTP/1.1\r\nHost: a\r\nContent-Lengt: 3\r\n h: 3\r\n\r\nabc"),
        CASE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    };
#undef CASE
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cases[i].text, cases[i].len, "HTTP/1.1 400 ");
    expect_text("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 ");
    expect_text("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                "HTTP/1.1 501 ");
    expect_text("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
                "HTTP/1.1 501 ");
}

static void chunks_that_make_no_sense_end_the_request(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client,
                "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    await(world, client->closed);
    assert_true(client_has(client, "HTTP/1.1 400 "));
    assert_int_equal(world->handled, 0);
    assert_int_equal(world->ended, 1);
    assert_int_equal(world->ended_status, 400);
    client_free(client);
    world_free(world);
}

static void headers_without_end_are_refused_legibly(void **state)
{
    (void)state;
    struct world *world = world_new(ANSWER_AT_ONCE);
    struct client *client = client_new(world);
    client_send(client, "GET / HTTP/1.1\r\nHost: a\r\nLong: ");
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
    client_send(client, "?a=1&b=2&c=3 HTTP/1.1\r\nHost: a\r\nX-Test: v\r\n\r\n");
    await(world, client_has(client, "?a=1&b=2&c=3|"));
    assert_string_equal(world->header, "v");
    client_free(client);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_http_gets_400),
        cmocka_unit_test(chunks_that_make_no_sense_end_the_request),
        cmocka_unit_test(headers_without_end_are_refused_legibly),
        cmocka_unit_test(a_line_as_long_as_fits_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
