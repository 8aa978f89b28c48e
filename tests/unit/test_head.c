/* The head of a request, rule by rule (RFC 9112, sections 2 to 6). */
#include "http/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SIZE_MAX_ = 1000 };

static enum http_fault parse(const char *bytes, size_t len, struct arena *arena, struct head *head)
{
    struct head_search search = {0};
    enum http_fault fault;
    size_t size = head_find_end(&search, (struct str){bytes, len}, SIZE_MAX_, &fault);
    if (!fault && size != len)
        fail_msg("'%.*s' ends at %zu", (int)len, bytes, size);
    return fault ? fault : head_parse((struct str){bytes, len}, arena, head);
}

struct line_case {
    const char *bytes;
    size_t len;
    enum http_fault fault;
};

#define CASE(literal, fault)                                                                       \
    {                                                                                              \
        literal, sizeof(literal) - 1, fault                                                        \
    }
#define HEADER(literal, fault) CASE("GET / HTTP/1.1\r\nHost: a\r\n" literal "\r\n\r\n", fault)

static void check(const struct line_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct head head;
        arena_init(&arena);
        enum http_fault fault = parse(cases[i].bytes, cases[i].len, &arena, &head);
        if (fault != cases[i].fault)
            fail_msg("'%.*s' is %d", (int)cases[i].len, cases[i].bytes, (int)fault);
        arena_deinit(&arena);
    }
}

