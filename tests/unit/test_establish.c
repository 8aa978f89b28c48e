#include "realtime/establish.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_more_requests_than_a_batch_may_have_the_first_count,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_no_object_can_be_called_is_passed_over, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
