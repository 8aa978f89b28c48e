#include "rest/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const unsigned char key[TOKEN_KEY_SIZE] = "a key of the server and no other";
static const unsigned char other_key[TOKEN_KEY_SIZE] = "another";

static enum err open_token(struct str text, enum kind kind, uint64_t *beyond, bool *back)
{
    return token_open(key, text, kind, beyond, back);
}

static void a_token_opens_to_what_was_sealed(void **state)
{
    (void)state;
    const uint64_t places[] = {0, 1, 0x123456789abcdef0, UINT64_MAX};
    for (size_t i = 0; i < 8; i++) {
        uint64_t beyond = 99;
        bool back = !(i % 2);
        struct token token = token_seal(key, KIND_DOCUMENT, places[i / 2], i % 2);
        assert_int_equal(strlen(token.text), TOKEN_LENGTH);
        assert_memory_equal(token.text, "PT", 2);
        assert_int_equal(open_token(str_from(token.text), KIND_DOCUMENT, &beyond, &back), OK);
        assert_int_equal(beyond, places[i / 2]);
        assert_int_equal(back, i % 2);
    }
}

static void a_token_opens_for_its_own_kind_only(void **state)
{
    (void)state;
    uint64_t beyond;
    bool back;
    struct token token = token_seal(key, KIND_DOCUMENT, 5, false);
    assert_int_equal(open_token(str_from(token.text), KIND_SERVICE, &beyond, &back),
                     ERR_PAGE_TOKEN);
    assert_int_equal(open_token(str_from(token.text), KIND_KEY, &beyond, &back), ERR_PAGE_TOKEN);
}

static void a_token_altered_anywhere_does_not_open(void **state)
{
    (void)state;
    struct token token = token_seal(key, KIND_DOCUMENT, 5, false);
    for (size_t i = 0; i < TOKEN_LENGTH; i++) {
        for (int digit = 0; digit < 16; digit++) {
            uint64_t beyond;
            bool back;
            struct token altered = token;
            altered.text[i] = "0123456789abcdef"[digit];
            if (altered.text[i] != token.text[i])
                assert_int_equal(open_token(str_from(altered.text), KIND_DOCUMENT, &beyond, &back),
                                 ERR_PAGE_TOKEN);
        }
    }
}

static void a_token_of_another_server_does_not_open(void **state)
{
    (void)state;
    uint64_t beyond;
    bool back;
    struct token token = token_seal(other_key, KIND_DOCUMENT, 5, false);
    assert_int_equal(open_token(str_from(token.text), KIND_DOCUMENT, &beyond, &back),
                     ERR_PAGE_TOKEN);
}

static void what_is_no_token_does_not_open(void **state)
{
    (void)state;
    struct token token = token_seal(key, KIND_DOCUMENT, 0xabc, false);
    struct str whole = str_from(token.text);
    char upper[TOKEN_LENGTH], longer[TOKEN_LENGTH + 1];
    memcpy(upper, token.text, TOKEN_LENGTH);
    for (size_t i = 2; i < TOKEN_LENGTH; i++)
        if (upper[i] >= 'a')
            upper[i] = (char)(upper[i] - 32);
    memcpy(longer, token.text, TOKEN_LENGTH);
    longer[TOKEN_LENGTH] = '0';
    const struct str texts[] = {
        STR(""),
        STR("PT"),
        {whole.ptr, whole.len - 1},
        {whole.ptr + 2, whole.len - 2},
        {upper, sizeof upper},
        {longer, sizeof longer},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t beyond;
        bool back;
        assert_int_equal(open_token(texts[i], KIND_DOCUMENT, &beyond, &back), ERR_PAGE_TOKEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_opens_to_what_was_sealed),
        cmocka_unit_test(a_token_opens_for_its_own_kind_only),
        cmocka_unit_test(a_token_altered_anywhere_does_not_open),
        cmocka_unit_test(a_token_of_another_server_does_not_open),
        cmocka_unit_test(what_is_no_token_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
