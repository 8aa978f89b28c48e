#include "auth/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NOW_MS = 5000 };

static struct issue asked(void)
{
    return (struct issue){
        .identity = STR("alice"),
        .service = STR("default"),
        .ttl = STR("60"),
        .algorithm = STR("HS256"),
    };
}

static void expect_refused(struct issue issue, const char *name)
{
    struct why why = {0};
    assert_int_equal(issue_check(&issue, &why), ERR_PARAMETER);
    assert_true(str_starts(str_from(why.text), str_from(name)));
}

static void a_token_is_good_as_long_as_it_was_asked_for(void **state)
{
    (void)state;
    struct credentials credentials = {.account_sid = "AC0", .auth_token = "t"};
    struct issue issue = asked();
    struct arena arena;
    struct jwt jwt;
    struct why why;
    struct buf token;
    arena_init(&arena);
    buf_init(&token, JWT_SIZE_MAX);
    assert_int_equal(issue_check(&issue, &why), OK);
    assert_int_equal(issue_token(&credentials, &issue, NOW_MS, &token), 65000);
    assert_int_equal(jwt_verify(&credentials, buf_str(&token), 64999, &arena, &jwt), OK);
    assert_true(str_eq(jwt.identity, STR("alice")) && str_eq(jwt.service, STR("default")));
    assert_int_equal(jwt_verify(&credentials, buf_str(&token), 65000, &arena, &jwt),
                     ERR_TOKEN_EXPIRED);
    buf_deinit(&token);
    arena_deinit(&arena);
}

static void what_cannot_be_is_refused_by_name(void **state)
{
    (void)state;
    struct issue issue = asked();
    issue.identity = STR("");
    expect_refused(issue, "identity");
    issue.identity = STR("\xff");
    expect_refused(issue, "identity");
    issue = asked();
    issue.service = STR("");
    expect_refused(issue, "service");
    const char *const times[] = {"", "0", "86401", "-1", "1.5", "soon"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        issue = asked();
        issue.ttl = str_from(times[i]);
        expect_refused(issue, "ttl");
    }
    issue = asked();
    issue.key = STR("SK1");
    expect_refused(issue, "key");
    issue = asked();
    issue.algorithm = STR("none");
    expect_refused(issue, "algorithm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_good_as_long_as_it_was_asked_for),
        cmocka_unit_test(what_cannot_be_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
