#include "realtime/request_queue.h"

#include "fake/client_world.h"
#include "session/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct change list = {.type = CHANGE_ITEM, .kind = KIND_LIST, .id = 8};

static int begin(void **state)
{
    static struct client_world world;
    client_world_init(&world);
    limiter_init(&world.clients.pages, 1);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct client_world *world = *state;
    client_world_deinit(world);
    return 0;
}

static void push(struct client_world *world)
{
    client_world_call(world, "POST", "/v3/Lists/l/Items", "{\"data\":{}}");
}

static void page(struct client_world *world)
{
    client_world_call(world, "GET", "/v3/Lists/l/Items", NULL);
}

static void answer_push(struct client_world *world)
{
    assert_int_equal(client_world_command(world)->verb, VERB_CREATE);
    client_world_answer(world, ERR_BUSY, NULL, NULL);
}

static void answer_page(struct client_world *world)
{
    assert_int_equal(client_world_command(world)->verb, VERB_LIST);
    client_world_answer_page(world, &list, NULL, 0, false, false);
}

static void assert_under_way(const struct client_world *world, size_t count)
{
    assert_int_equal(world->commands.count, count);
}

static void what_names_an_object_goes_to_the_core_as_it_comes(void **state)
{
    struct client_world *world = *state;
    push(world);
    push(world);
    assert_under_way(world, 2);
    answer_push(world);
    answer_push(world);
}

static void a_page_starts_when_all_before_it_is_answered(void **state)
{
    struct client_world *world = *state;
    push(world);
    push(world);
    page(world);
    assert_under_way(world, 2);
    answer_push(world);
    assert_under_way(world, 1);
    answer_push(world);
    assert_under_way(world, 1);
    answer_page(world);
}

static void what_is_behind_a_page_starts_when_it_is_answered(void **state)
{
    struct client_world *world = *state;
    page(world);
    push(world);
    push(world);
    assert_under_way(world, 1);
    answer_page(world);
    assert_under_way(world, 2);
    answer_push(world);
    answer_push(world);
}

static void a_session_has_one_page_at_a_time(void **state)
{
    struct client_world *world = *state;
    world->clients.pages.free = 2;
    page(world);
    page(world);
    assert_under_way(world, 1);
    answer_page(world);
    assert_under_way(world, 1);
    answer_page(world);
    assert_under_way(world, 0);
    assert_int_equal(world->clients.pages.free, 2);
}

/* A map with its items is one, too; and an item by its key is none. */
static void what_shows_many_items_is_a_page(void **state)
{
    struct client_world *world = *state;
    const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8};
    client_world_call(world, "GET", "/v3/Maps/m?Include=items", NULL);
    client_world_call(world, "GET", "/v3/Maps/m?Include=items", NULL);
    push(world);
    assert_under_way(world, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(client_world_command(world)->verb, VERB_FETCH);
        client_world_answer(world, OK, &map, NULL);
        assert_under_way(world, 1);
        assert_int_equal(client_world_command(world)->verb, VERB_LIST);
        client_world_answer_page(world, &map, NULL, 0, false, false);
    }
    answer_push(world);
    client_world_call(world, "GET", "/v3/Maps/m/Items?Key=k", NULL);
    push(world);
    assert_under_way(world, 2);
    assert_int_equal(world->clients.pages.free, 1);
}

static void a_page_waits_for_a_place(void **state)
{
    struct client_world *world = *state;
    struct waiter other;
    waiter_init(&other, NULL);
    assert_true(limiter_enter(&world->clients.pages, &other));
    page(world);
    push(world);
    assert_under_way(world, 0);
    limiter_leave(&world->clients.pages);
    answer_page(world);
    answer_push(world);
}

