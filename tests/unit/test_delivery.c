#include "subscription/delivery.h"

#include "fake/client_world.h"
#include "subscription/subscription_request.h"
#include "sync/subscribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

enum { OTHER_SESSION = 5 };

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

/* Forget what the client has been sent up to here. */
static void settle(struct client_world *world)
{
    client_world_events(world);
}

static bool tell(struct subscription *subscription, const struct notice *notice)
{
    struct event_render render = {.notice = notice};
    bool told = delivery_tell(subscription, &render);
    event_render_deinit(&render);
    return told;
}

static struct change next(const struct change *change)
{
    struct change later = *change;
    later.seq++;
    return later;
}

static const struct change item = {.type = CHANGE_UPDATED,
                                   .kind = KIND_MAP_ITEM,
                                   .name = STR_INIT("k"),
                                   .data = STR_INIT("{}")};

static void a_subscription_is_told_by_an_event_and_its_position_moves(void **state)
{
    struct client_world *world = *state;
    struct change later = next(&document);
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    settle(world);
    assert_true(tell(subscription, &(struct notice){.change = &later, .origin = OTHER_SESSION}));
    assert_int_equal(subscription->position, 41);
    assert_non_null(strstr(client_world_events(world), "\"event_type\":\"document_updated\""));
}

/* It knows what it wrote; of a document there is nothing else to say. */
static void the_author_is_told_how_far_its_map_has_got(void **state)
{
    struct client_world *world = *state;
    struct change later = next(&map);
    struct subscription *subscription = client_world_subscribe(world, world->session, &map);
    struct notice notice = {.change = &later,
                            .item = (struct change *)&item,
                            .origin = world->session->id};
    settle(world);
    assert_true(tell(subscription, &notice));
    assert_non_null(strstr(client_world_events(world), "\"event_type\":\"map_position\""));
    notice.origin = OTHER_SESSION;
    assert_true(tell(subscription, &notice));
    assert_non_null(strstr(client_world_events(world), "\"event_type\":\"map_item_updated\""));
}

static void the_author_of_a_document_is_told_nothing(void **state)
{
    struct client_world *world = *state;
    struct change later = next(&document);
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    settle(world);
    assert_true(
        tell(subscription, &(struct notice){.change = &later, .origin = world->session->id}));
    assert_string_equal(client_world_events(world), "");
    assert_int_equal(subscription->position, 41);
}

/* A notice of catching up has no origin. */
static void what_a_session_wrote_before_it_subscribed_is_its_own_too(void **state)
{
    struct client_world *world = *state;
    struct change later = next(&map);
    struct subscription *subscription = client_world_subscribe(world, world->session, &map);
    struct notice notice = {.change = &later, .item = (struct change *)&item};
    delivery_note_own(subscription->subscriber, later.seq);
    settle(world);
    assert_true(tell(subscription, &notice));
    assert_non_null(strstr(client_world_events(world), "map_position"));
    for (uint64_t seq = 100; seq < 100 + SUBSCRIBER_OWN_MAX; seq++)
        delivery_note_own(subscription->subscriber, seq);
    assert_true(tell(subscription, &notice)); /* that is forgotten now */
    assert_non_null(strstr(client_world_events(world), "map_item_updated"));
}

/* The number of a message may be that of a change. */
static void a_message_is_own_by_its_origin_alone(void **state)
{
    struct client_world *world = *state;
    struct change message = {
        .type = CHANGE_CREATED, .kind = KIND_MESSAGE, .parent = 2, .seq = 41, .data = STR("{}")};
    struct subscription *subscription = client_world_subscribe(world, world->session, &stream);
    delivery_note_own(subscription->subscriber, 41);
    settle(world);
    assert_true(tell(subscription, &(struct notice){.change = &message}));
    assert_non_null(strstr(client_world_events(world), "stream_message_published"));
    assert_true(
        tell(subscription, &(struct notice){.change = &message, .origin = world->session->id}));
    assert_string_equal(client_world_events(world), "");
}

static void without_room_nothing_is_done(void **state)
{
    struct client_world *world = *state;
    struct change later = next(&document);
    struct subscription *subscription = client_world_subscribe(world, world->session, &document);
    settle(world);
    outbox_close(&world->session->outbox);
    assert_false(tell(subscription, &(struct notice){.change = &later}));
    assert_int_equal(subscription->position, 40);
    assert_int_equal(world->session->outbox.count, 0);
}

static void a_live_query_is_told_of_what_matches(void **state)
{
    struct client_world *world = *state;
    struct change later = next(&map), item_then = item;
    struct subscriber *subscriber = &client_of(world->session)->subscriber;
    struct subscription_request request = {.sid = STR("q"),
                                           .type = STR("live_query"),
                                           .index = STR("m"),
                                           .query = STR("a == 1")};
    subscription_request_establish(subscriber, &request);
    client_world_answer(world, OK, &map, NULL);
    client_world_command(world)->subscribe->reached = map.seq;
    client_world_answer(world, OK, &map, NULL);
    struct subscription *subscription =
        ring_of(subscriber->subscriptions.next, struct subscription, in_session);
    settle(world);
    item_then.data = STR("{\"a\":1}");
    item_then.seq = later.seq - 1;
    struct change *matching = change_new(&item_then); /* the query keeps a reference */
    assert_true(tell(subscription, &(struct notice){.change = &later, .item = matching}));
    change_unref(matching);
    shared_queries_forget(&subscription->topic->queries);
    assert_non_null(strstr(client_world_events(world), "live_query_item_updated"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_subscription_is_told_by_an_event_and_its_position_moves),
        TEST(the_author_is_told_how_far_its_map_has_got),
        TEST(the_author_of_a_document_is_told_nothing),
        TEST(what_a_session_wrote_before_it_subscribed_is_its_own_too),
        TEST(a_message_is_own_by_its_origin_alone),
        TEST(without_room_nothing_is_done),
        TEST(a_live_query_is_told_of_what_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
