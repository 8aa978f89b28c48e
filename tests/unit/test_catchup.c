/* Sessions without sockets catch up with lists; the test is the core. */
#include "subscription/catchup.h"

#include "base/mem.h"
#include "fake/fake_session.h"
#include "sync/subscribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>

enum { SESSIONS = 20, OBJECTS = 30, ROUNDS = 100 };

struct world {
    struct fake_session fake;
    uv_loop_t loop;
    struct session *sessions[SESSIONS];
};

static void init_hub(struct world *world)
{
    struct hub *hub = &world->fake.hub;
    struct realtime_options *options = &world->fake.options;
    uv_loop_init(&world->loop);
    options->loop = &world->loop;
    options->event_window_ms = UINT_MAX; /* events gather in the outboxes */
    options->subscriptions_max = 1000;
    options->live_size_max = 1 << 20;
    options->replay_max = 1000;
    uv_timer_init(&world->loop, &hub->timer);
    ring_init(&hub->waiting);
    for (size_t i = 0; i < CATCHUP_LANES; i++)
        ring_init(&hub->behind[i].queues);
}

static int begin(void **state)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    fake_session_init(&world->fake);
    init_hub(world);
    for (size_t i = 0; i < SESSIONS; i++) {
        struct session *session = world->sessions[i] = mem_zalloc(1, sizeof *session);
        session->realtime = world->fake.hub.realtime;
        session->state = SESSION_READY;
        session->id = i + 1;
        ring_init(&session->place);
        outbox_init(&session->outbox);
        subscription_init(session);
    }
    *state = world;
    return 0;
}

static struct change list_of(const struct command *command)
{
    uint64_t id, salt;
    assert_true(sid_parse(command->object, KIND_LIST, &id, &salt));
    return (struct change){.kind = KIND_LIST, .type = CHANGE_ITEM, .id = id, .salt = salt};
}

/* The oldest command that waits is answered: all is known, or there is more. */
static void answer(struct world *world, bool more)
{
    const struct command *command = fake_session_command(&world->fake);
    struct change list = list_of(command);
    command->subscribe->more = more;
    command->subscribe->reached = 1000;
    fake_session_answer(&world->fake, OK, &list, NULL);
}

static int end(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < SESSIONS; i++)
        subscription_end_all(world->sessions[i]);
    while (world->fake.commands.first)
        answer(world, false);
    for (size_t i = 0; i < SESSIONS; i++)
        outbox_deinit(&world->sessions[i]->outbox);
    dict_deinit(&world->fake.hub.topics);
    dict_deinit(&world->fake.hub.proven);
    fake_session_deinit(&world->fake);
    for (size_t i = 0; i < SESSIONS; i++)
        free(world->sessions[i]);
    uv_close((uv_handle_t *)&world->fake.hub.timer, NULL);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    free(world);
    return 0;
}

static void ask_for(struct session *session, uint64_t object)
{
    struct change list = {.kind = KIND_LIST, .id = object, .salt = 1};
    struct sid sid = sid_of(&list);
    struct subscription_ask ask = {.sid = sid_str(&sid), .type = STR("list"), .since_given = true};
    subscription_establish(session, &ask);
}

static void ask_for_all(struct world *world)
{
    for (size_t i = 0; i < SESSIONS; i++)
        for (uint64_t object = 1; object <= OBJECTS; object++)
            ask_for(world->sessions[i], object);
}

/* Those on their way to the core whose answers may take long. */
static size_t count_far(const struct world *world)
{
    size_t far = 0;
    for (const struct node *node = world->fake.commands.first; node; node = node->next)
        far += ((const struct command *)node)->subscribe->walk_max == 0;
    return far;
}

static size_t count_of(const struct world *world, const struct session *session)
{
    size_t count = 0;
    for (const struct node *node = world->fake.commands.first; node; node = node->next)
        count += ((const struct command *)node)->origin == session->id;
    return count;
}

static void a_gateway_asks_for_a_few_at_a_time_however_many_are_behind(void **state)
{
    struct world *world = *state;
    ask_for_all(world);
    for (int i = 0; i < 2 * SESSIONS * OBJECTS; i++) {
        size_t far = count_far(world);
        assert_in_range(far, 0, CATCHUP_FAR_MAX);
        assert_in_range(world->fake.commands.count - far, 0, CATCHUP_NEAR_MAX);
        answer(world, true);
    }
    assert_int_equal(world->fake.commands.count, CATCHUP_FAR_MAX);
}

static void all_come_up_to_date(void **state)
{
    struct world *world = *state;
    ask_for_all(world);
    for (int i = 0; world->fake.commands.first; i++)
        answer(world, i % 3);
    for (size_t i = 0; i < SESSIONS; i++)
        assert_int_equal(world->sessions[i]->outbox.count, OBJECTS);
}

/* What is far is asked for, and so is what is near. */
static void who_is_near_does_not_wait_for_those_who_are_far(void **state)
{
    struct world *world = *state;
    for (size_t i = 1; i < SESSIONS; i++)
        for (uint64_t object = 1; object <= OBJECTS; object++)
            ask_for(world->sessions[i], object);
    while (world->fake.commands.count > CATCHUP_FAR_MAX)
        answer(world, true);
    assert_int_equal(count_far(world), CATCHUP_FAR_MAX);
    ask_for(world->sessions[0], 1);
    assert_int_equal(count_of(world, world->sessions[0]), 1);
}

static void sessions_take_turns(void **state)
{
    struct world *world = *state;
    for (uint64_t object = 1; object <= 2 * OBJECTS; object++)
        ask_for(world->sessions[0], object);
    ask_for(world->sessions[1], 1);
    assert_int_equal(count_of(world, world->sessions[1]), 0);
    for (int i = 0; i < 2; i++)
        answer(world, false);
    assert_int_equal(count_of(world, world->sessions[1]), 1);
}

/* What it still has in the core's hands is all that is left of it. */
static void a_subscription_that_is_replaced_gives_up_its_catch_up(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < ROUNDS; i++)
        ask_for_all(world);
    size_t waiting = 0;
    for (size_t i = 0; i < SESSIONS; i++) {
        const struct ring *head = &world->sessions[i]->subscriber.behind[CATCHUP_NEAR].waiting;
        for (const struct ring *at = head->next; at != head; at = at->next)
            waiting++;
    }
    assert_in_range(waiting, 1, SESSIONS * OBJECTS);
    assert_int_equal(world->fake.submitted, CATCHUP_NEAR_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_gateway_asks_for_a_few_at_a_time_however_many_are_behind,
                                        begin, end),
        cmocka_unit_test_setup_teardown(all_come_up_to_date, begin, end),
        cmocka_unit_test_setup_teardown(who_is_near_does_not_wait_for_those_who_are_far, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sessions_take_turns, begin, end),
        cmocka_unit_test_setup_teardown(a_subscription_that_is_replaced_gives_up_its_catch_up,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
