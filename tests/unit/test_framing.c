#include "http/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static bool is_sound(struct framing framing)
{
    return framing_is_sound(&framing, false);
}

static struct framing one(const char *name, const char *value)
{
    struct framing framing = {0};
    framing_add(&framing, str_from(name), str_from(value));
    return framing;
}

static struct framing two(const char *name, const char *value, const char *other_name,
                          const char *other_value)
{
    struct framing framing = one(name, value);
    framing_add(&framing, str_from(other_name), str_from(other_value));
    return framing;
}

static void no_header_means_no_body(void **state)
{
    (void)state;
    struct framing framing = {0};
    assert_true(is_sound(framing));
    assert_int_equal(framing.content_length, 0);
    assert_false(framing.chunked);
    assert_true(is_sound(one("Content-Lengthy", "x")));
}

static void a_length_is_taken(void **state)
{
    (void)state;
    struct framing framing = two("Host", "x", "content-LENGTH", "123");
    assert_true(is_sound(framing));
    assert_int_equal(framing.content_length, 123);
    assert_true(is_sound(one("Content-Length", "18446744073709551615")));
}

static void chunks_are_known_by_their_name(void **state)
{
    (void)state;
    struct framing framing = one("Transfer-Encoding", "CHUNKED");
    assert_true(is_sound(framing));
    assert_true(framing.chunked);
    assert_false(framing_is_sound(&framing, true));
}

static void what_has_two_readings_is_refused(void **state)
{
    (void)state;
    assert_false(is_sound(two("Content-Length", "1", "Content-Length", "1")));
    assert_false(is_sound(two("Content-Length", "0", "Transfer-Encoding", "chunked")));
    assert_false(is_sound(two("Transfer-Encoding", "chunked", "Content-Length", "1")));
    assert_false(is_sound(two("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked")));
    assert_false(is_sound(one("Transfer-Encoding", "gzip, chunked")));
    assert_false(is_sound(one("Transfer-Encoding", "identity")));
    assert_false(is_sound(one("Transfer-Encoding", "")));
}

static void a_length_that_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"",    "x",   "-1",  "+1",
                                         "1,1", "0x1", "1 1", "18446744073709551616"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (is_sound(one("Content-Length", values[i])))
            fail_msg("%s", values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_header_means_no_body),
        cmocka_unit_test(a_length_is_taken),
        cmocka_unit_test(chunks_are_known_by_their_name),
        cmocka_unit_test(what_has_two_readings_is_refused),
        cmocka_unit_test(a_length_that_is_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
