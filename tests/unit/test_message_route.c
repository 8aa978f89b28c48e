#include "realtime/message_route.h"

#include "fake/fake_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int begin(void **state)
{
    static struct fake_session fake;
    fake_session_init(&fake);
    *state = &fake;
    return 0;
}

static int end(void **state)
{
    fake_session_deinit(*state);
    return 0;
}

static void publish(struct fake_session *fake, const char *body)
{
    fake_session_call(fake, "POST", "/v3/Streams/s/Messages", body);
}

static void a_message_is_answered_with_its_sid_alone(void **state)
{
    struct fake_session *fake = *state;
    struct change message = {.kind = KIND_MESSAGE, .id = 7, .salt = 0xff, .data = STR("{}")};
    publish(fake, "{\"data\":{\"a\":1}}");
    const struct command *command = fake_session_command(fake);
    assert_int_equal(command->kind, KIND_MESSAGE);
    assert_true(str_eq(command->container, STR("s")));
    assert_null(command->object.ptr);
    assert_true(str_eq(command->data, STR("{\"a\":1}")));
    fake_session_answer(fake, OK, &message, NULL);
    assert_int_equal(fake->status, 201);
    assert_string_equal(fake_session_body(fake),
                        "{\"sid\":\"TZ000000000000000700000000000000ff\"}");
}

/* The fake's limits: 16 bytes of a message, 32 of other data. */
static void a_message_is_smaller_than_other_data(void **state)
{
    publish(*state, "{\"data\":{\"a\":\"0123456789\"}}");
    assert_int_equal(((struct fake_session *)*state)->status, 413);
    publish(*state, "{\"data\":[]}");
    assert_int_equal(((struct fake_session *)*state)->status, 400);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_answered_with_its_sid_alone),
        TEST(a_message_is_smaller_than_other_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
