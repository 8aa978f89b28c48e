#include "subscription/broadcast.h"

#include "fake/client_world.h"
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

static void hear(struct client_world *world, const struct change *change)
{
    broadcast_hear(&world->clients.subscriptions,
                   &(struct notice){.change = (struct change *)change});
}

static struct change later(const struct change *change, uint64_t seq)
{
    struct change next = *change;
    next.seq = seq;
    return next;
}

static uint64_t subscriptions(const struct client_world *world)
{
    return metric_get(&world->metrics.subscription.subscriptions);
}

static void all_that_are_live_hear_what_happens(void **state)
{
    struct client_world *world = *state;
    struct change update = later(&document, 41);
    struct session *other = client_world_open(world);
    const struct subscription *here = client_world_subscribe(world, world->session, &document);
    const struct subscription *there = client_world_subscribe(world, other, &document);
    hear(world, &update);
    assert_int_equal(here->position, 41);
    assert_int_equal(there->position, 41);
    assert_non_null(strstr(client_world_events(world), "document_updated"));
}

/* The answer to the subscription said so much already. */
static void what_a_subscription_knows_it_does_not_hear_again(void **state)
{
    struct client_world *world = *state;
    client_world_subscribe(world, world->session, &document);
    client_world_events(world);
    hear(world, &document);
    assert_string_equal(client_world_events(world), "");
}

static void one_that_is_behind_only_notes_what_it_misses(void **state)
{
    struct client_world *world = *state;
    struct change update = later(&document, 41);
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    client_world_events(world);
    subscription->state = SUBSCRIPTION_BEHIND;
    hear(world, &update);
    assert_int_equal(subscription->missed, 41);
    assert_int_equal(subscription->position, 40);
    assert_string_equal(client_world_events(world), "");
}

static void one_without_room_falls_behind(void **state)
{
    struct client_world *world = *state;
    struct change update = later(&document, 41);
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    outbox_close(&world->session->outbox);
    hear(world, &update);
    assert_int_equal(subscription->state, SUBSCRIPTION_BEHIND);
    assert_int_equal(metric_get(&world->metrics.subscription.behind), 1);
}

/* A message is kept nowhere: the client has to come back. */
static void a_message_without_room_ends_the_session(void **state)
{
    struct client_world *world = *state;
    struct change message = {.type = CHANGE_CREATED,
                             .kind = KIND_MESSAGE,
                             .parent = 2,
                             .data = STR("{}")};
    client_world_subscribe(world, world->session, &stream);
    outbox_close(&world->session->outbox);
    hear(world, &message);
    assert_int_equal(world->session->state, SESSION_ENDED);
}

static void subscriptions_end_with_their_object(void **state)
{
    struct client_world *world = *state;
    struct change gone = later(&document, 41);
    struct session *other = client_world_open(world);
    gone.type = CHANGE_REMOVED;
    client_world_subscribe(world, world->session, &document);
    client_world_subscribe(world, other, &document);
    assert_int_equal(subscriptions(world), 2);
    hear(world, &gone);
    assert_int_equal(subscriptions(world), 0);
    assert_non_null(strstr(client_world_events(world), "document_removed"));
    assert_int_equal(world->unsubscribes.count, 1); /* the core need not tell of it any more */
    assert_int_equal(world->clients.subscriptions.topics.by_sid.count, 0);
}

/* What is said of it meanwhile waits: the client may not be allowed to hear it. */
static void a_permission_makes_its_identity_ask_again(void **state)
{
    struct client_world *world = *state;
    struct change permission = {.type = CHANGE_UPDATED,
                                .kind = KIND_PERMISSION,
                                .parent = 2,
                                .name = STR("bob")};
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    hear(world, &permission);
    assert_int_equal(subscription->state, SUBSCRIPTION_LIVE);
    permission.name = STR("alice");
    hear(world, &permission);
    assert_int_equal(subscription->state, SUBSCRIPTION_BEHIND);
    assert_int_equal(client_world_command(world)->verb, VERB_SUBSCRIBE);
    client_world_answer(world, ERR_DENIED, NULL, NULL);
    assert_non_null(strstr(client_world_events(world), "subscription_failed"));
}

static void rules_of_a_service_make_its_subscriptions_ask_again(void **state)
{
    struct client_world *world = *state;
    struct session *other = client_world_open(world);
    other->service_id = 9;
    const struct subscription *here = client_world_subscribe(world, world->session, &document);
    const struct subscription *there = client_world_subscribe(world, other, &document);
    broadcast_recheck(&world->clients.subscriptions, world->session->service_id);
    assert_int_equal(here->state, SUBSCRIPTION_BEHIND);
    assert_int_equal(there->state, SUBSCRIPTION_LIVE);
}

/* Streams have no permissions, and what is said in them while one asks would be lost. */
static void a_stream_asks_nothing_again(void **state)
{
    struct client_world *world = *state;
    const struct subscription *subscription =
        client_world_subscribe(world, world->session, &stream);
    broadcast_recheck(&world->clients.subscriptions, world->session->service_id);
    assert_int_equal(subscription->state, SUBSCRIPTION_LIVE);
}

static void nobody_hears_of_what_nobody_subscribes_to(void **state)
{
    struct client_world *world = *state;
    hear(world, &map);
    assert_string_equal(client_world_events(world), "");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_that_are_live_hear_what_happens),
        TEST(what_a_subscription_knows_it_does_not_hear_again),
        TEST(one_that_is_behind_only_notes_what_it_misses),
        TEST(one_without_room_falls_behind),
        TEST(a_message_without_room_ends_the_session),
        TEST(subscriptions_end_with_their_object),
        TEST(a_permission_makes_its_identity_ask_again),
        TEST(rules_of_a_service_make_its_subscriptions_ask_again),
        TEST(a_stream_asks_nothing_again),
        TEST(nobody_hears_of_what_nobody_subscribes_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
