#include "session/packet.h"

#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

struct bench {
    struct arena arena;
    struct packet packet;
    const char *reason;
    struct buf out;
};

static int begin(void **state)
{
    static struct bench bench;
    bench = (struct bench){0};
    arena_init(&bench.arena);
    buf_init(&bench.out, 4096);
    *state = &bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    buf_deinit(&bench->out);
    arena_deinit(&bench->arena);
    return 0;
}

/* From a block of exactly its size, so that a sanitizer sees reads beyond it. */
static bool parse(struct bench *bench, struct str frame)
{
    char *exact = malloc(frame.len + !frame.len);
    memcpy(exact, frame.ptr, frame.len);
    bool good =
        packet_parse((struct str){exact, frame.len}, &bench->arena, &bench->packet, &bench->reason);
    if (good)
        bench->packet.payload = arena_dup(&bench->arena, bench->packet.payload);
    free(exact);
    return good;
}

/* A frame with the right length of its header. */
static bool parse_parts(struct bench *bench, const char *header, const char *behind)
{
    char frame[4096];
    int len =
        snprintf(frame, sizeof frame, "TWILSOCK V3.0 %zu\r\n%s%s", strlen(header), header, behind);
    assert_true(len > 0 && (size_t)len < sizeof frame);
    return parse(bench, (struct str){frame, (size_t)len});
}

static void assert_str(struct str s, const char *text)
{
    assert_int_equal(s.len, strlen(text));
    assert_memory_equal(s.ptr, text, s.len);
}

/* As twilio-sync 4.0.1 sends it, cut short. */
static void a_frame_of_the_javascript_sdk_is_read(void **state)
{
    struct bench *bench = *state;
    const char *header =
        "{\"method\":\"message\",\"id\":\"TM0a1b\",\"payload_type\":\"application/json\","
        "\"active_grant\":\"data_sync\",\"http_request\":{\"host\":\"h:1\",\"path\":\"/v3/Maps\","
        "\"method\":\"POST\",\"params\":{}},\"payload_size\":10}";
    assert_true(parse_parts(bench, header, "\r\n{\"ttl\":12}"));
    assert_int_equal(bench->packet.method, PACKET_MESSAGE);
    assert_str(bench->packet.id, "TM0a1b");
    assert_str(bench->packet.header, header);
    assert_str(bench->packet.payload_type, "application/json");
    assert_str(bench->packet.payload, "{\"ttl\":12}");
    assert_str(value_get(bench->packet.header, STR("active_grant")), "\"data_sync\"");
}

/* As the mobile SDKs do: sizes only when there is something, and a CRLF behind the payload. */
static void a_frame_of_the_mobile_sdks_is_read(void **state)
{
    struct bench *bench = *state;
    assert_true(parse_parts(bench, "{\"method\":\"reply\",\"id\":\"RQ1\"}", "\r\n"));
    assert_int_equal(bench->packet.method, PACKET_REPLY);
    assert_str(bench->packet.payload, "");
    assert_str(bench->packet.payload_type, "");
    assert_true(parse_parts(
        bench, "{\"method\":\"message\",\"id\":\"RQ1\",\"payload_size\":2,\"payload_type\":\"j\"}",
        "\r\n{}\r\n"));
    assert_str(bench->packet.payload, "{}");
}

