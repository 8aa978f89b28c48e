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

/* The oldest command is answered with a new item of its list, and there is no more. */
static void answer_with_item(struct world *world, uint64_t seq)
{
    const struct command *command = client_world_command(&world->clients);
    struct change list = list_of(command);
    struct change item = {.kind = KIND_LIST_ITEM,
                          .type = CHANGE_CREATED,
                          .seq = seq - 1,
                          .name = STR("0000000000000001"),
                          .data = STR("{}")};
    list.seq = seq;
    command->subscribe->notices[0] =
        (struct notice){.change = change_new(&list), .item = change_new(&item)};
    command->subscribe->count = 1;
    command->subscribe->reached = seq;
    client_world_answer(&world->clients, OK, &list, NULL);
}

static struct subscription *first_of(const struct session *session)
{
    return ring_of(subscriber_of(session)->subscriptions.next, struct subscription, in_session);
}

static void what_was_missed_is_told_before_it_is_established(void **state)
{
    struct world *world = *state;
    struct session *session = world->clients.session;
    ask_for(session, 1);
    answer_with_item(world, 50);
    const char *events = client_world_events(&world->clients);
    const char *item = strstr(events, "list_item_added");
    const char *established = strstr(events, "subscription_established");
    assert_true(item && established && item < established);
    assert_int_equal(first_of(session)->state, SUBSCRIPTION_LIVE);
    assert_int_equal(first_of(session)->position, 50);
    assert_int_equal(metric_get(&world->clients.metrics.subscription.replays), 1);
}

/* What it was told already is not asked for again. */
static void without_room_it_goes_on_when_there_is_some(void **state)
{
    struct world *world = *state;
    struct session *session = world->clients.session;
    struct websocket *socket = session->outbox.socket;
    ask_for(session, 1);
    outbox_close(&session->outbox);
    answer_with_item(world, 50);
    assert_int_equal(first_of(session)->state, SUBSCRIPTION_BEHIND);
    assert_null(world->clients.commands.first);
    outbox_open(&session->outbox, socket);
    catchup_resume_all(subscriber_of(session));
    assert_int_equal(client_world_command(&world->clients)->subscribe->since, 0);
    answer_with_item(world, 50);
    assert_int_equal(first_of(session)->state, SUBSCRIPTION_LIVE);
}

/* It is live only when nothing that it does not know has happened since it asked. */
static void what_happens_after_the_answer_is_asked_for(void **state)
{
    struct world *world = *state;
    struct session *session = world->clients.session;
    struct worker other;
    world->clients.tick_ns = 1;
    ask_for(session, 1);
    worker_init(&other, NULL);
    work_add(session->lane, &other);
    answer_with_item(world, 50); /* waits, since others have work */
    first_of(session)->missed = 51;
    work_remove(&other);
    work_run(&world->clients.work);
    assert_int_equal(first_of(session)->state, SUBSCRIPTION_BEHIND);
    assert_int_equal(client_world_command(&world->clients)->subscribe->since, 50);
    answer_with_item(world, 51);
    assert_int_equal(first_of(session)->state, SUBSCRIPTION_LIVE);
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
        cmocka_unit_test_setup_teardown(what_was_missed_is_told_before_it_is_established, begin,
                                        end),
        cmocka_unit_test_setup_teardown(without_room_it_goes_on_when_there_is_some, begin, end),
        cmocka_unit_test_setup_teardown(what_happens_after_the_answer_is_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(a_subscription_that_is_replaced_gives_up_its_catch_up,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
