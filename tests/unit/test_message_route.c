#include "realtime/message_route.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int begin(void **state)
{
    static struct client_world world;
    client_world_init(&world);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    client_world_deinit(*state);
    return 0;
}

static void publish(struct client_world *world, const char *body)
{
    client_world_call(world, "POST", "/v3/Streams/s/Messages", body);
}

static void a_message_is_answered_with_its_sid_alone(void **state)
{
    struct client_world *world = *state;
    struct change message = {.kind = KIND_MESSAGE, .id = 7, .salt = 0xff, .data = STR("{}")};
    publish(world, "{\"data\":{\"a\":1}}");
    const struct command *command = client_world_command(world);
    assert_int_equal(command->kind, KIND_MESSAGE);
    assert_true(str_eq(command->container, STR("s")));
    assert_null(command->object.ptr);
    assert_true(str_eq(command->data, STR("{\"a\":1}")));
    client_world_answer(world, OK, &message, NULL);
    assert_int_equal(world->status, 201);
    assert_string_equal(client_world_body(world),
                        "{\"sid\":\"TZ000000000000000700000000000000ff\"}");
}

/* The world's limits: 16 bytes of a message, 32 of other data. */
static void a_message_is_smaller_than_other_data(void **state)
{
    publish(*state, "{\"data\":{\"a\":\"0123456789\"}}");
    assert_int_equal(((struct client_world *)*state)->status, 413);
    publish(*state, "{\"data\":[]}");
    assert_int_equal(((struct client_world *)*state)->status, 400);
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
