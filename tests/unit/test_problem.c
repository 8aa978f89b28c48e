#include "dialect/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

/* What `problem` says, as JSON; lives until the next call. */
static const char *written(const struct problem *problem, const char *detail)
{
    static char text[2048];
    struct buf out;
    buf_init(&out, sizeof text - 1);
    problem_write(problem, detail, STR("http://h:1"), &out);
    assert_false(out.failed);
    memcpy(text, out.ptr, out.len);
    text[out.len] = 0;
    buf_deinit(&out);
    return text;
}

static const char *page(unsigned code)
{
    static char text[4096];
    struct buf out;
    buf_init(&out, sizeof text - 1);
    problem_write_page(code, &out);
    assert_false(out.failed);
    memcpy(text, out.ptr, out.len);
    text[out.len] = 0;
    buf_deinit(&out);
    return text;
}

static void the_walkthrough_reads_its_own_words(void **state)
{
    (void)state;
    assert_string_equal(written(problem_find(ERR_REVISION, KIND_DOCUMENT), ""),
                        "{\"code\":54103,\"message\":\"The revision of the Document does not match "
                        "the expected revision\",\"more_info\":\"http://h:1/docs/errors/54103\","
                        "\"status\":412}");
}

static void every_answer_says_what_to_do(void **state)
{
    (void)state;
    const enum kind kinds[] = {0, KIND_DOCUMENT, KIND_LIST_ITEM, KIND_MAP_ITEM, KIND_MESSAGE};
    for (int err = 1; err < ERR_COUNT; err++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            const struct problem *problem = problem_find((enum err)err, kinds[i]);
            assert_true(strlen(problem->advice) > 20);
            bool told = strstr(written(problem, ""), ",\"details\":{\"advice\":\"") != NULL;
            assert_int_equal(told, err != ERR_REVISION);
        }
}

static void a_detail_stands_behind_the_message(void **state)
{
    (void)state;
    const char *text = written(problem_find(ERR_JSON, KIND_DOCUMENT), "a \"b\" at byte 3");
    assert_non_null(strstr(text, "\"Invalid JSON: a \\\"b\\\" at byte 3\""));
}

static void a_detail_ends_where_it_is_no_utf8(void **state)
{
    (void)state;
    const struct problem *problem = problem_find(ERR_ROUTE, 0);
    assert_non_null(
        strstr(written(problem, "/\xc3\xa9\xff\xfe"), "resource /\xc3\xa9 was not found\","));
    assert_non_null(strstr(written(problem, "/\xc3"), "resource / was not found\","));
    assert_non_null(strstr(written(problem, "\xff"), "resource was not found\","));
}

/* Status and code as the public API has them. */
static void every_error_has_its_status_and_code(void **state)
{
    (void)state;
    const struct {
        enum err err;
        enum kind kind;
        unsigned status, code;
    } rows[] = {
        {ERR_ROUTE, 0, 404, 20404},
        {ERR_METHOD, 0, 405, 20004},
        {ERR_AUTH, 0, 401, 20003},
        {ERR_BODY_LARGE, 0, 413, 20413},
        {ERR_MEDIA_TYPE, 0, 415, 20415},
        {ERR_BODY, 0, 400, 20422},
        {ERR_PARAMETER, 0, 400, 20422},
        {ERR_SERVICE_MISSING, KIND_SERVICE, 404, 54050},
        {ERR_SERVICE_MISSING, KIND_DOCUMENT, 404, 54050},
        {ERR_MISSING, KIND_DOCUMENT, 404, 54100},
        {ERR_MISSING, KIND_KEY, 404, 20404},
        {ERR_MISSING, KIND_LIST, 404, 54150},
        {ERR_MISSING, KIND_LIST_ITEM, 404, 54151},
        {ERR_MISSING, KIND_MAP, 404, 54200},
        {ERR_MISSING, KIND_MAP_ITEM, 404, 54201},
        {ERR_MISSING, KIND_STREAM, 404, 54250},
        {ERR_MISSING, KIND_PERMISSION, 404, 54354},
        {ERR_NAME_MISSING, KIND_DOCUMENT, 404, 54300},
        {ERR_NAME_MISSING, KIND_STREAM, 404, 54300},
        {ERR_NAME_TAKEN, KIND_DOCUMENT, 409, 54301},
        {ERR_NAME_TAKEN, KIND_MAP, 409, 54301},
        {ERR_NAME_TAKEN, KIND_MAP_ITEM, 409, 54208},
        {ERR_NAME_INVALID, KIND_DOCUMENT, 400, 54302},
        {ERR_KEY, KIND_MAP_ITEM, 400, 54209},
        {ERR_INDEX, KIND_LIST_ITEM, 400, 54458},
        {ERR_IDENTITY, KIND_PERMISSION, 400, 54351},
        {ERR_DENIED, KIND_DOCUMENT, 403, 54007},
        {ERR_TOKEN, 0, 401, 20101},
        {ERR_TOKEN_HEADER, 0, 401, 20102},
        {ERR_TOKEN_ISSUER, 0, 401, 20103},
        {ERR_TOKEN_EXPIRED, 0, 401, 20104},
        {ERR_TOKEN_EARLY, 0, 401, 20105},
        {ERR_TOKEN_GRANTS, 0, 401, 20106},
        {ERR_TOKEN_SIGNATURE, 0, 401, 20107},
        {ERR_TOKEN_LONG, 0, 401, 20157},
        {ERR_TOKEN_OTHER, 0, 401, 51215},
        {ERR_LOST, KIND_LIST, 410, 20410},
        {ERR_GUESSES, 0, 429, 20429},
        {ERR_RATE, 0, 429, 51202},
        {ERR_INDEX_MISSING, KIND_MAP, 404, 54502},
        {ERR_QUERY, 0, 400, 54507},
        {ERR_QUERY_OPERATORS, 0, 400, 54509},
        {ERR_QUERY_ARRAY, 0, 400, 54510},
        {ERR_IF_MATCH, KIND_DOCUMENT, 400, 54003},
        {ERR_REVISION, KIND_DOCUMENT, 412, 54103},
        {ERR_REVISION, KIND_LIST, 412, 20412},
        {ERR_REVISION, KIND_LIST_ITEM, 412, 54155},
        {ERR_REVISION, KIND_MAP, 412, 20412},
        {ERR_REVISION, KIND_MAP_ITEM, 412, 54205},
        {ERR_EXISTS, KIND_MAP_ITEM, 412, 20412},
        {ERR_EXISTS, KIND_DOCUMENT, 412, 20412},
        {ERR_TOO_LARGE, KIND_DOCUMENT, 413, 54006},
        {ERR_TOO_LARGE, KIND_MAP_ITEM, 413, 54006},
        {ERR_TOO_LARGE, KIND_MESSAGE, 413, 54006},
        {ERR_JSON, KIND_DOCUMENT, 400, 54008},
        {ERR_DATA, KIND_DOCUMENT, 400, 54101},
        {ERR_DATA, KIND_LIST_ITEM, 400, 54156},
        {ERR_DATA, KIND_MAP_ITEM, 400, 54206},
        {ERR_DATA, KIND_MESSAGE, 400, 54251},
        {ERR_TTL, KIND_DOCUMENT, 400, 54011},
        {ERR_NO_PARAMETERS, KIND_DOCUMENT, 400, 54010},
        {ERR_FRIENDLY_NAME, KIND_SERVICE, 400, 54053},
        {ERR_FRIENDLY_NAME, KIND_KEY, 400, 20002},
        {ERR_WEBHOOK_URL, KIND_SERVICE, 400, 54051},
        {ERR_PAGE_TOKEN, KIND_DOCUMENT, 400, 54453},
        {ERR_PAGE_SIZE, KIND_DOCUMENT, 400, 54454},
        {ERR_ORDER, KIND_LIST_ITEM, 400, 54451},
        {ERR_BOUNDS, KIND_MAP_ITEM, 400, 54452},
        {ERR_BUSY, 0, 503, 20503},
        {ERR_STORE, 0, 503, 20503},
        {ERR_UNSURE, 0, 500, 20500},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct problem *problem = problem_find(rows[i].err, rows[i].kind);
        assert_int_equal(problem->err, rows[i].err);
        assert_int_equal(problem->status, rows[i].status);
        assert_int_equal(problem->code, rows[i].code);
    }
}

