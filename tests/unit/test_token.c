#include "dialect/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const unsigned char key[TOKEN_KEY_SIZE] = "a key of the server and no other";
static const unsigned char other_key[TOKEN_KEY_SIZE] = "another";

static int begin(void **state)
{
    static struct arena arena;
    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int end(void **state)
{
    arena_deinit(*state);
    return 0;
}

static struct token sample(void)
{
    return (struct token){.kind = KIND_MAP_ITEM, .included = true, .place = STR("a\0\xfe b")};
}

static void assert_no_token(struct arena *arena, struct str text)
{
    struct token opened;
    assert_int_equal(token_open(key, text, arena, &opened), ERR_PAGE_TOKEN);
}

static void a_token_opens_to_what_was_sealed(void **state)
{
    const enum kind kinds[] = {KIND_SERVICE, KIND_KEY, KIND_DOCUMENT, KIND_LIST_ITEM,
                               KIND_PERMISSION};
    for (unsigned i = 0; i < 40; i++) {
        struct token opened, token = sample();
        token.kind = kinds[i % 5];
        token.descending = i & 1;
        token.back = i & 2;
        token.included = i & 4;
        token.size = (uint8_t)(i * 17);
        assert_int_equal(token_open(key, token_seal(key, &token, *state), *state, &opened), OK);
        assert_int_equal(opened.kind, token.kind);
        assert_int_equal(opened.descending, token.descending);
        assert_int_equal(opened.back, token.back);
        assert_int_equal(opened.included, token.included);
        assert_int_equal(opened.size, token.size);
        assert_true(str_eq(opened.place, token.place));
    }
}

static void a_place_has_up_to_its_many_bytes(void **state)
{
    static char place[TOKEN_PLACE_SIZE_MAX];
    memset(place, 0xfe, sizeof place);
    for (size_t len = 1; len <= sizeof place; len += len < 8 ? 1 : 31) {
        struct token opened, token = sample();
        token.place = (struct str){place, len};
        assert_int_equal(token_open(key, token_seal(key, &token, *state), *state, &opened), OK);
        assert_true(str_eq(opened.place, token.place));
    }
}

static void a_token_needs_no_escape_in_a_url(void **state)
{
    struct token token = sample();
    struct str text = token_seal(key, &token, *state);
    assert_memory_equal(text.ptr, "PT", 2);
    for (size_t i = 0; i < text.len; i++)
        assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                               text.ptr[i]));
}

static void a_token_altered_anywhere_does_not_open(void **state)
{
    struct token token = sample();
    struct str text = token_seal(key, &token, *state);
    for (size_t i = 0; i < text.len; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char altered[128];
            assert_true(text.len < sizeof altered);
            memcpy(altered, text.ptr, text.len);
            altered[i] = (char)byte;
            if (altered[i] != text.ptr[i])
                assert_no_token(*state, (struct str){altered, text.len});
        }
    }
}

static void a_token_of_another_server_does_not_open(void **state)
{
    struct token token = sample();
    assert_no_token(*state, token_seal(other_key, &token, *state));
}

static void a_part_of_a_token_does_not_open(void **state)
{
    struct token token = sample();
    struct str text = token_seal(key, &token, *state);
    for (size_t len = 0; len < text.len; len++) {
        assert_no_token(*state, (struct str){text.ptr, len});
        assert_no_token(*state, (struct str){text.ptr + text.len - len, len});
    }
}

static void what_is_no_token_does_not_open(void **state)
{
    static char longest[4096];
    memset(longest, 'A', sizeof longest);
    memcpy(longest, "PT", 2);
    assert_no_token(*state, (struct str){longest, sizeof longest});
    assert_no_token(*state, (struct str){longest, 66});
    assert_no_token(*state, STR("PT000000000000000600000000000000056e340b9cffb37a98"
                                "9ca544e6bb780a2c"));
    assert_no_token(*state, STR("PT=="));
    assert_no_token(*state, STR(""));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_opens_to_what_was_sealed),        TEST(a_place_has_up_to_its_many_bytes),
        TEST(a_token_needs_no_escape_in_a_url),        TEST(a_token_altered_anywhere_does_not_open),
        TEST(a_token_of_another_server_does_not_open), TEST(a_part_of_a_token_does_not_open),
        TEST(what_is_no_token_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
