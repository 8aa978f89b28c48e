#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct change document(uint64_t id, uint64_t salt)
{
    return (struct change){.kind = KIND_DOCUMENT, .id = id, .salt = salt};
}

static void a_sid_names_kind_id_and_salt(void **state)
{
    (void)state;
    struct change change = document(0x1f, 0xfedcba9876543210);
    assert_string_equal(sid_of(&change).text, "ET000000000000001ffedcba9876543210");
}

static void the_first_two_letters_tell_the_kind(void **state)
{
    (void)state;
    const struct {
        enum kind kind;
        const char *prefix;
    } kinds[] = {
        {KIND_SERVICE, "IS"}, {KIND_KEY, "SK"},    {KIND_DOCUMENT, "ET"}, {KIND_LIST, "ES"},
        {KIND_MAP, "MP"},     {KIND_STREAM, "TO"}, {KIND_MESSAGE, "TZ"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct change change = document(1, 2);
        change.kind = kinds[i].kind;
        struct sid sid = sid_of(&change);
        assert_memory_equal(sid.text, kinds[i].prefix, 2);
        for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++) {
            uint64_t id, salt;
            assert_int_equal(sid_parse(sid_str(&sid), kinds[j].kind, &id, &salt), i == j);
        }
    }
}

static void a_sid_is_read_as_it_was_written(void **state)
{
    (void)state;
    const uint64_t values[] = {0, 1, 0x8000000000000000, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        struct change change = document(values[i], values[3 - i]);
        struct sid sid = sid_of(&change);
        uint64_t id, salt;
        assert_true(sid_is_shaped(sid_str(&sid)));
        assert_true(sid_parse(sid_str(&sid), KIND_DOCUMENT, &id, &salt));
        assert_int_equal(id, values[i]);
        assert_int_equal(salt, values[3 - i]);
    }
}

static void what_is_no_sid_is_not_read(void **state)
{
    (void)state;
    const char *const texts[] = {
        "",
        "ET",
        "ET0123456789abcdef0123456789abcde",
        "ET0123456789abcdef0123456789abcdef0",
        "ET0123456789abcdef0123456789abcdeg",
        "ET0123456789ABCDEF0123456789ABCDEF",
        "et0123456789abcdef0123456789abcdef",
        "E10123456789abcdef0123456789abcdef",
        "ET 123456789abcdef0123456789abcdef",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t id, salt;
        assert_false(sid_is_shaped(str_from(texts[i])));
        assert_false(sid_parse(str_from(texts[i]), KIND_DOCUMENT, &id, &salt));
    }
}

static void a_sid_is_refused_wherever_its_bad_digit_stands(void **state)
{
    (void)state;
    for (size_t at = 2; at < SID_LENGTH; at++) {
        char text[] = "ET0123456789abcdef0123456789abcdef";
        uint64_t id, salt;
        text[at] = 'g';
        assert_false(sid_is_shaped(str_from(text)));
        assert_false(sid_parse(str_from(text), KIND_DOCUMENT, &id, &salt));
    }
}

static void any_two_letters_make_the_shape(void **state)
{
    (void)state;
    assert_true(sid_is_shaped(STR("ZZ0123456789abcdef0123456789abcdef")));
    assert_false(sid_is_shaped(STR("[]0123456789abcdef0123456789abcdef")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sid_names_kind_id_and_salt),
        cmocka_unit_test(the_first_two_letters_tell_the_kind),
        cmocka_unit_test(a_sid_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_sid_is_not_read),
        cmocka_unit_test(a_sid_is_refused_wherever_its_bad_digit_stands),
        cmocka_unit_test(any_two_letters_make_the_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
