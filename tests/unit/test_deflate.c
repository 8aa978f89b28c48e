#include "ws/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 1 << 20 };

struct world {
    struct deflate streams;
    struct buf packed;
    struct buf plain;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    deflate_init(&world->streams);
    buf_init(&world->packed, ROOM);
    buf_init(&world->plain, ROOM);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    deflate_deinit(&world->streams);
    buf_deinit(&world->packed);
    buf_deinit(&world->plain);
    free(world);
    return 0;
}

static bool unpack(struct world *world, struct str payload)
{
    buf_clear(&world->plain);
    return deflate_unpack(&world->streams, payload, &world->plain);
}

static void assert_round_trip(struct world *world, struct str message)
{
    buf_clear(&world->packed);
    deflate_pack(&world->streams, message, &world->packed);
    assert_false(world->packed.failed);
    assert_true(unpack(world, buf_str(&world->packed)));
    assert_int_equal(world->plain.len, message.len);
    if (message.len)
        assert_memory_equal(world->plain.ptr, message.ptr, message.len);
}

/* Neither all alike nor all random. */
static char *make_text(size_t len)
{
    char *text = malloc(len + 1);
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = i % 3 ? (char)(seed >> 24) : 'x';
    }
    return text;
}

static void messages_of_every_size_come_back(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 100, 512, 16000, 16384, 40000, 100000, 300000};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = make_text(sizes[i]);
        assert_round_trip(world, (struct str){text, sizes[i]});
        free(text);
    }
    for (size_t len = 10900; len < 11000; len++) { /* about a chunk when deflated */
        char *text = make_text(2 * len);
        assert_round_trip(world, (struct str){text, 2 * len});
        free(text);
    }
}

/* RFC 7692 section 7.2.3. */
static void the_examples_of_the_standard_are_inflated(void **state)
{
    static const struct str payloads[] = {
        STR_INIT("\xf2\x48\xcd\xc9\xc9\x07\x00"),
        STR_INIT("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
        STR_INIT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        STR_INIT("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        assert_true(unpack(world, payloads[i]));
        assert_true(str_eq(buf_str(&world->plain), STR("Hello")));
    }
    assert_true(unpack(world, STR("\x00")));
    assert_int_equal(world->plain.len, 0);
}

/* RFC 7692 section 7.2.1: a block that says it is the last may have others behind it. */
static void what_stands_behind_a_last_block_belongs_to_the_message(void **state)
{
    struct world *world = *state;
    assert_true(unpack(world, STR("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00")));
    assert_true(str_eq(buf_str(&world->plain), STR("HelloHello")));
    assert_true(unpack(world, STR("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00")));
    assert_true(str_eq(buf_str(&world->plain), STR("HelloHello")));
    assert_true(unpack(world, STR("\xf3\x48\xcd\xc9\xc9\x07\x00")));
    assert_true(str_eq(buf_str(&world->plain), STR("Hello")));
    assert_false(unpack(world, STR("\xf3\x48\xcd\xc9\xc9\x07\x00\xff")));
}

static void each_message_stands_alone(void **state)
{
    struct world *world = *state;
    struct str message = STR("the same words, the same words, the same words");
    assert_round_trip(world, message);
    size_t len = world->packed.len;
    char first[100];
    memcpy(first, world->packed.ptr, len);
    assert_round_trip(world, message);
    assert_int_equal(world->packed.len, len);
    assert_memory_equal(world->packed.ptr, first, len);
}

static void what_is_not_deflated_is_refused(void **state)
{
    static const struct str payloads[] = {
        STR_INIT("\xff"),                         /* a block type that there is not */
        STR_INIT("\x00\x05\x00\xfa\xfe\x48\x65"), /* a length beside its complement */
        STR_INIT("Hello, world"),
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        assert_false(unpack(world, payloads[i]));
    assert_round_trip(world, STR("it works on"));
}

static void a_payload_that_breaks_off_is_refused(void **state)
{
    struct world *world = *state;
    struct str whole = STR("\xf2\x48\xcd\xc9\xc9\x07\x00");
    for (size_t len = 1; len < whole.len - 1; len++)
        assert_false(unpack(world, (struct str){whole.ptr, len}));
    assert_false(unpack(world, STR("\x00\x05\x00\xfa\xff\x48\x65\x6c")));
    assert_false(unpack(world, STR("\xf3\x48\xcd")));
}

static void a_bomb_stops_at_the_ceiling(void **state)
{
    enum { BOMB = 8 << 20, CEILING = 64 * 1024 };
    struct world *world = *state;
    char *zeros = calloc(1, BOMB);
    deflate_pack(&world->streams, (struct str){zeros, BOMB}, &world->packed);
    assert_true(world->packed.len < CEILING);
    struct buf plain;
    buf_init(&plain, CEILING);
    assert_true(deflate_unpack(&world->streams, buf_str(&world->packed), &plain));
    assert_true(plain.failed);
    assert_true(plain.len <= CEILING);
    buf_deinit(&plain);
    free(zeros);
}

static void pieces_are_one_message(void **state)
{
    (void)state;
    enum { SIZE = 200000, PERIOD = 9000, PIECE = 7000 };
    uint32_t seed = 7;
    struct deflate streams;
    struct buf packed, whole, plain;
    char *message = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) /* noise, again and again: a piece alone gets no shorter */
        message[i] =
            i < PERIOD ? (char)((seed = seed * 1664525 + 1013904223) >> 24) : message[i - PERIOD];
    deflate_init(&streams);
    buf_init(&packed, 1 << 20);
    buf_init(&whole, 1 << 20);
    buf_init(&plain, 1 << 20);
    for (size_t at = 0; at < SIZE; at += PIECE) {
        size_t size = SIZE - at < PIECE ? SIZE - at : PIECE;
        deflate_pack_piece(&streams, (struct str){message, SIZE}, at, size, &packed);
        buf_clear(&whole);
        deflate_pack(&streams, STR("something else in between"), &whole);
    }
    assert_true(deflate_unpack(&streams, buf_str(&packed), &plain));
    assert_int_equal(plain.len, SIZE);
    assert_memory_equal(plain.ptr, message, SIZE);
    buf_clear(&whole);
    deflate_pack(&streams, (struct str){message, SIZE}, &whole);
    assert_true(packed.len < whole.len + whole.len / 10);
    buf_deinit(&packed);
    buf_deinit(&whole);
    buf_deinit(&plain);
    deflate_deinit(&streams);
    free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_of_every_size_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_examples_of_the_standard_are_inflated, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_stands_behind_a_last_block_belongs_to_the_message,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_message_stands_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_deflated_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_payload_that_breaks_off_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bomb_stops_at_the_ceiling, set_up, tear_down),
        cmocka_unit_test(pieces_are_one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
