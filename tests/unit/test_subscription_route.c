#include "realtime/subscription_route.h"

#include "fake/fake_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { REQUESTS_MAX = 1000 };

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

/* So many requests to hear of what has this SID. */
static void subscribe(struct fake_session *fake, size_t count, struct str sid)
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
    fake_session_call(fake, "POST", "/v4/Subscriptions", body.ptr);
    buf_deinit(&body);
    assert_int_equal(fake->status, 200);
}

static void of_more_requests_than_a_batch_may_have_the_first_count(void **state)
{
    struct fake_session *fake = *state;
    subscribe(fake, REQUESTS_MAX + 1, STR("ET1"));
    assert_int_equal(fake->established, REQUESTS_MAX);
}

static void what_no_object_can_be_called_is_passed_over(void **state)
{
    struct fake_session *fake = *state;
    struct buf sid;
    buf_init(&sid, 1024);
    for (int i = 0; i < 257; i++)
        buf_add_char(&sid, 'a');
    subscribe(fake, 1, (struct str){sid.ptr, 256});
    assert_int_equal(fake->established, 1);
    subscribe(fake, 1, buf_str(&sid));
    assert_int_equal(fake->established, 1);
    buf_deinit(&sid);
}

/* Each look at the clock takes 100 us, and a step 250 us at most: a few of them. */
static void many_requests_are_carried_out_in_steps(void **state)
{
    enum { STEP_MAX = 4 };
    struct fake_session *fake = *state;
    fake->tick_ns = 100000;
    subscribe(fake, REQUESTS_MAX, STR("ET1"));
    while (!work_is_empty(&fake->work)) {
        size_t before = fake->established;
        struct worker *first = ring_of(fake->session->lane->workers.next, struct worker, place);
        work_remove(first);
        if (first->step(first))
            work_add(fake->session->lane, first);
        assert_in_range(fake->established - before, 0, STEP_MAX);
        assert_int_equal(fake->session->reading, work_is_empty(&fake->work));
    }
    assert_int_equal(fake->established, REQUESTS_MAX);
}

static void nothing_is_begun_while_others_wait(void **state)
{
    struct fake_session *fake = *state;
    struct worker other;
    worker_init(&other, NULL);
    work_add(fake->session->lane, &other);
    subscribe(fake, 1, STR("ET1"));
    assert_int_equal(fake->established, 0);
    work_remove(&other);
    work_run(&fake->work);
    assert_int_equal(fake->established, 1);
}

static void what_is_left_is_forgotten_when_the_session_ends(void **state)
{
    struct fake_session *fake = *state;
    fake->tick_ns = 100000;
    subscribe(fake, REQUESTS_MAX, STR("ET1"));
    size_t before = fake->established;
    fake->session->state = SESSION_ENDED;
    work_run(&fake->work);
    assert_true(work_is_empty(&fake->work));
    assert_int_equal(fake->established, before);
    assert_true(before < REQUESTS_MAX);
}

static void what_is_left_is_forgotten_when_the_socket_is_gone(void **state)
{
    struct fake_session *fake = *state;
    fake->tick_ns = 100000;
    subscribe(fake, REQUESTS_MAX, STR("ET1"));
    assert_false(work_is_empty(&fake->work));
    subscription_route_drop(fake->session);
    assert_true(work_is_empty(&fake->work));
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
