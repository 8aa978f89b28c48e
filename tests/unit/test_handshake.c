#include "ws/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct handshake_request good(void)
{
    return (struct handshake_request){
        .host = STR("sync.example"),
        .upgrade = STR("websocket"),
        .connection = STR("Upgrade"),
        .version = STR("13"),
        .key = STR("dGhlIHNhbXBsZSBub25jZQ=="),
    };
}

static unsigned status_of(struct handshake_request request)
{
    struct handshake handshake;
    handshake_answer(&request, true, &handshake);
    assert_false(handshake.status != 101 && handshake.deflate);
    return handshake.status;
}

static bool deflates(const char *extensions)
{
    struct handshake handshake;
    struct handshake_request request = good();
    request.extensions = str_from(extensions);
    handshake_answer(&request, true, &handshake);
    assert_int_equal(handshake.status, 101); /* an offer declined is no error */
    return handshake.deflate;
}

/* RFC 6455 section 1.3. */
static void the_key_of_the_standard_is_answered(void **state)
{
    (void)state;
    struct handshake handshake;
    struct handshake_request request = good();
    handshake_answer(&request, true, &handshake);
    assert_int_equal(handshake.status, 101);
    assert_string_equal(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(handshake.deflate);
}

static void tokens_are_found_in_lists_and_any_case(void **state)
{
    (void)state;
    struct handshake_request request = good();
    request.upgrade = STR("h2c, WebSocket");
    request.connection = STR("keep-alive , UPGRADE");
    assert_int_equal(status_of(request), 101);
}

static void what_is_no_handshake_gets_400(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {0}, STR_INIT(""), STR_INIT("websockets"), STR_INIT("upgrade2"), STR_INIT(", ,")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct handshake_request request = good();
        request.upgrade = bad[i];
        assert_int_equal(status_of(request), 400);
        request = good();
        request.connection = bad[i];
        assert_int_equal(status_of(request), 400);
    }
}

static void another_version_gets_426(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {0}, STR_INIT(""), STR_INIT("8"), STR_INIT("130"), STR_INIT("013"), STR_INIT("13, 8")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct handshake_request request = good();
        request.version = bad[i];
        assert_int_equal(status_of(request), 426);
    }
}

static void a_key_is_16_bytes_in_base64(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {0},
        STR_INIT(""),
        STR_INIT("dGhlIHNhbXBsZSBub25jZQ"),
        STR_INIT("dGhlIHNhbXBsZSBub25jZQ="),
        STR_INIT("dGhlIHNhbXBsZSBub25jZQ==="),
        STR_INIT("dGhlIHNhbXBsZSBub25jZQQ="),
        STR_INIT("dGhlIHNhbXBsZSBub25jZQQQ"),
        STR_INIT("dGhlIHNhbXBsZSBub25jZQ=Q"),
        STR_INIT("dGhlIHNhbXBsZSBub25j_Q=="),
        STR_INIT("dGhlIHNhbXBsZSBub25 ZQ=="),
        STR_INIT("dGhlIHNhbXBsZS\0ub25jZQ=="),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct handshake_request request = good();
        request.key = bad[i];
        assert_int_equal(status_of(request), 400);
    }
}

/* RFC 7692 section 7.1. */
static void good_offers_of_compression_are_accepted(void **state)
{
    (void)state;
    static const char *const offers[] = {
        "permessage-deflate",
        "Permessage-Deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits = 15",
        "permessage-deflate; client_max_window_bits=\"10\"",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=15, permessage-deflate",
        "x-webkit-deflate-frame, permessage-deflate",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        "permessage-deflate; unknown , , permessage-deflate; client_max_window_bits",
    };
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
        if (!deflates(offers[i]))
            fail_msg("declined: %s", offers[i]);
}

static void offers_that_we_cannot_keep_are_declined(void **state)
{
    (void)state;
    static const char *const offers[] = {
        "",
        ",",
        "permessage-deflat",
        "permessage-deflate; server_max_window_bits=15", /* it would have to be answered */
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
        "permessage-deflate; server_max_window_bits=14",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=015",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits=09",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=",
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1; client_max_window_bits",
        "permessage-deflate;",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_max_window_bits; CLIENT_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate=1",
    };
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
        if (deflates(offers[i]))
            fail_msg("accepted: %s", offers[i]);
}

static void without_compression_no_offer_is_good(void **state)
{
    (void)state;
    struct handshake handshake;
    struct handshake_request request = good();
    request.extensions = STR("permessage-deflate");
    handshake_answer(&request, false, &handshake);
    assert_int_equal(handshake.status, 101);
    assert_false(handshake.deflate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_the_standard_is_answered),
        cmocka_unit_test(tokens_are_found_in_lists_and_any_case),
        cmocka_unit_test(what_is_no_handshake_gets_400),
        cmocka_unit_test(another_version_gets_426),
        cmocka_unit_test(a_key_is_16_bytes_in_base64),
        cmocka_unit_test(good_offers_of_compression_are_accepted),
        cmocka_unit_test(offers_that_we_cannot_keep_are_declined),
        cmocka_unit_test(without_compression_no_offer_is_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