static void every_method_is_known_and_others_are_others(void **state)
{
    struct bench *bench = *state;
    const struct {
        const char *name;
        enum packet_method method;
    } rows[] = {
        {"init", PACKET_INIT},
        {"update", PACKET_UPDATE},
        {"message", PACKET_MESSAGE},
        {"put_notification_ctx", PACKET_PUT_NOTIFICATION_CTX},
        {"delete_notification_ctx", PACKET_DELETE_NOTIFICATION_CTX},
        {"telemetry.v1", PACKET_TELEMETRY},
        {"close", PACKET_CLOSE},
        {"ping", PACKET_PING},
        {"reply", PACKET_REPLY},
        {"Init", PACKET_OTHER},
        {"initx", PACKET_OTHER},
        {"7", PACKET_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[64];
        snprintf(header, sizeof header, "{\"method\":\"%s\"}", rows[i].name);
        assert_true(parse_parts(bench, header, "\r\n"));
        assert_int_equal(bench->packet.method, rows[i].method);
        assert_str(bench->packet.id, "");
    }
}

static void what_clients_do_loosely_is_read_all_the_same(void **state)
{
    struct bench *bench = *state;
    const struct {
        const char *header, *behind, *id, *payload;
    } rows[] = {
        /* null members, unknown ones, numbers for strings and strings for numbers */
        {"{\"method\":\"ping\",\"id\":null,\"payload_type\":null,\"payload_size\":null}", "\r\n",
         "", ""},
        {"{\"x\":[{}],\"method\":\"ping\",\"id\":-12.5}", "\r\n", "-12.5", ""},
        {"{\"method\":12}", "\r\n", "", ""},
        {"{\"method\":\"ping\",\"payload_size\":\"2\",\"payload_type\":3}", "\r\nab", "", "ab"},
        {"{\"method\":\"ping\",\"payload_size\":\"\"}", "\r\n", "", ""},
        /* no CRLF behind a header without payload, or one more */
        {"{\"method\":\"ping\"}", "", "", ""},
        {"{\"method\":\"ping\",\"payload_size\":0}", "\r\n\r\n", "", ""},
        /* white space and escapes */
        {" {\"id\" : \"a\\u00e9\\n\",\n\"m\\u0065thod\":\"ping\"} ", "\r\n", "a\xc3\xa9\n", ""},
        /* the first of its name counts */
        {"{\"method\":\"ping\",\"id\":\"1\",\"id\":\"2\",\"payload_size\":1,\"payload_size\":2}",
         "\r\na", "1", "a"},
        /* a payload is bytes, also a line break */
        {"{\"method\":\"ping\",\"payload_size\":4}", "\r\n\r\n\r\n\r\n", "", "\r\n\r\n"},
        {"{\"method\":\"ping\",\"payload_size\":3}", "\r\n\xff\xfe\x80", "", "\xff\xfe\x80"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(parse_parts(bench, rows[i].header, rows[i].behind));
        assert_str(bench->packet.id, rows[i].id);
        assert_str(bench->packet.payload, rows[i].payload);
    }
    assert_true(parse(bench, STR("TWILSOCK V3.0 17 \r\n{\"method\":\"ping\"}\r\n")));
}

static void the_length_counts_bytes_and_a_payload_may_hold_a_zero(void **state)
{
    struct bench *bench = *state;
    assert_true(parse_parts(bench, "{\"method\":\"ping\",\"id\":\"\xf0\x9f\x98\x80\"}", "\r\n"));
    assert_str(bench->packet.id, "\xf0\x9f\x98\x80");
    assert_true(
        parse(bench, STR("TWILSOCK V3.0 34\r\n{\"method\":\"ping\",\"payload_size\":3}\r\na\0b")));
    assert_int_equal(bench->packet.payload.len, 3);
}

static void a_wrong_first_line_is_refused(void **state)
{
    struct bench *bench = *state;
    const char *const lines[] = {
        "",
        "\r\n",
        "TWILSOCK",
        "TWILSOCK V3.0",
        "TWILSOCK V3.0 ",
        "TWILSOCK V3.0 \r\n",
        "TWILSOCK V3.0 17",
        "TWILSOCK V3.0 17\r",
        "TWILSOCK V3.0 17\n",
        "TWILSOCK V3.0 17\r{",
        "TWILSOCK V3.1 17\r\n",
        "TWILSOCK V3.0\t17\r\n",
        "TWILSOCK  V3.0 17\r\n",
        " TWILSOCK V3.0 17\r\n",
        "twilsock V3.0 17\r\n",
        "TWILSOCK V3.0 -1\r\n",
        "TWILSOCK V3.0 +17\r\n",
        "TWILSOCK V3.0 1 7\r\n",
        "TWILSOCK V3.0 0x11\r\n",
        "TWILSOCK V3.0 17.0\r\n",
        "TWILSOCK V3.0 4294967313\r\n",
        "TWILSOCK V3.0 18446744073709551633\r\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char frame[128];
        snprintf(frame, sizeof frame, "%s{\"method\":\"ping\"}\r\n", lines[i]);
        assert_false(parse(bench, str_from(frame)));
        assert_string_equal(bench->reason, "expected TWILSOCK V3.0 and the header's length");
        assert_false(parse(bench, str_from(lines[i])));
    }
}

static void a_header_of_another_length_is_refused(void **state)
{
    struct bench *bench = *state;
    for (int len = 0; len < 40; len++) {
        char frame[128];
        snprintf(frame, sizeof frame, "TWILSOCK V3.0 %d\r\n{\"method\":\"ping\"}\r\n", len);
        /* 19: the CRLF is taken for white space behind the object. */
        assert_int_equal(parse(bench, str_from(frame)), len == 17 || len == 19);
    }
}

static void a_header_that_is_no_object_is_refused(void **state)
{
    struct bench *bench = *state;
    const char *const headers[] = {
        "",
        "ping",
        "\"ping\"",
        "[\"method\"]",
        "null",
        "{\"method\":\"ping\"",
        "{\"method\":\"ping\"}}",
        "{\"method\":\"ping\"}{}",
        "{method:\"ping\"}",
        "{'method':'ping'}",
        "{\"method\":\"ping\",}",
        "{\"method\":\"p\xff\"}",
        "{\"method\":\"p\n\"}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_false(parse_parts(bench, headers[i], "\r\n"));
    char deep[512] = "{\"method\":\"ping\",\"x\":";
    size_t len = strlen(deep);
    memset(deep + len, '[', 64);
    memset(deep + len + 64, ']', 64);
    memcpy(deep + len + 128, "}", 2);
    assert_false(parse_parts(bench, deep, "\r\n"));
}

static void a_member_of_the_wrong_kind_is_refused(void **state)
{
    struct bench *bench = *state;
    const struct {
        const char *header, *reason;
    } rows[] = {
        {"{}", "method"},
        {"{\"method\":null}", "method"},
        {"{\"method\":\"\"}", "method"},
        {"{\"method\":true}", "method"},
        {"{\"method\":[\"ping\"]}", "method"},
        {"{\"method\":{\"a\":\"ping\"}}", "method"},
        {"{\"method\":\"\\ud800\"}", "method"},
        {"{\"method\":\"ping\",\"id\":{}}", "id"},
        {"{\"method\":\"ping\",\"id\":false}", "id"},
        {"{\"method\":\"ping\",\"id\":\"\\udc00\"}", "id"},
        {"{\"method\":\"ping\",\"payload_type\":[]}", "payload_type"},
        {"{\"method\":\"ping\",\"payload_size\":-1}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":0.5}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":1e1}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":\"x\"}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":true}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":[]}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":4294967296}", "payload_size"},
        {"{\"method\":\"ping\",\"payload_size\":99999999999999999999}", "payload_size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(parse_parts(bench, rows[i].header, "\r\n"));
        assert_non_null(strstr(bench->reason, rows[i].reason));
    }
}

static void an_id_has_at_most_256_bytes(void **state)
{
    struct bench *bench = *state;
    char id[258], header[512];
    memset(id, 'a', sizeof id);
    id[256] = 0;
    snprintf(header, sizeof header, "{\"method\":\"ping\",\"id\":\"%s\"}", id);
    assert_true(parse_parts(bench, header, "\r\n"));
    id[256] = 'a';
    id[257] = 0;
    snprintf(header, sizeof header, "{\"method\":\"ping\",\"id\":\"%s\"}", id);
    assert_false(parse_parts(bench, header, "\r\n"));
}

static void a_payload_of_another_size_is_refused(void **state)
{
    struct bench *bench = *state;
    const char *behind[] = {
        "",        "\r",          "\n", "\r\n", "\r\na",   "\r\nab\r",      "\r\nab\n",
        "\r\nabc", "\r\nab\r\nc", "ab", "\nab", "a\r\nab", "\r\nab\r\n\r\n"};
    const char *header = "{\"method\":\"ping\",\"payload_size\":2}";
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        assert_false(parse_parts(bench, header, behind[i]));
    assert_true(parse_parts(bench, header, "\r\nab"));
    assert_false(parse_parts(bench, "{\"method\":\"ping\"}", "\r\nab"));
    assert_false(parse_parts(bench, "{\"method\":\"ping\"}", "\r"));
}

/* Cut anywhere, a frame is refused, but where only the last line break is missing. */
static void a_frame_cut_short_is_refused(void **state)
{
    struct bench *bench = *state;
    struct str frame = STR("TWILSOCK V3.0 45\r\n"
                           "{\"method\":\"ping\",\"id\":\"TM1\",\"payload_size\":2}\r\n{}\r\n");
    assert_true(parse(bench, frame));
    for (size_t len = 0; len < frame.len; len++)
        assert_int_equal(parse(bench, (struct str){frame.ptr, len}), len == frame.len - 2);
}

static void a_written_frame_looks_as_clients_expect(void **state)
{
    struct bench *bench = *state;
    packet_write(STR("{\"method\":\"reply\",\"id\":\"1\"}"), STR(""), &bench->out);
    assert_str(buf_str(&bench->out), "TWILSOCK V3.0 27\r\n{\"method\":\"reply\",\"id\":\"1\"}\r\n");
    buf_clear(&bench->out);
    packet_write(STR("{\"id\":\"1\"}"), STR("{\"a\":\"\xc3\xa9\"}"), &bench->out);
    assert_str(buf_str(&bench->out),
               "TWILSOCK V3.0 62\r\n"
               "{\"id\":\"1\",\"payload_size\":10,\"payload_type\":\"application/json\"}\r\n"
               "{\"a\":\"\xc3\xa9\"}\r\n");
    buf_clear(&bench->out);
    packet_write(STR("{}"), STR("{}"), &bench->out);
    assert_str(buf_str(&bench->out),
               "TWILSOCK V3.0 52\r\n"
               "{\"payload_size\":2,\"payload_type\":\"application/json\"}\r\n{}\r\n");
}

static void what_was_written_is_read_again(void **state)
{
    struct bench *bench = *state;
    packet_write(STR("{\"method\":\"ping\",\"id\":\"\\\"\"}"), STR("[1]"), &bench->out);
    assert_true(parse(bench, buf_str(&bench->out)));
    assert_str(bench->packet.id, "\"");
    assert_str(bench->packet.payload, "[1]");
    assert_str(bench->packet.payload_type, "application/json");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_frame_of_the_javascript_sdk_is_read),
        TEST(a_frame_of_the_mobile_sdks_is_read),
        TEST(every_method_is_known_and_others_are_others),
        TEST(what_clients_do_loosely_is_read_all_the_same),
        TEST(the_length_counts_bytes_and_a_payload_may_hold_a_zero),
        TEST(a_wrong_first_line_is_refused),
        TEST(a_header_of_another_length_is_refused),
        TEST(a_header_that_is_no_object_is_refused),
        TEST(a_member_of_the_wrong_kind_is_refused),
        TEST(an_id_has_at_most_256_bytes),
        TEST(a_payload_of_another_size_is_refused),
        TEST(a_frame_cut_short_is_refused),
        TEST(a_written_frame_looks_as_clients_expect),
        TEST(what_was_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
