#include "realtime/configuration.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define IN_SERVICE "http://h:1/v3/Services/" CLIENT_WORLD_SERVICE

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

/* Their names and placeholders are those of the mobile SDKs, which read nothing else. */
static void mobile_sdks_find_all_that_they_look_for(void **state)
{
    static const char *const links[] = {
        "\"subscriptions\":\"http://h:1/v4/Subscriptions\"",
        "\"documents\":\"" IN_SERVICE "/Documents\"",
        "\"maps\":\"" IN_SERVICE "/Maps\"",
        "\"map_items\":\"" IN_SERVICE "/Maps/{mapId}/Items\"",
        "\"map_item\":\"" IN_SERVICE "/Maps/{mapId}/Items/{itemId}\"",
        "\"lists\":\"" IN_SERVICE "/Lists\"",
        "\"list_items\":\"" IN_SERVICE "/Lists/{listId}/Items\"",
        "\"list_item\":\"" IN_SERVICE "/Lists/{listId}/Items/{itemId}\"",
        "\"streams\":\"" IN_SERVICE "/Streams\"",
        "\"stream_messages\":\"" IN_SERVICE "/Streams/{streamId}/Messages\"",
        "\"insights_items\":\"" IN_SERVICE "/Insights/{indexName}/Items\"",
    };
    struct client_world *world = *state;
    client_world_call(world, "GET", "/v3/Configuration", NULL);
    assert_int_equal(world->status, 200);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (!strstr(client_world_body(world), links[i]))
            fail_msg("expected %s in: %s", links[i], client_world_body(world));
}

static void it_is_answered_without_the_core(void **state)
{
    struct client_world *world = *state;
    client_world_call(world, "GET", "/v3/Configuration", NULL);
    assert_int_equal(world->replies, 1);
    assert_int_equal(world->submitted, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mobile_sdks_find_all_that_they_look_for),
        TEST(it_is_answered_without_the_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
