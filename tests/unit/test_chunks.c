/* Bodies in chunks (RFC 9112, section 7.1), whole and in pieces. */
#include "http/chunks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct outcome {
    char data[64];
    size_t len;
    size_t left; /* bytes behind the end */
    unsigned state;
};

static void take(struct chunks *chunks, struct str bytes, struct outcome *outcome)
{
    struct str data;
    while (bytes.len && chunks->state != CHUNK_END && chunks->state != CHUNK_BROKEN) {
        chunks_next(chunks, &bytes, &data);
        memcpy(outcome->data + outcome->len, data.ptr, data.len);
        outcome->len += data.len;
    }
    outcome->left = bytes.len;
    outcome->state = chunks->state;
}

/* In two pieces. */
static struct outcome run(struct str text, size_t first)
{
    struct chunks chunks = {0};
    struct outcome outcome = {0};
    take(&chunks, (struct str){text.ptr, first}, &outcome);
    if (outcome.left == 0 || outcome.state < CHUNK_END)
        take(&chunks, (struct str){text.ptr + first, text.len - first}, &outcome);
    return outcome;
}

static void expect(struct str text, const char *data, size_t left)
{
    for (size_t first = 0; first + left <= text.len; first++) {
        struct outcome outcome = run(text, first);
        if (outcome.state != CHUNK_END || outcome.left != left || outcome.len != strlen(data) ||
            memcmp(outcome.data, data, outcome.len) != 0)
            fail_msg("'%.*s' cut at %zu: state %u", STR_ARG(text), first, outcome.state);
    }
}

static void expect_broken(struct str text)
{
    for (size_t first = 0; first <= text.len; first++)
        if (run(text, first).state != CHUNK_BROKEN)
            fail_msg("'%.*s' cut at %zu is not broken", STR_ARG(text), first);
}

static void chunks_are_put_together(void **state)
{
    (void)state;
    expect(STR("0\r\n\r\n"), "", 0);
    expect(STR("3\r\nabc\r\n0\r\n\r\n"), "abc", 0);
    expect(STR("3\r\nabc\r\n00A\r\n0123456789\r\n000\r\n\r\nGET"), "abc0123456789", 3);
    expect(STR("1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n"), "x", 0);
    expect(STR("1\r\n\r\r\n0\r\n\r\n"), "\r", 0);
    expect(STR("1\r\nx\r\n0\r\nTrailer: value\r\nB:\r\n\r\n"), "x", 0);
}

static void whatever_else_is_broken(void **state)
{
    (void)state;
    expect_broken(STR("\r\n\r\n"));
    expect_broken(STR("g\r\n"));
    expect_broken(STR("-1\r\n"));
    expect_broken(STR(" 1\r\nx\r\n"));
    expect_broken(STR("1 \r\nx\r\n"));
    expect_broken(STR("0x1\r\nx\r\n"));
    expect_broken(STR("1\nx\r\n"));
    expect_broken(STR("1\r\nx\n0\r\n\r\n"));
    expect_broken(STR("1\r\nxy\r\n0\r\n\r\n"));
    expect_broken(STR("1;a\nb\r\nx\r\n"));
    expect_broken(STR("1;a\0b\r\nx\r\n"));
    expect_broken(STR("1\rx"));
    expect_broken(STR("0000000000000\r\n"));
    expect_broken(STR("0\r\nA\r\n\r\n"));
    expect_broken(STR("0\r\n: b\r\n\r\n"));
    expect_broken(STR("0\r\n A: b\r\n\r\n"));
    expect_broken(STR("0\r\nA : b\r\n\r\n"));
    expect_broken(STR("0\r\nA: b\n\r\n"));
    expect_broken(STR("0\r\nA: b\0\r\n\r\n"));
}

static void what_surrounds_the_data_is_bounded(void **state)
{
    enum { MANY = 5000 };
    static char text[MANY + 20];
    (void)state;
    memset(text, 'a', MANY);
    memcpy(text, "1;", 2);
    assert_int_equal(run((struct str){text, MANY}, 0).state, CHUNK_BROKEN);
    memcpy(text, "0\r\nA:", 5);
    assert_int_equal(run((struct str){text, MANY}, 0).state, CHUNK_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(whatever_else_is_broken),
        cmocka_unit_test(what_surrounds_the_data_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
