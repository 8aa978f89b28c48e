#include "session/event.h"

#include "session/packet_id.h"
#include "ws/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct world {
    uv_loop_t loop;
    struct websockets *sockets;
    struct packet_ids ids;
};

static int begin(void **state)
{
    static struct world world;
    struct websocket_options options = {.message_size_max = 1000};
    world.ids = (struct packet_ids){.base = 10};
    uv_loop_init(&world.loop);
    world.sockets = websockets_new(&world.loop, &options);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    websockets_free(world->sockets);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    return 0;
}

static struct parcel *pack(struct world *world, struct event *const *events, size_t count,
                           unsigned protocol)
{
    return event_pack(events, count, protocol, &world->ids, world->sockets);
}

static bool has(struct parcel *parcel, const char *text)
{
    struct str frame = parcel_frame(parcel, false);
    return memmem(frame.ptr, frame.len, text, strlen(text));
}

static void the_protocols_differ_in_how_a_packet_holds_events(void **state)
{
    struct world *world = *state;
    struct event *events[] = {event_new("t", STR("{\"n\":1}")), event_new("t", STR("{\"n\":2}"))};
    struct parcel *old = pack(world, events, 1, 3), *both = pack(world, events, 2, 4);
    assert_true(
        has(old, "{\"event_type\":\"t\",\"event_protocol_version\":3,\"event\":{\"n\":1}}"));
    assert_true(has(both, "{\"event_type\":\"t\",\"event_protocol_version\":4,"
                          "\"events\":[{\"n\":1},{\"n\":2}]}"));
    parcel_unref(old);
    parcel_unref(both);
    event_unref(events[0]);
    event_unref(events[1]);
}

/* However many sessions hear of it. */
static void an_event_alone_is_packed_once_for_each_protocol(void **state)
{
    struct world *world = *state;
    struct event *event = event_new("t", STR("{}"));
    struct parcel *first = pack(world, &event, 1, 4), *again = pack(world, &event, 1, 4);
    struct parcel *old = pack(world, &event, 1, 3);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, old);
    assert_int_equal(world->ids.given, 2);
    assert_true(has(first, "\"id\":\"TM000000000000000a0000000000000001\""));
    assert_true(has(old, "\"id\":\"TM000000000000000a0000000000000002\""));
    parcel_unref(first);
    parcel_unref(again);
    parcel_unref(old);
    event_unref(event);
}

static void a_packet_says_whose_request_it_answers(void **state)
{
    struct world *world = *state;
    static const struct {
        enum correlation correlated;
        bool ordered;
        const char *says;
    } cases[] = {
        {CORRELATION_NONE, false, "\"event_protocol_version\":4,\"events\""},
        {CORRELATION_NULL, false,
         "\"event_protocol_version\":4,\"correlation_id\":null,\"events\""},
        {CORRELATION_GIVEN, false, "\"event_protocol_version\":4,\"correlation_id\":-5,\"events\""},
        {CORRELATION_NONE, true,
         "\"event_protocol_version\":4,\"strictly_ordered\":true,\"events\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event *event = event_new("t", STR("{}"));
        event->correlated = cases[i].correlated;
        event->correlation = -5;
        event->strictly_ordered = cases[i].ordered;
        struct parcel *parcel = pack(world, &event, 1, 4);
        assert_true(has(parcel, cases[i].says));
        parcel_unref(parcel);
        event_unref(event);
    }
}

static void only_events_that_say_the_same_beside_their_text_fit_together(void **state)
{
    (void)state;
    struct event *a = event_new("t", STR("{}")), *b = event_new("t", STR("{\"n\":1}"));
    struct event *other = event_new("u", STR("{}"));
    assert_true(event_fits(a, b));
    assert_false(event_fits(a, other));
    b->strictly_ordered = true;
    assert_false(event_fits(a, b));
    b->strictly_ordered = false;
    b->correlated = CORRELATION_GIVEN;
    assert_false(event_fits(a, b));
    a->correlated = CORRELATION_GIVEN;
    assert_true(event_fits(a, b));
    a->correlation = 1;
    assert_false(event_fits(a, b));
    event_unref(a);
    event_unref(b);
    event_unref(other);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_protocols_differ_in_how_a_packet_holds_events),
        TEST(an_event_alone_is_packed_once_for_each_protocol),
        TEST(a_packet_says_whose_request_it_answers),
        TEST(only_events_that_say_the_same_beside_their_text_fit_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