/* More than the client's queue may hold waits for it, as soon as the next answer is sent. */
static void fill(struct client_world *world)
{
    struct buf text;
    buf_init(&text, 8 << 20);
    while (text.len < 4 << 20)
        buf_add_lit(&text, "[\"so much\"]");
    struct event *event = event_new("large", buf_str(&text));
    outbox_put(&world->session->outbox, event);
    event_unref(event);
    buf_deinit(&text);
}

static void a_page_waits_for_room(void **state)
{
    struct client_world *world = *state;
    world->deaf = true;
    fill(world);
    push(world);
    page(world);
    answer_push(world);
    request_queue_resume(&client_of(world->session)->requests);
    assert_under_way(world, 0);
    world->deaf = false;
    client_world_turn(world);
    assert_under_way(world, 1);
    answer_page(world);
}

static void requests_are_counted_and_weighed_until_they_are_answered(void **state)
{
    struct client_world *world = *state;
    const struct request_queue *requests = &client_of(world->session)->requests;
    page(world);
    size_t size = requests->size;
    assert_true(size > strlen("/v3/Lists/l/Items"));
    page(world);
    assert_int_equal(requests->size, 2 * size);
    assert_int_equal(request_queue_count(requests), 2);
    answer_page(world);
    answer_page(world);
    assert_int_equal(requests->size, 0);
    assert_int_equal(request_queue_count(requests), 0);
}

static void what_waits_is_dropped_with_the_session(void **state)
{
    struct client_world *world = *state;
    struct request_queue *requests = &client_of(world->session)->requests;
    struct waiter other;
    waiter_init(&other, NULL);
    assert_true(limiter_enter(&world->clients.pages, &other));
    page(world);
    push(world);
    request_queue_drop(requests);
    assert_int_equal(request_queue_count(requests), 0);
    assert_int_equal(requests->size, 0);
    limiter_leave(&world->clients.pages);
    assert_under_way(world, 0);
    assert_int_equal(world->clients.pages.free, 1);
}

static void take_place(struct waiter *waiter)
{
    (void)waiter;
}

/* A query over a large map is many pages: between two of them others have their turn. */
static void a_query_gives_its_place_up_between_its_pages(void **state)
{
    static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8, .seq = 20};
    struct client_world *world = *state;
    struct waiter other;
    waiter_init(&other, take_place);
    world->clients.pages.free = 1;
    client_world_call(world, "POST", "/v3/Insights/m/Items", "{}");
    push(world);
    assert_under_way(world, 1);
    assert_false(limiter_enter(&world->clients.pages, &other));
    client_world_answer(world, OK, &map, NULL);
    assert_false(waiter_is_waiting(&other));
    assert_under_way(world, 0);
    limiter_leave(&world->clients.pages);
    assert_under_way(world, 1);
    answer_page(world);
    assert_int_equal(world->replies, 1);
    answer_push(world);
    assert_int_equal(world->clients.pages.free, 1);
}

static void a_query_ends_between_its_pages_if_its_session_has_gone(void **state)
{
    static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8, .seq = 20};
    struct client_world *world = *state;
    client_world_call(world, "POST", "/v3/Insights/m/Items", "{}");
    request_queue_drop(&client_of(world->session)->requests);
    client_world_answer(world, OK, &map, NULL);
    assert_under_way(world, 0);
    assert_int_equal(request_queue_count(&client_of(world->session)->requests), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_names_an_object_goes_to_the_core_as_it_comes),
        TEST(a_page_starts_when_all_before_it_is_answered),
        TEST(what_is_behind_a_page_starts_when_it_is_answered),
        TEST(a_session_has_one_page_at_a_time),
        TEST(what_shows_many_items_is_a_page),
        TEST(a_page_waits_for_a_place),
        TEST(a_query_gives_its_place_up_between_its_pages),
        TEST(a_query_ends_between_its_pages_if_its_session_has_gone),
        TEST(a_page_waits_for_room),
        TEST(requests_are_counted_and_weighed_until_they_are_answered),
        TEST(what_waits_is_dropped_with_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
