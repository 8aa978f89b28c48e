#include "auth/basic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#define KEY       "SK0123456789abcdef0123456789abcdef"
#define OTHER_KEY "SK0123456789abcdef0123456789abcdee"

static const struct credentials credentials = {
    .account_sid = "AC0123456789abcdef0123456789abcdef",
    .auth_token = "the token: with=everything",
    .secret = "whatever",
};

/* "Basic " and the Base64 of what is formatted; lives until the next call. */
static struct str header(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct str header(const char *format, ...)
{
    static char text[2048];
    char plain[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(plain, sizeof plain, format, args);
    va_end(args);
    memcpy(text, "Basic ", 6);
    EVP_EncodeBlock((unsigned char *)text + 6, (const unsigned char *)plain, len);
    return str_from(text);
}

static enum err show(struct basic *basic, struct str authorization, struct principal *principal)
{
    struct basic_attempt attempt = {.header = authorization, .address = "192.0.2.1"};
    return basic_check(basic, &attempt, principal);
}

static enum err check(struct str authorization)
{
    struct basic basic;
    struct principal principal;
    basic_init(&basic, &credentials, NULL, NULL);
    return show(&basic, authorization, &principal);
}

static const char *key_secret(const char *sid)
{
    static char secret[KEY_SECRET_LENGTH + 1];
    credentials_key_secret(&credentials, str_from(sid), secret);
    return secret;
}

static void the_account_is_let_in_with_its_token(void **state)
{
    (void)state;
    struct basic basic;
    struct principal principal = {"?"};
    basic_init(&basic, &credentials, NULL, NULL);
    struct str right = header("%s:%s", credentials.account_sid, credentials.auth_token);
    assert_int_equal(show(&basic, right, &principal), OK);
    assert_string_equal(principal.key, "");
}

static void a_key_is_let_in_with_its_secret(void **state)
{
    (void)state;
    struct basic basic;
    struct principal principal;
    basic_init(&basic, &credentials, NULL, NULL);
    assert_int_equal(show(&basic, header("%s:%s", KEY, key_secret(KEY)), &principal), OK);
    assert_string_equal(principal.key, KEY);
}

static void anybody_else_is_not(void **state)
{
    (void)state;
    const char *sid = credentials.account_sid, *token = credentials.auth_token;
    assert_int_equal(check((struct str){0}), ERR_AUTH);
    assert_int_equal(check(header("%s:%s!", sid, token)), ERR_AUTH);
    assert_int_equal(check(header("%s:%.*s", sid, (int)strlen(token) - 1, token)), ERR_AUTH);
    assert_int_equal(check(header("%s:", sid)), ERR_AUTH);
    assert_int_equal(check(header("%s", sid)), ERR_AUTH);
    assert_int_equal(check(header("%s%s", sid, token)), ERR_AUTH);
    assert_int_equal(check(header(":%s", token)), ERR_AUTH);
    assert_int_equal(check(header(":")), ERR_AUTH);
    assert_int_equal(check(header("AC%s", sid + 3)), ERR_AUTH);
    assert_int_equal(check(header("%s:%s", KEY, token)), ERR_AUTH);
    assert_int_equal(check(header("%s:%s", sid, key_secret(KEY))), ERR_AUTH);
    assert_int_equal(check(header("%s:%s", OTHER_KEY, key_secret(KEY))), ERR_AUTH);
    assert_int_equal(check(header("%s:%s", &KEY[1], key_secret(KEY))), ERR_AUTH);
    assert_int_equal(check(header("%s0:%s", KEY, key_secret(KEY))), ERR_AUTH);
    assert_int_equal(check(header("IS%s:%s", &KEY[2], key_secret("IS" KEY))), ERR_AUTH);
}

static void what_is_no_basic_header_is_refused(void **state)
{
    (void)state;
    const char *const headers[] = {
        "",         "Basic",     "Basic ",         "Basic =",  "Basic ====",
        "Basic a",  "Basic !!!", "Basic QUM=",     "Bearer x", "Basic\tQUM=",
        "Basic  Q", "QUM6",      "Basic QUM6 QUM6"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_int_equal(check(str_from(headers[i])), ERR_AUTH);
}

static void the_scheme_is_read_in_any_case(void **state)
{
    (void)state;
    struct str right = header("%s:%s", credentials.account_sid, credentials.auth_token);
    memcpy((char *)right.ptr, "bASIC", 5);
    assert_int_equal(check(right), OK);
    memcpy((char *)right.ptr, "Basik", 5);
    assert_int_equal(check(right), ERR_AUTH);
}

static void a_header_of_any_length_is_survived(void **state)
{
    (void)state;
    char padding[700];
    memset(padding, 'p', sizeof padding);
    for (int len = 0; len < (int)sizeof padding; len++)
        assert_int_equal(check(header("%s:%.*s", KEY, len, padding)), ERR_AUTH);
}

static void a_long_token_is_still_checked(void **state)
{
    (void)state;
    struct credentials longest = credentials;
    struct basic basic;
    struct principal principal;
    memset(longest.auth_token, 't', AUTH_TOKEN_LENGTH_MAX);
    longest.auth_token[AUTH_TOKEN_LENGTH_MAX] = 0;
    basic_init(&basic, &longest, NULL, NULL);
    struct str right = header("%s:%s", longest.account_sid, longest.auth_token);
    assert_int_equal(show(&basic, right, &principal), OK);
}

static void assert_let_in(struct basic *basic, const char *user, const char *password,
                          const char *key)
{
    struct principal principal = {"?"};
    assert_int_equal(show(basic, header("%s:%s", user, password), &principal), OK);
    assert_string_equal(principal.key, key);
}

static void the_remembered_header_lets_in_only_itself(void **state)
{
    (void)state;
    struct basic basic;
    struct principal principal;
    basic_init(&basic, &credentials, NULL, NULL);
    for (int round = 0; round < 2; round++) {
        assert_let_in(&basic, KEY, key_secret(KEY), KEY);
        assert_let_in(&basic, KEY, key_secret(KEY), KEY);
        assert_int_equal(show(&basic, header("%s:%s", KEY, "x"), &principal), ERR_AUTH);
        assert_int_equal(show(&basic, (struct str){0}, &principal), ERR_AUTH);
        assert_let_in(&basic, KEY, key_secret(KEY), KEY);
        assert_let_in(&basic, credentials.account_sid, credentials.auth_token, "");
        assert_let_in(&basic, credentials.account_sid, credentials.auth_token, "");
    }
}

static void a_user_with_a_nul_is_no_shorter_user(void **state)
{
    (void)state;
    char plain[128], text[256] = "Basic ";
    int len = snprintf(plain, sizeof plain, "SK0123456789abcdef%c123456789abcdef:%s", 0,
                       key_secret("SK0123456789abcdef"));
    EVP_EncodeBlock((unsigned char *)text + 6, (const unsigned char *)plain, len);
    struct basic basic;
    struct principal principal;
    basic_init(&basic, &credentials, NULL, NULL);
    if (show(&basic, str_from(text), &principal) == OK)
        assert_memory_equal(principal.key, plain, 34); /* for the core to refuse */
}

static enum err show_at(struct basic *basic, struct str authorization, uint64_t now_s,
                        unsigned *pause_s)
{
    struct principal principal;
    struct basic_attempt attempt = {
        .header = authorization,
        .address = "192.0.2.1",
        .network = 1,
        .now_ns = now_s * 1000000000,
    };
    enum err e = basic_check(basic, &attempt, &principal);
    *pause_s = attempt.pause_s;
    return e;
}

static void after_too_many_wrong_ones_the_right_one_waits_too(void **state)
{
    (void)state;
    struct guesses *guesses = guesses_new();
    struct basic basic;
    unsigned pause_s;
    basic_init(&basic, &credentials, guesses, NULL);
    assert_let_in(&basic, KEY, key_secret(KEY), KEY); /* it is remembered */
    for (int i = 0; i < 10; i++)
        assert_int_equal(show_at(&basic, header("%s:%d", KEY, i), 100, &pause_s), ERR_AUTH);
    assert_int_equal(show_at(&basic, header("%s:x", KEY), 100, &pause_s), ERR_GUESSES);
    assert_int_equal(pause_s, 1);
    assert_int_equal(show_at(&basic, header("%s:%s", KEY, key_secret(KEY)), 100, &pause_s),
                     ERR_GUESSES);
    assert_int_equal(show_at(&basic, header("%s:%s", KEY, key_secret(KEY)), 102, &pause_s), OK);
    assert_int_equal(metric_get(&guesses_metrics(guesses)->wrong), 10);
    guesses_free(guesses);
}

static void who_shows_nothing_does_not_guess(void **state)
{
    (void)state;
    struct guesses *guesses = guesses_new();
    struct basic basic;
    unsigned pause_s;
    basic_init(&basic, &credentials, guesses, NULL);
    for (int i = 0; i < 100; i++)
        assert_int_equal(show_at(&basic, (struct str){0}, 100, &pause_s), ERR_AUTH);
    assert_int_equal(metric_get(&guesses_metrics(guesses)->wrong), 0);
    guesses_free(guesses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_account_is_let_in_with_its_token),
        cmocka_unit_test(a_key_is_let_in_with_its_secret),
        cmocka_unit_test(anybody_else_is_not),
        cmocka_unit_test(what_is_no_basic_header_is_refused),
        cmocka_unit_test(the_scheme_is_read_in_any_case),
        cmocka_unit_test(a_header_of_any_length_is_survived),
        cmocka_unit_test(a_long_token_is_still_checked),
        cmocka_unit_test(the_remembered_header_lets_in_only_itself),
        cmocka_unit_test(a_user_with_a_nul_is_no_shorter_user),
        cmocka_unit_test(after_too_many_wrong_ones_the_right_one_waits_too),
        cmocka_unit_test(who_shows_nothing_does_not_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
