#include "realtime/subscription_route.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { REQUESTS_MAX = 1000 };

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

/* How many objects the client has been told of, all of them that they cannot be subscribed to. */
static size_t told(struct client_world *world)
{
    return metric_get(&world->metrics.session.events) + world->session->outbox.count;
}

/* So many requests to hear of what has this SID. */
static void subscribe(struct client_world *world, size_t count, struct str sid)
{
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_add_lit(&body, "{\"requests\":[");
    for (size_t i = 0; i < count; i++) {
        buf_addf(&body, "%s{\"object_type\":\"document\",\"object_sid\":", i ? "," : "");
        buf_add_json(&body, sid);
        buf_add_char(&body, '}');
    }
    buf_add_lit(&body, "]}");
    buf_add_char(&body, 0);
    client_world_call(world, "POST", "/v4/Subscriptions", body.ptr);
    buf_deinit(&body);
    assert_int_equal(world->status, 200);
}

static void of_more_requests_than_a_batch_may_have_the_first_count(void **state)
{
    struct client_world *world = *state;
    subscribe(world, REQUESTS_MAX + 1, STR("ET1"));
    assert_int_equal(told(world), REQUESTS_MAX);
}

static void what_no_object_can_be_called_is_passed_over(void **state)
{
    struct client_world *world = *state;
    struct buf sid;
    buf_init(&sid, 1024);
    for (int i = 0; i < 257; i++)
        buf_add_char(&sid, 'a');
    subscribe(world, 1, (struct str){sid.ptr, 256});
    assert_int_equal(told(world), 1);
    subscribe(world, 1, buf_str(&sid));
    assert_int_equal(told(world), 1);
    buf_deinit(&sid);
}

/* Each look at the clock takes 100 us, and a step 250 us at most: a few of them. */
static void many_requests_are_carried_out_in_steps(void **state)
{
    enum { STEP_MAX = 4 };
    struct client_world *world = *state;
    world->tick_ns = 100000;
    subscribe(world, REQUESTS_MAX, STR("ET1"));
    while (!work_is_empty(&world->work)) {
        size_t before = told(world);
        struct worker *first = ring_of(world->session->lane->workers.next, struct worker, place);
        work_remove(first);
        if (first->step(first))
            work_add(world->session->lane, first);
        assert_in_range(told(world) - before, 0, STEP_MAX);
        assert_int_equal(world->session->reading, work_is_empty(&world->work));
    }
    assert_int_equal(told(world), REQUESTS_MAX);
}

static void nothing_is_begun_while_others_wait(void **state)
{
    struct client_world *world = *state;
    struct worker other;
    worker_init(&other, NULL);
    work_add(world->session->lane, &other);
    subscribe(world, 1, STR("ET1"));
    assert_int_equal(told(world), 0);
    work_remove(&other);
    work_run(&world->work);
    assert_int_equal(told(world), 1);
}

static void what_is_left_is_forgotten_when_the_session_ends(void **state)
{
    struct client_world *world = *state;
    world->tick_ns = 100000;
    subscribe(world, REQUESTS_MAX, STR("ET1"));
    size_t before = told(world);
    session_end_because(world->session, "the test says so");
    work_run(&world->work);
    assert_true(work_is_empty(&world->work));
    assert_int_equal(told(world), before);
    assert_true(before < REQUESTS_MAX);
}

static void what_is_left_is_forgotten_when_the_socket_is_gone(void **state)
{
    struct client_world *world = *state;
    world->tick_ns = 100000;
    subscribe(world, REQUESTS_MAX, STR("ET1"));
    assert_false(work_is_empty(&world->work));
    subscription_route_drop(client_of(world->session));
    assert_true(work_is_empty(&world->work));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_more_requests_than_a_batch_may_have_the_first_count,
                                        begin, end),
        cmocka_unit_test_setup_teardown(many_requests_are_carried_out_in_steps, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_begun_while_others_wait, begin, end),
        cmocka_unit_test_setup_teardown(what_is_left_is_forgotten_when_the_session_ends, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_left_is_forgotten_when_the_socket_is_gone, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_no_object_can_be_called_is_passed_over, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
