#include "realtime/request_queue.h"

#include "fake/fake_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct change list = {.type = CHANGE_ITEM, .kind = KIND_LIST, .id = 8};

static int begin(void **state)
{
    static struct fake_session fake;
    fake_session_init(&fake);
    *state = &fake;
    return 0;
}

static int end(void **state)
{
    struct fake_session *fake = *state;
    request_queue_drop(&fake->session->requests);
    fake_session_deinit(fake);
    return 0;
}

static void push(struct fake_session *fake)
{
    fake_session_call(fake, "POST", "/v3/Lists/l/Items", "{\"data\":{}}");
}

static void page(struct fake_session *fake)
{
    fake_session_call(fake, "GET", "/v3/Lists/l/Items", NULL);
}

static void answer_push(struct fake_session *fake)
{
    assert_int_equal(fake_session_command(fake)->verb, VERB_CREATE);
    fake_session_answer(fake, ERR_BUSY, NULL, NULL);
}

static void answer_page(struct fake_session *fake)
{
    assert_int_equal(fake_session_command(fake)->verb, VERB_LIST);
    fake_session_answer_page(fake, &list, NULL, 0, false, false);
}

static void assert_under_way(const struct fake_session *fake, size_t count)
{
    assert_int_equal(fake->commands.count, count);
}

static void what_names_an_object_goes_to_the_core_as_it_comes(void **state)
{
    struct fake_session *fake = *state;
    push(fake);
    push(fake);
    assert_under_way(fake, 2);
    answer_push(fake);
    answer_push(fake);
}

static void a_page_starts_when_all_before_it_is_answered(void **state)
{
    struct fake_session *fake = *state;
    push(fake);
    push(fake);
    page(fake);
    assert_under_way(fake, 2);
    answer_push(fake);
    assert_under_way(fake, 1);
    answer_push(fake);
    assert_under_way(fake, 1);
    answer_page(fake);
}

static void what_is_behind_a_page_starts_when_it_is_answered(void **state)
{
    struct fake_session *fake = *state;
    page(fake);
    push(fake);
    push(fake);
    assert_under_way(fake, 1);
    answer_page(fake);
    assert_under_way(fake, 2);
    answer_push(fake);
    answer_push(fake);
}

static void a_session_has_one_page_at_a_time(void **state)
{
    struct fake_session *fake = *state;
    fake->hub.pages.free = 2;
    page(fake);
    page(fake);
    assert_under_way(fake, 1);
    answer_page(fake);
    assert_under_way(fake, 1);
    answer_page(fake);
    assert_under_way(fake, 0);
    assert_int_equal(fake->hub.pages.free, 2);
}

/* A map with its items is one, too; and an item by its key is none. */
static void what_shows_many_items_is_a_page(void **state)
{
    struct fake_session *fake = *state;
    const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8};
    fake_session_call(fake, "GET", "/v3/Maps/m?Include=items", NULL);
    fake_session_call(fake, "GET", "/v3/Maps/m?Include=items", NULL);
    push(fake);
    assert_under_way(fake, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fake_session_command(fake)->verb, VERB_FETCH);
        fake_session_answer(fake, OK, &map, NULL);
        assert_under_way(fake, 1);
        assert_int_equal(fake_session_command(fake)->verb, VERB_LIST);
        fake_session_answer_page(fake, &map, NULL, 0, false, false);
    }
    answer_push(fake);
    fake_session_call(fake, "GET", "/v3/Maps/m/Items?Key=k", NULL);
    push(fake);
    assert_under_way(fake, 2);
    assert_int_equal(fake->hub.pages.free, 1);
}

static void a_page_waits_for_a_place(void **state)
{
    struct fake_session *fake = *state;
    struct waiter other;
    waiter_init(&other, NULL);
    assert_true(limiter_enter(&fake->hub.pages, &other));
    page(fake);
    push(fake);
    assert_under_way(fake, 0);
    limiter_leave(&fake->hub.pages);
    answer_page(fake);
    answer_push(fake);
}

static void a_page_waits_for_room(void **state)
{
    struct fake_session *fake = *state;
    struct request_queue *requests = &fake->session->requests;
    fake->session->backpressured = true; /* the fake session's word for it */
    push(fake);
    page(fake);
    answer_push(fake);
    request_queue_resume(requests);
    assert_under_way(fake, 0);
    fake->session->backpressured = false;
    request_queue_resume(requests);
    assert_under_way(fake, 1);
    answer_page(fake);
}

static void requests_are_counted_and_weighed_until_they_are_answered(void **state)
{
    struct fake_session *fake = *state;
    const struct request_queue *requests = &fake->session->requests;
    page(fake);
    size_t size = requests->size;
    assert_true(size > strlen("/v3/Lists/l/Items"));
    page(fake);
    assert_int_equal(requests->size, 2 * size);
    assert_int_equal(request_queue_count(requests), 2);
    answer_page(fake);
    answer_page(fake);
    assert_int_equal(requests->size, 0);
    assert_int_equal(request_queue_count(requests), 0);
}

static void what_waits_is_dropped_with_the_session(void **state)
{
    struct fake_session *fake = *state;
    struct request_queue *requests = &fake->session->requests;
    struct waiter other;
    waiter_init(&other, NULL);
    assert_true(limiter_enter(&fake->hub.pages, &other));
    page(fake);
    push(fake);
    request_queue_drop(requests);
    assert_int_equal(request_queue_count(requests), 0);
    assert_int_equal(requests->size, 0);
    limiter_leave(&fake->hub.pages);
    assert_under_way(fake, 0);
    assert_int_equal(fake->hub.pages.free, 1);
}

static void take_place(struct waiter *waiter)
{
    (void)waiter;
}

/* A query over a large map is many pages: between two of them others have their turn. */
static void a_query_gives_its_place_up_between_its_pages(void **state)
{
    static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8, .seq = 20};
    struct fake_session *fake = *state;
    struct waiter other;
    waiter_init(&other, take_place);
    fake->hub.pages.free = 1;
    fake_session_call(fake, "POST", "/v3/Insights/m/Items", "{}");
    push(fake);
    assert_under_way(fake, 1);
    assert_false(limiter_enter(&fake->hub.pages, &other));
    fake_session_answer(fake, OK, &map, NULL);
    assert_false(waiter_is_waiting(&other));
    assert_under_way(fake, 0);
    limiter_leave(&fake->hub.pages);
    assert_under_way(fake, 1);
    answer_page(fake);
    assert_int_equal(fake->replies, 1);
    answer_push(fake);
    assert_int_equal(fake->hub.pages.free, 1);
}

static void a_query_ends_between_its_pages_if_its_session_has_gone(void **state)
{
    static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8, .seq = 20};
    struct fake_session *fake = *state;
    fake_session_call(fake, "POST", "/v3/Insights/m/Items", "{}");
    request_queue_drop(&fake->session->requests);
    fake_session_answer(fake, OK, &map, NULL);
    assert_under_way(fake, 0);
    assert_int_equal(request_queue_count(&fake->session->requests), 0);
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