static void a_request_line_is_three_words_with_a_blank_between_each(void **state)
{
    static const struct line_case cases[] = {
        CASE("GET / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_NONE),
        CASE("X-!#$%&'*+.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_NONE),
        CASE("GET / HTTP/1.0\r\n\r\n", FAULT_NONE),
        CASE("GET / HTTP/1.2\r\nHost: a\r\n\r\n", FAULT_NONE),
        CASE("GET / HTTP/2.0\r\nHost: a\r\n\r\n", FAULT_VERSION),
        CASE("GET / HTTP/0.9\r\nHost: a\r\n\r\n", FAULT_VERSION),
        CASE("GET / HTTP/1.10\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET / HTTP/1,1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET / http/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET /\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET\r\n\r\n", FAULT_SYNTAX),
        CASE("GET /\r/ HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void a_header_is_a_token_a_colon_and_text(void **state)
{
    static const struct line_case cases[] = {
        HEADER("A: b", FAULT_NONE),          HEADER("A:", FAULT_NONE),
        HEADER("A: \t b\tc \t", FAULT_NONE), HEADER("A: \x80\xff", FAULT_NONE),
        HEADER("A : b", FAULT_SYNTAX),       HEADER(": b", FAULT_SYNTAX),
        HEADER("A", FAULT_SYNTAX),           HEADER(" A: b", FAULT_SYNTAX),
        HEADER("A: b\r\n c", FAULT_SYNTAX),  HEADER("A: b\r\n\tc: d", FAULT_SYNTAX),
        HEADER("A\0: b", FAULT_SYNTAX),      HEADER("A: b\0c", FAULT_SYNTAX),
        HEADER("A: b\rc", FAULT_SYNTAX),     HEADER("A: b\x01", FAULT_SYNTAX),
        HEADER("A: b\x7f", FAULT_SYNTAX),    HEADER("\xc3\xa4: b", FAULT_SYNTAX),
        HEADER("A(: b", FAULT_SYNTAX),
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void lines_end_with_cr_lf(void **state)
{
    static const struct line_case cases[] = {
        CASE("GET / HTTP/1.1\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET / HTTP/1.1\r\nHost: a\n\r\n", FAULT_SYNTAX),
        CASE("GET / HTTP/1.1\r\nHost: a\r\n\n", FAULT_SYNTAX),
        CASE("GET / HTTP/1.1\r\nHost: a\n\n", FAULT_SYNTAX),
        CASE("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
        CASE("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", FAULT_SYNTAX),
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void there_is_one_host(void **state)
{
    static const struct line_case cases[] = {
        CASE("GET / HTTP/1.1\r\n\r\n", FAULT_HOST),
        HEADER("host: b", FAULT_HOST),
        CASE("GET / HTTP/1.1\r\nHost:\r\n\r\n", FAULT_NONE),
        CASE("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", FAULT_NONE),
        CASE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", FAULT_HOST),
        CASE("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", FAULT_HOST),
        CASE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", FAULT_HOST),
        CASE("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", FAULT_HOST),
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void a_length_has_one_reading(void **state)
{
    static const struct line_case cases[] = {
        HEADER("Content-Length: 3", FAULT_NONE),
        HEADER("Content-Length: 3\r\nContent-Length: 3", FAULT_SYNTAX),
        HEADER("Content-Length: 3, 3", FAULT_SYNTAX),
        HEADER("Content-Length: +3", FAULT_SYNTAX),
        HEADER("Content-Length: 0x3", FAULT_SYNTAX),
        HEADER("Content-Length:", FAULT_SYNTAX),
        HEADER("Content-Length: 99999999999999999999", FAULT_SYNTAX),
        HEADER("Transfer-Encoding: chunked", FAULT_NONE),
        HEADER("Transfer-Encoding: chunked\r\nContent-Length: 3", FAULT_SYNTAX),
        HEADER("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", FAULT_SYNTAX),
        HEADER("Transfer-Encoding: chunked, chunked", FAULT_CODING),
        HEADER("Transfer-Encoding: gzip", FAULT_CODING),
        HEADER("Transfer-Encoding: \x0b"
               "chunked",
               FAULT_SYNTAX),
        CASE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", FAULT_SYNTAX),
    };
    (void)state;
    check(cases, sizeof cases / sizeof *cases);
}

static void connection_options_are_understood(void **state)
{
    struct arena arena;
    struct head head;
    (void)state;
    arena_init(&arena);
    static const char kept[] = "GET / HTTP/1.0\r\nConnection: x, Keep-ALIVE\r\n\r\n";
    assert_int_equal(parse(kept, sizeof kept - 1, &arena, &head), FAULT_NONE);
    assert_true(head.wants_keep_alive && !head.wants_close);
    static const char old[] = "GET / HTTP/1.0\r\n\r\n";
    assert_int_equal(parse(old, sizeof old - 1, &arena, &head), FAULT_NONE);
    assert_true(head.wants_close && !head.wants_keep_alive);
    static const char closed[] =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nConnection: close\r\n"
        "Expect: 100-Continue\r\n\r\n";
    assert_int_equal(parse(closed, sizeof closed - 1, &arena, &head), FAULT_NONE);
    assert_true(head.wants_close && head.wants_upgrade && head.expects_continue);
    arena_deinit(&arena);
}

static void the_end_is_found_however_the_bytes_come(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\nGET";
    size_t whole = sizeof text - 1 - 3;
    (void)state;
    for (size_t first = 0; first < whole; first++) {
        struct head_search search = {0};
        enum http_fault fault;
        assert_int_equal(head_find_end(&search, (struct str){text, first}, 100, &fault), 0);
        assert_int_equal(fault, FAULT_NONE);
        assert_int_equal(head_find_end(&search, (struct str){text, sizeof text - 1}, 100, &fault),
                         whole);
    }
}

static void too_much_is_refused(void **state)
{
    char many[8000] = "GET / HTTP/1.1\r\nHost: a\r\n";
    struct head_search search = {0};
    enum http_fault fault;
    struct arena arena;
    struct head head;
    (void)state;
    char line[300];
    memset(line, 'x', sizeof line);
    assert_int_equal(head_find_end(&search, (struct str){line, 300}, 200, &fault), 0);
    assert_int_equal(fault, FAULT_TARGET);
    search = (struct head_search){0};
    memcpy(line, "G / HTTP/1.1\r\n", 14);
    head_find_end(&search, (struct str){line, 300}, 200, &fault);
    assert_int_equal(fault, FAULT_HEADERS);
    for (unsigned i = 0; i < HEAD_HEADERS_MAX; i++)
        strcat(many, "A: b\r\n");
    strcat(many, "\r\n");
    arena_init(&arena);
    assert_int_equal(head_parse(str_from(many), &arena, &head), FAULT_HEADERS);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_line_is_three_words_with_a_blank_between_each),
        cmocka_unit_test(a_header_is_a_token_a_colon_and_text),
        cmocka_unit_test(lines_end_with_cr_lf),
        cmocka_unit_test(there_is_one_host),
        cmocka_unit_test(a_length_has_one_reading),
        cmocka_unit_test(connection_options_are_understood),
        cmocka_unit_test(the_end_is_found_however_the_bytes_come),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
