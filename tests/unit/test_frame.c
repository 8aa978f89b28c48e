#include "ws/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_header_is_read(void **state)
{
    (void)state;
    static const struct {
        struct str bytes;
        struct frame frame;
    } cases[] = {
        {STR_INIT("\x81\x85\x01\x02\x03\x04"),
         {.fin = true, .opcode = FRAME_TEXT, .masked = true, .length = 5, .header_size = 6}},
        {STR_INIT("\x02\xfe\x00\x7e\x01\x02\x03\x04"),
         {.opcode = FRAME_BINARY, .masked = true, .length = 126, .header_size = 8}},
        {STR_INIT("\x80\xfe\xff\xff\x01\x02\x03\x04"),
         {.fin = true, .masked = true, .length = 65535, .header_size = 8}},
        {STR_INIT("\xc2\xff\0\0\0\0\0\x01\0\0\x01\x02\x03\x04"),
         {.fin = true,
          .reserved = 4,
          .opcode = FRAME_BINARY,
          .masked = true,
          .length = 65536,
          .header_size = 14}},
        {STR_INIT("\xbf\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"),
         {.fin = true,
          .reserved = 3,
          .opcode = 15,
          .masked = true,
          .length = INT64_MAX,
          .header_size = 14}},
        {STR_INIT("\x89\x00"), {.fin = true, .opcode = FRAME_PING, .header_size = 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct frame frame = {0};
        const struct frame *wanted = &cases[i].frame;
        assert_int_equal(frame_parse(cases[i].bytes, &frame), FRAME_OK);
        assert_int_equal(frame.fin, wanted->fin);
        assert_int_equal(frame.reserved, wanted->reserved);
        assert_int_equal(frame.opcode, wanted->opcode);
        assert_int_equal(frame.masked, wanted->masked);
        assert_int_equal(frame.length, wanted->length);
        assert_int_equal(frame.header_size, wanted->header_size);
        if (wanted->masked)
            assert_memory_equal(frame.mask, "\x01\x02\x03\x04", 4);
    }
}

static void a_part_of_a_header_wants_more(void **state)
{
    (void)state;
    static const struct str headers[] = {
        STR_INIT("\x81\x85\x01\x02\x03\x04"),
        STR_INIT("\x81\xfe\x01\x00\x01\x02\x03\x04"),
        STR_INIT("\x81\xff\0\0\0\0\0\x01\0\0\x01\x02\x03\x04"),
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        for (size_t len = 0; len < headers[i].len; len++) {
            struct frame frame;
            struct str part = {headers[i].ptr, len};
            assert_int_equal(frame_parse(part, &frame), FRAME_MORE);
        }
}

static void a_length_has_its_shortest_form(void **state)
{
    (void)state;
    static const struct str broken[] = {
        STR_INIT("\x81\xfe\x00\x7d\x01\x02\x03\x04"),
        STR_INIT("\x81\xfe\x00\x00\x01\x02\x03\x04"),
        STR_INIT("\x81\xff\0\0\0\0\0\0\xff\xff\x01\x02\x03\x04"),
        STR_INIT("\x81\xff\x80\0\0\0\0\0\0\0\x01\x02\x03\x04"),
        STR_INIT("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"),
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct frame frame;
        assert_int_equal(frame_parse(broken[i], &frame), FRAME_BROKEN);
    }
}

static void only_some_frames_are_sound(void **state)
{
    (void)state;
    static const struct {
        struct frame frame;
        bool plain, deflate; /* sound without, with compression */
    } cases[] = {
        {{.masked = true, .opcode = FRAME_TEXT}, true, true},
        {{.masked = true, .opcode = FRAME_BINARY, .fin = true}, true, true},
        {{.masked = true, .opcode = FRAME_CONTINUATION}, true, true},
        {{.masked = true, .opcode = FRAME_PING, .fin = true, .length = 125}, true, true},
        {{.masked = true, .opcode = FRAME_PONG, .fin = true}, true, true},
        {{.masked = true, .opcode = FRAME_CLOSE, .fin = true}, true, true},
        {{.masked = true, .opcode = FRAME_TEXT, .reserved = 4}, false, true},
        {{.masked = true, .opcode = FRAME_BINARY, .reserved = 4}, false, true},
        {{.masked = true, .opcode = FRAME_CONTINUATION, .reserved = 4}, false, false},
        {{.masked = true, .opcode = FRAME_PING, .fin = true, .reserved = 4}, false, false},
        {{.masked = true, .opcode = FRAME_TEXT, .reserved = 2}, false, false},
        {{.masked = true, .opcode = FRAME_TEXT, .reserved = 5}, false, false},
        {{.opcode = FRAME_TEXT, .fin = true}, false, false},
        {{.opcode = FRAME_PING, .fin = true}, false, false},
        {{.masked = true, .opcode = FRAME_PING}, false, false},
        {{.masked = true, .opcode = FRAME_CLOSE, .fin = true, .length = 126}, false, false},
        {{.masked = true, .opcode = 3, .fin = true}, false, false},
        {{.masked = true, .opcode = 7, .fin = true}, false, false},
        {{.masked = true, .opcode = 11, .fin = true}, false, false},
        {{.masked = true, .opcode = 15, .fin = true}, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(frame_is_sound(&cases[i].frame, false), cases[i].plain);
        assert_int_equal(frame_is_sound(&cases[i].frame, true), cases[i].deflate);
    }
}

static void a_mask_comes_off_whatever_the_length(void **state)
{
    (void)state;
    const unsigned char mask[4] = {0x11, 0x80, 0xff, 0x00};
    for (size_t len = 0; len <= 40; len++) {
        char bytes[41];
        memset(bytes, '!', sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)((unsigned char)('a' + i % 26) ^ mask[i % 4]);
        frame_unmask(bytes, len, mask);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(bytes[i], 'a' + i % 26);
        for (size_t i = len; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], '!');
    }
}

static void a_header_is_written_with_the_shortest_length(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        struct str header;
    } cases[] = {
        {0, STR_INIT("\x82\x00")},
        {125, STR_INIT("\x82\x7d")},
        {126, STR_INIT("\x82\x7e\x00\x7e")},
        {65535, STR_INIT("\x82\x7e\xff\xff")},
        {65536, STR_INIT("\x82\x7f\0\0\0\0\0\x01\0\0")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char at[FRAME_SERVER_HEADER_MAX];
        size_t size = frame_write_header(at, FRAME_BINARY, false, cases[i].length);
        assert_int_equal(size, cases[i].header.len);
        assert_memory_equal(at, cases[i].header.ptr, size);
    }
}

static void a_deflated_frame_is_marked(void **state)
{
    (void)state;
    char at[FRAME_SERVER_HEADER_MAX];
    assert_int_equal(frame_write_header(at, FRAME_BINARY, true, 3), 2);
    assert_memory_equal(at, "\xc2\x03", 2);
}

static void a_code_is_one_that_may_be_sent(void **state)
{
    (void)state;
    static const unsigned sound[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009,
                                     1010, 1011, 3000, 3999, 4000, 4999};
    static const unsigned unsound[] = {0,    999,  1004, 1005, 1006, 1015,
                                       1016, 2000, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        assert_true(frame_code_is_sound(sound[i]));
    for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++)
        assert_false(frame_code_is_sound(unsound[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_read),
        cmocka_unit_test(a_part_of_a_header_wants_more),
        cmocka_unit_test(a_length_has_its_shortest_form),
        cmocka_unit_test(only_some_frames_are_sound),
        cmocka_unit_test(a_mask_comes_off_whatever_the_length),
        cmocka_unit_test(a_header_is_written_with_the_shortest_length),
        cmocka_unit_test(a_deflated_frame_is_marked),
        cmocka_unit_test(a_code_is_one_that_may_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
