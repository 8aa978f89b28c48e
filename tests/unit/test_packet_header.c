#include "session/packet_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void shows(struct buf *out, const char *expected)
{
    assert_true(str_eq(buf_str(out), str_from(expected)));
    buf_deinit(out);
}

static void a_reply_says_whom_it_answers_and_how(void **state)
{
    (void)state;
    struct packet_status status = {.code = 200};
    struct buf out;
    buf_init(&out, PACKET_HEADER_SIZE_MAX);
    packet_header_reply(STR("TM\"1"), &status, &out);
    shows(&out,
          "{\"method\":\"reply\",\"id\":\"TM\\\"1\",\"status\":{\"code\":200,\"status\":\"OK\"}"
          "}");
}

static void a_refusal_says_what_is_known_of_it(void **state)
{
    (void)state;
    struct packet_status status = {401, NULL, 20101, "Not a token"};
    struct buf out;
    buf_init(&out, PACKET_HEADER_SIZE_MAX);
    packet_header_reply(STR("TM1"), &status, &out);
    shows(&out,
          "{\"method\":\"reply\",\"id\":\"TM1\",\"status\":{\"code\":401,"
          "\"status\":\"UNAUTHORIZED\",\"errorCode\":20101,\"description\":\"Not a token\"}}");
}

static void the_reply_to_a_request_has_both_statuses(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, PACKET_HEADER_SIZE_MAX);
    packet_header_reply_http(STR("TM1"), 404, &out);
    shows(&out, "{\"method\":\"reply\",\"id\":\"TM1\",\"status\":{\"code\":200,\"status\":\"OK\"},"
                "\"http_status\":{\"code\":404,\"status\":\"NOT_FOUND\"},\"http_headers\":{}}");
}

static void a_close_says_why(void **state)
{
    (void)state;
    struct packet_status status = {.code = 406, .error_code = 51214};
    struct buf out;
    buf_init(&out, PACKET_HEADER_SIZE_MAX);
    packet_header_close(STR("TM1"), &status, &out);
    shows(&out, "{\"method\":\"close\",\"id\":\"TM1\",\"status\":{\"code\":406,"
                "\"status\":\"NOT_ACCEPTABLE_MESSAGE\",\"errorCode\":51214}}");
}

static void pings_and_warnings_have_no_status(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, PACKET_HEADER_SIZE_MAX);
    packet_header_ping(STR("TM1"), &out);
    shows(&out, "{\"method\":\"ping\",\"id\":\"TM1\"}");
    buf_init(&out, PACKET_HEADER_SIZE_MAX);
    packet_header_expires(STR("TM2"), &out);
    shows(&out, "{\"method\":\"client_update\",\"id\":\"TM2\","
                "\"client_update_type\":\"token_about_to_expire\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_says_whom_it_answers_and_how),
        cmocka_unit_test(a_refusal_says_what_is_known_of_it),
        cmocka_unit_test(the_reply_to_a_request_has_both_statuses),
        cmocka_unit_test(a_close_says_why),
        cmocka_unit_test(pings_and_warnings_have_no_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
