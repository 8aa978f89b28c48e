/* Many sessions catch up with lists; the test is the core. */
#include "subscription/catchup.h"

#include "base/mem.h"
#include "fake/client_world.h"
#include "subscription/subscription_request.h"
#include "sync/subscribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

enum { SESSIONS = 20, OBJECTS = 30, ROUNDS = 100 };

struct world {
    struct client_world clients;
    struct session *sessions[SESSIONS];
};

static int begin(void **state)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    client_world_init(&world->clients);
    for (size_t i = 0; i < SESSIONS; i++)
        world->sessions[i] = client_world_open(&world->clients);
    *state = world;
    return 0;
}

static struct subscriber *subscriber_of(const struct session *session)
{
    return &client_of(session)->subscriber;
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
    const struct command *command = client_world_command(&world->clients);
    struct change list = list_of(command);
    command->subscribe->more = more;
    command->subscribe->reached = 1000;
    client_world_answer(&world->clients, OK, &list, NULL);
}

static int end(void **state)
{
    struct world *world = *state;
    client_world_deinit(&world->clients);
    free(world);
    return 0;
}

static void ask_for(struct session *session, uint64_t object)
{
    struct change list = {.kind = KIND_LIST, .id = object, .salt = 1};
    struct sid sid = sid_of(&list);
    struct subscription_request ask = {.sid = sid_str(&sid),
                                       .type = STR("list"),
                                       .since_given = true};
    subscription_request_establish(subscriber_of(session), &ask);
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
    for (const struct node *node = world->clients.commands.first; node; node = node->next)
        far += ((const struct command *)node)->subscribe->walk_max == 0;
    return far;
}

static size_t count_of(const struct world *world, const struct session *session)
{
    size_t count = 0;
    for (const struct node *node = world->clients.commands.first; node; node = node->next)
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
        assert_in_range(world->clients.commands.count - far, 0, CATCHUP_NEAR_MAX);
        answer(world, true);
    }
    assert_int_equal(world->clients.commands.count, CATCHUP_FAR_MAX);
}

static void all_come_up_to_date(void **state)
{
    struct world *world = *state;
    ask_for_all(world);
    for (int i = 0; world->clients.commands.first; i++)
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
    while (world->clients.commands.count > CATCHUP_FAR_MAX)
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
        const struct ring *head = &subscriber_of(world->sessions[i])->behind[CATCHUP_NEAR].waiting;
        for (const struct ring *at = head->next; at != head; at = at->next)
            waiting++;
    }
    assert_in_range(waiting, 1, SESSIONS * OBJECTS);
    assert_int_equal(world->clients.submitted, CATCHUP_NEAR_MAX);
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
