#include "session/outbox.h"

#include "fake/client_world.h"
#include "session/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

enum { WINDOW_MS = 20, LARGE = 4 << 20 };

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

static struct outbox *outbox_of(struct client_world *world)
{
    return &world->session->outbox;
}

static void put(struct outbox *outbox, const char *type, const char *text)
{
    struct event *event = event_new(type, str_from(text));
    outbox_put(outbox, event);
    event_unref(event);
}

static void put_large(struct outbox *outbox, size_t size)
{
    struct buf text;
    buf_init(&text, LARGE + 1);
    while (text.len < size)
        buf_add_char(&text, '1');
    buf_add_char(&text, 0);
    put(outbox, "large", text.ptr);
    buf_deinit(&text);
}

/* What the client has been sent, without waiting for the window's end. */
static void assert_heard(struct client_world *world, const char *payloads)
{
    client_world_turn(world);
    buf_add_char(&world->events, 0);
    assert_string_equal(world->events.ptr, payloads);
    buf_clear(&world->events);
}

static uint64_t packets(const struct client_world *world)
{
    return metric_get(&world->metrics.session.batches);
}

#define PAYLOAD(type, events)                                                                      \
    "{\"event_type\":\"" type "\",\"event_protocol_version\":4,\"events\":[" events "]}\n"

static void the_first_event_is_sent_at_once_and_more_when_the_window_ends(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    world->options.session.event_window_ms = WINDOW_MS;
    put(outbox, "t", "1");
    assert_heard(world, PAYLOAD("t", "1"));
    put(outbox, "t", "2");
    put(outbox, "t", "3");
    assert_heard(world, "");
    while (outbox->count)
        uv_run(&world->loop, UV_RUN_ONCE);
    assert_heard(world, PAYLOAD("t", "2,3"));
}

static void runs_of_a_type_go_together_and_the_order_stays(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    put(outbox, "t", "1");
    put(outbox, "t", "2");
    put(outbox, "u", "3");
    put(outbox, "t", "4");
    outbox_flush(outbox);
    assert_heard(world, PAYLOAD("t", "1,2") PAYLOAD("u", "3") PAYLOAD("t", "4"));
    assert_int_equal(metric_get(&world->metrics.session.events), 4);
    assert_int_equal(packets(world), 3);
}

static void the_old_protocol_has_an_event_a_packet(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    outbox->protocol = OUTBOX_PROTOCOL_OLDEST;
    put(outbox, "t", "1");
    put(outbox, "t", "2");
    outbox_flush(outbox);
    assert_heard(world, "{\"event_type\":\"t\",\"event_protocol_version\":3,\"event\":1}\n"
                        "{\"event_type\":\"t\",\"event_protocol_version\":3,\"event\":2}\n");
}

static void a_packet_does_not_grow_without_end(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    for (int i = 0; i < 3; i++)
        put_large(outbox, 30 * 1024);
    put_large(outbox, 100 * 1024);
    outbox_flush(outbox);
    assert_int_equal(packets(world), 3); /* two, one, and the one that is larger than a packet */
}

/* Their ids are packet ids: a packet that is made again would have another one. */
static void sessions_with_the_same_events_share_their_packet(void **state)
{
    struct client_world *world = *state;
    struct session *other = client_world_open(world);
    struct event *events[] = {event_new("t", STR("1")), event_new("t", STR("2"))};
    for (size_t i = 0; i < 2; i++) {
        outbox_put(outbox_of(world), events[i]);
        outbox_put(&other->outbox, events[i]);
    }
    outbox_flush(outbox_of(world));
    assert_int_equal(world->table.outboxes.ids.given, 1);
    outbox_flush(&other->outbox);
    assert_int_equal(world->table.outboxes.ids.given, 1);
    assert_int_equal(packets(world), 2);
    assert_null(world->table.outboxes.last.parcel); /* nothing waits that could be like it */
    event_unref(events[0]);
    event_unref(events[1]);
}

static void an_event_waits_for_a_turn_that_has_time(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    struct worker other;
    world->options.session.event_window_ms = 0;
    worker_init(&other, NULL);
    work_add(world->session->lane, &other);
    put(outbox, "t", "1");
    assert_heard(world, "");
    work_remove(&other);
    work_run(&world->work);
    assert_heard(world, PAYLOAD("t", "1"));
}

static void what_is_larger_than_all_room_is_taken_while_nothing_else_waits(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    world->options.session.queue_max = 100;
    world->deaf = true;
    assert_true(outbox_has_room(outbox, 101));
    put(outbox, "t", "1");
    assert_true(outbox_has_room(outbox, 100)); /* sends what waits for the window alone */
    assert_int_equal(outbox->count, 0);
    put_large(outbox, LARGE);
    outbox_flush(outbox);
    assert_false(outbox->backpressured);
    assert_false(outbox_has_room(outbox, 1));
    assert_true(outbox->backpressured);
}

static void an_outbox_is_relieved_once_when_the_client_has_taken_all(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    assert_false(outbox_is_relieved(outbox));
    world->deaf = true;
    world->options.session.queue_max = 100;
    put_large(outbox, LARGE);
    outbox_flush(outbox);
    assert_false(outbox_has_room(outbox, 1));
    assert_false(outbox_is_relieved(outbox));
    world->deaf = false;
    client_world_turn(world); /* the session's handler asks, and is told */
    assert_false(outbox->backpressured);
    assert_int_equal(outbox_waiting(outbox), 0);
    outbox->backpressured = true;
    assert_true(outbox_is_relieved(outbox));
    assert_false(outbox_is_relieved(outbox));
    buf_clear(&world->events);
}

static void a_closed_outbox_sends_nowhere_and_has_no_room(void **state)
{
    struct client_world *world = *state;
    struct outbox *outbox = outbox_of(world);
    outbox_close(outbox);
    assert_false(outbox_has_room(outbox, 1));
    put(outbox, "t", "1");
    outbox_flush(outbox);
    assert_heard(world, "");
    assert_int_equal(outbox_waiting(outbox), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_event_is_sent_at_once_and_more_when_the_window_ends),
        TEST(runs_of_a_type_go_together_and_the_order_stays),
        TEST(the_old_protocol_has_an_event_a_packet),
        TEST(a_packet_does_not_grow_without_end),
        TEST(sessions_with_the_same_events_share_their_packet),
        TEST(an_event_waits_for_a_turn_that_has_time),
        TEST(what_is_larger_than_all_room_is_taken_while_nothing_else_waits),
        TEST(an_outbox_is_relieved_once_when_the_client_has_taken_all),
        TEST(a_closed_outbox_sends_nowhere_and_has_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