static void no_error_is_left_out(void **state)
{
    (void)state;
    for (int err = 1; err < ERR_CONFIG; err++)
        for (int kind = KIND_SERVICE; kind <= KIND_MESSAGE; kind++)
            assert_int_equal(problem_find((enum err)err, (enum kind)kind)->err, err);
}

/* The words as the public API has them. */
static void what_is_missing_is_called_by_its_name(void **state)
{
    (void)state;
    const char *const names[] = {
        [KIND_DOCUMENT] = "Document",     [KIND_LIST] = "List",
        [KIND_LIST_ITEM] = "Item",        [KIND_MAP] = "Map",
        [KIND_MAP_ITEM] = "Item",         [KIND_STREAM] = "Message Stream",
        [KIND_PERMISSION] = "Permission",
    };
    for (size_t kind = 0; kind < sizeof names / sizeof *names; kind++) {
        if (!names[kind])
            continue;
        struct str message = str_from(problem_find(ERR_MISSING, (enum kind)kind)->message);
        assert_true(str_starts(message, str_from(names[kind])));
        message.ptr += strlen(names[kind]);
        assert_string_equal(message.ptr, " not found");
    }
}

static void what_has_no_row_is_a_failure_of_the_server(void **state)
{
    (void)state;
    assert_int_equal(problem_find(ERR_CONFIG, 0)->status, 500);
}

static void every_code_has_a_page_with_advice(void **state)
{
    (void)state;
    for (int err = 1; err < ERR_CONFIG; err++) {
        for (int kind = KIND_SERVICE; kind <= KIND_MESSAGE; kind++) {
            const struct problem *problem = problem_find((enum err)err, (enum kind)kind);
            assert_non_null(problem_by_code(problem->code));
            const char *text = page(problem->code);
            assert_non_null(strstr(text, "<strong>"));
            assert_null(strstr(text, "<p></p>"));
            if (*problem->advice)
                assert_non_null(strstr(text, problem->advice));
        }
    }
}

static void a_page_tells_all_that_its_code_can_mean(void **state)
{
    (void)state;
    const char *text = page(20503);
    assert_non_null(strstr(text, "queues"));
    assert_non_null(strstr(text, "disk"));
}

static void an_unknown_code_has_no_problem(void **state)
{
    (void)state;
    assert_null(problem_by_code(0));
    assert_null(problem_by_code(54999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walkthrough_reads_its_own_words),
        cmocka_unit_test(every_answer_says_what_to_do),
        cmocka_unit_test(a_detail_stands_behind_the_message),
        cmocka_unit_test(a_detail_ends_where_it_is_no_utf8),
        cmocka_unit_test(every_error_has_its_status_and_code),
        cmocka_unit_test(no_error_is_left_out),
        cmocka_unit_test(what_is_missing_is_called_by_its_name),
        cmocka_unit_test(what_has_no_row_is_a_failure_of_the_server),
        cmocka_unit_test(every_code_has_a_page_with_advice),
        cmocka_unit_test(a_page_tells_all_that_its_code_can_mean),
        cmocka_unit_test(an_unknown_code_has_no_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
