#include "subscription/subscription.h"

#include "fake/client_world.h"
#include "subscription/subscription_request.h"
#include "sync/subscribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct change document = {.type = CHANGE_UPDATED,
                                       .kind = KIND_DOCUMENT,
                                       .seq = 40,
                                       .id = 2,
                                       .salt = 3,
                                       .data = STR_INIT("{}")};
static const struct change map = {
    .type = CHANGE_ITEM, .kind = KIND_MAP, .seq = 40, .id = 2, .salt = 3};
static const struct change stream = {
    .type = CHANGE_CREATED, .kind = KIND_STREAM, .seq = 40, .id = 2, .salt = 3};

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

static struct subscriber *subscriber_of(const struct client_world *world)
{
    return &client_of(world->session)->subscriber;
}

static const struct topics *topics_of(const struct client_world *world)
{
    return &world->clients.subscriptions.topics;
}

static void subscriptions_of_one_object_share_its_topic(void **state)
{
    struct client_world *world = *state;
    struct session *other = client_world_open(world);
    struct subscription *here = client_world_subscribe(world, world->session, &document);
    struct subscription *there = client_world_subscribe(world, other, &document);
    assert_ptr_equal(here->topic, there->topic);
    assert_int_equal(here->topic->count, 2);
    subscription_end(here);
    assert_int_equal(there->topic->count, 1);
    assert_int_equal(world->unsubscribes.count, 0);
    subscription_end(there);
    assert_int_equal(topics_of(world)->by_sid.count, 0);
    assert_int_equal(world->unsubscribes.count, 1);
    assert_int_equal(metric_get(&world->metrics.subscription.subscriptions), 0);
}

static void a_document_is_established_with_its_position_and_a_stream_without(void **state)
{
    struct client_world *world = *state;
    const struct subscription *of_document =
        client_world_subscribe(world, world->session, &document);
    assert_non_null(strstr(client_world_events(world), "\"last_event_id\":40}"));
    subscription_tell_established(of_document);
    assert_non_null(strstr(client_world_events(world), "\"correlation_id\":null"));
    struct change other = stream;
    other.id = 7;
    client_world_subscribe(world, world->session, &other);
    assert_non_null(strstr(client_world_events(world), "\"last_event_id\":null}"));
}

static void a_refusal_is_told_and_ends_it(void **state)
{
    struct client_world *world = *state;
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    client_world_events(world);
    subscription_fail(subscription, ERR_LOST);
    assert_non_null(strstr(client_world_events(world), "subscription_failed"));
    assert_int_equal(subscriber_of(world)->count, 0);
    assert_int_equal(metric_get(&world->metrics.subscription.lost), 1);
}

/* The server's trouble is not the subscription's: the client comes back and asks again. */
static void trouble_that_passes_ends_the_session(void **state)
{
    static const enum err errors[] = {ERR_STORE, ERR_BUSY, ERR_AUTH};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct client_world *world = *state;
        struct session *session = client_world_open(world);
        subscription_fail(client_world_subscribe(world, session, &document), errors[i]);
        assert_int_equal(session->state, SESSION_ENDED);
    }
}

static struct subscription *ask_for_query(struct client_world *world)
{
    struct subscription_request request = {.sid = STR("q"),
                                           .type = STR("live_query"),
                                           .index = STR("m"),
                                           .query = STR("a == 1")};
    subscription_request_establish(subscriber_of(world), &request);
    return ring_of(subscriber_of(world)->subscriptions.prev, struct subscription, in_session);
}

static void a_live_query_without_its_map_says_that_the_index_is_missing(void **state)
{
    struct client_world *world = *state;
    ask_for_query(world);
    assert_true(subscriber_of(world)->queries_size > 0);
    client_world_answer(world, ERR_NAME_MISSING, NULL, NULL);
    const char *events = client_world_events(world);
    assert_non_null(strstr(events, "\"object_sid\":\"q\",\"object_type\":\"live_query\""));
    assert_non_null(strstr(events, "\"code\":54502"));
    assert_int_equal(subscriber_of(world)->queries_size, 0);
}

/* Its answer finds nobody; the core follows the object by then, and is told that nobody cares. */
static void one_that_ends_while_the_core_is_asked_leaves_nothing_behind(void **state)
{
    struct client_world *world = *state;
    struct sid sid = sid_of(&document);
    struct subscription_request request = {.sid = sid_str(&sid), .type = STR("document")};
    subscription_request_establish(subscriber_of(world), &request);
    subscription_request_cancel(subscriber_of(world), &request);
    assert_int_equal(topics_of(world)->by_sid.count, 0);
    assert_int_equal(world->unsubscribes.count, 0);
    client_world_answer(world, OK, &document, NULL);
    assert_int_equal(world->unsubscribes.count, 1);
    assert_int_equal(topics_of(world)->by_sid.count, 0);
    const char *events = client_world_events(world);
    assert_non_null(strstr(events, "subscription_canceled"));
    assert_null(strstr(events, "subscription_established"));
}

static void a_query_that_ends_while_its_map_is_looked_up_leaves_nothing_behind(void **state)
{
    struct client_world *world = *state;
    subscription_end(ask_for_query(world));
    client_world_answer(world, OK, &map, NULL);
    assert_int_equal(topics_of(world)->by_sid.count, 0);
    assert_null(world->commands.first);
}

static void a_session_that_closes_ends_all_of_its_own(void **state)
{
    struct client_world *world = *state;
    struct session *other = client_world_open(world);
    struct change second = document;
    second.id = 7;
    client_world_subscribe(world, other, &document);
    client_world_subscribe(world, other, &second);
    client_world_subscribe(world, world->session, &second);
    session_abort(other, "the test says so");
    while (world->table.count > 1)
        client_world_turn(world);
    assert_int_equal(metric_get(&world->metrics.subscription.subscriptions), 1);
    assert_int_equal(topics_of(world)->by_sid.count, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(subscriptions_of_one_object_share_its_topic),
        TEST(a_document_is_established_with_its_position_and_a_stream_without),
        TEST(a_refusal_is_told_and_ends_it),
        TEST(trouble_that_passes_ends_the_session),
        TEST(a_live_query_without_its_map_says_that_the_index_is_missing),
        TEST(one_that_ends_while_the_core_is_asked_leaves_nothing_behind),
        TEST(a_query_that_ends_while_its_map_is_looked_up_leaves_nothing_behind),
        TEST(a_session_that_closes_ends_all_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
