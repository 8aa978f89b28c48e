#include "base/percent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static void assert_decoded(enum percent_plus plus, struct str coded, struct str expected)
{
    struct arena arena;
    struct str text;
    arena_init(&arena);
    assert_true(percent_decode(coded, plus, &arena, &text));
    assert_int_equal(text.len, expected.len);
    if (text.len)
        assert_memory_equal(text.ptr, expected.ptr, text.len);
    arena_deinit(&arena);
}

static void coded_bytes_are_decoded_in_either_case(void **state)
{
    (void)state;
    assert_decoded(PERCENT_PLUS_IS_PLUS, STR("a%20b%2Fc%2fd"), STR("a b/c/d"));
    assert_decoded(PERCENT_PLUS_IS_PLUS, STR("%C3%a9%e2%82%AC"), STR("\xc3\xa9\xe2\x82\xac"));
    assert_decoded(PERCENT_PLUS_IS_PLUS, STR("%00%25%2525"), STR("\0%%25"));
}

static void a_percent_sign_stands_for_itself_when_no_two_digits_follow(void **state)
{
    (void)state;
    assert_decoded(PERCENT_PLUS_IS_SPACE, STR("100%"), STR("100%"));
    assert_decoded(PERCENT_PLUS_IS_SPACE, STR("%4"), STR("%4"));
    assert_decoded(PERCENT_PLUS_IS_SPACE, (struct str){"%41", 2}, STR("%4"));
    assert_decoded(PERCENT_PLUS_IS_SPACE, STR("%zz%4g%%41"), STR("%zz%4g%A"));
    assert_decoded(PERCENT_PLUS_IS_SPACE, STR("%+1"), STR("% 1"));
}

/* In memory of just its size. */
static void text_between_is_kept_whatever_its_length(void **state)
{
    (void)state;
    enum { LEN_MAX = 40 };
    for (size_t before = 0; before < LEN_MAX; before++)
        for (size_t between = 0; between < LEN_MAX; between++) {
            size_t len = before + between + 2;
            char *coded = malloc(len + 2), *text = malloc(len);
            memset(coded, 'a', len + 2);
            memset(text, 'a', len);
            coded[before] = '+';
            text[before] = ' ';
            memcpy(coded + len - 1, "%2B", 3);
            text[len - 1] = '+';
            assert_decoded(PERCENT_PLUS_IS_SPACE, (struct str){coded, len + 2},
                           (struct str){text, len});
            free(coded);
            free(text);
        }
}

static void bytes_that_are_not_ascii_are_kept(void **state)
{
    (void)state;
    assert_decoded(PERCENT_PLUS_IS_SPACE, STR("%41\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9+b"),
                   STR("A\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 b"));
}

static void a_plus_is_a_space_when_asked_so(void **state)
{
    (void)state;
    assert_decoded(PERCENT_PLUS_IS_SPACE, STR("a+b%2Bc+"), STR("a b+c "));
    assert_decoded(PERCENT_PLUS_IS_PLUS, STR("a+b%2Bc+"), STR("a+b+c+"));
}

static void the_text_itself_comes_back_when_there_is_nothing_to_decode(void **state)
{
    (void)state;
    struct arena arena;
    struct str text, coded = STR("plain+text");
    arena_init(&arena);
    assert_true(percent_decode(coded, PERCENT_PLUS_IS_PLUS, &arena, &text));
    assert_ptr_equal(text.ptr, coded.ptr);
    assert_true(percent_decode(STR(""), PERCENT_PLUS_IS_SPACE, &arena, &text));
    assert_non_null(text.ptr);
    assert_true(percent_decode((struct str){0}, PERCENT_PLUS_IS_SPACE, &arena, &text));
    assert_null(text.ptr);
    arena_deinit(&arena);
}

static void decoding_fails_when_the_result_is_not_utf8(void **state)
{
    (void)state;
    static const struct str coded[] = {STR_INIT("%ff"), STR_INIT("\xff"), STR_INIT("a%C3"),
                                       STR_INIT("%ED%A0%80"), STR_INIT("%C3+%A9")};
    struct arena arena;
    struct str text;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof coded / sizeof *coded; i++)
        assert_false(percent_decode(coded[i], PERCENT_PLUS_IS_SPACE, &arena, &text));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coded_bytes_are_decoded_in_either_case),
        cmocka_unit_test(a_percent_sign_stands_for_itself_when_no_two_digits_follow),
        cmocka_unit_test(text_between_is_kept_whatever_its_length),
        cmocka_unit_test(bytes_that_are_not_ascii_are_kept),
        cmocka_unit_test(a_plus_is_a_space_when_asked_so),
        cmocka_unit_test(the_text_itself_comes_back_when_there_is_nothing_to_decode),
        cmocka_unit_test(decoding_fails_when_the_result_is_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
