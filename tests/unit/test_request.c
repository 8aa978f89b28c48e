#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define MORE_INFO "\"more_info\":\"http://h:1/docs/errors/"

static int begin(void **state)
{
    static struct client_world world;
    client_world_init(&world);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    client_world_deinit(*state);
    return 0;
}

static const struct change document = {.type = CHANGE_UPDATED,
                                       .kind = KIND_DOCUMENT,
                                       .id = 7,
                                       .data = STR_INIT("{}")};
static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8};

/* The request as it reached the core; answered with "not there" when the test has looked. */
static const struct request *reaches(struct client_world *world)
{
    return (const struct request *)client_world_command(world);
}

static void done(struct client_world *world)
{
    size_t replies = world->replies;
    client_world_answer(world, ERR_MISSING, NULL, NULL);
    assert_int_equal(world->replies, replies + 1);
}

static void is_refused(struct client_world *world, unsigned status, unsigned code)
{
    char text[64];
    assert_null(world->commands.first);
    assert_int_equal(world->status, status);
    snprintf(text, sizeof text, "\"code\":%u,", code);
    if (!strstr(client_world_body(world), text))
        fail_msg("expected %s in: %s", text, client_world_body(world));
}

static void assert_str(struct str text, const char *expected)
{
    assert_true(str_eq(text, str_from(expected)));
}

/* --- the whole way --- */

static void a_request_becomes_a_command_and_its_answer_a_reply(void **state)
{
    struct client_world *world = *state;
    client_world_call(world, "GET", "/v3/Documents/d", NULL);
    const struct command *command = client_world_command(world);
    assert_int_equal(command->verb, VERB_FETCH);
    assert_int_equal(command->kind, KIND_DOCUMENT);
    assert_str(command->object, "d");
    assert_int_equal(world->replies, 0);
    client_world_answer(world, OK, &document, NULL);
    assert_int_equal(world->status, 200);
    assert_int_equal(world->replies, 1);
    assert_int_equal(world->session->in_core, 0);
}

static void a_refusal_of_the_core_is_told_in_status_and_body(void **state)
{
    static const struct {
        enum err err;
        unsigned status, code;
    } refusals[] = {
        {ERR_MISSING, 404, 54100}, {ERR_NAME_MISSING, 404, 54300}, {ERR_REVISION, 412, 54103},
        {ERR_DENIED, 403, 54007},  {ERR_NAME_TAKEN, 409, 54301},   {ERR_STORE, 503, 20503},
    };
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        client_world_call(world, "GET", "/v3/Documents/d", NULL);
        client_world_answer(world, refusals[i].err, NULL, NULL);
        assert_int_equal(world->status, refusals[i].status);
        is_refused(world, refusals[i].status, refusals[i].code);
    }
}

static void a_refusal_has_all_that_clients_look_for(void **state)
{
    struct client_world *world = *state;
    client_world_call(world, "GET", "/v3/Documents/d", NULL);
    client_world_answer(world, ERR_MISSING, NULL, NULL);
    assert_non_null(strstr(client_world_body(world),
                           "{\"code\":54100,\"message\":\"Document not found\"," MORE_INFO
                           "54100\",\"status\":404,\"details\":{\"advice\":\"No document"));
}

/* --- http_request --- */

static void what_makes_no_sense_is_refused(void **state)
{
    static const char *const nonsense[] = {
        NULL,
        "{}",
        "[]",
        "7",
        "\"GET\"",
        "{\"method\":\"GET\"}",
        "{\"path\":\"/v3/Documents/d\"}",
        "{\"method\":null,\"path\":\"/v3/Documents/d\"}",
        "{\"method\":\"GET\",\"path\":null}",
        "{\"method\":\"GET\",\"path\":[\"/v3/Documents/d\"]}",
    };
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        client_world_start(world, nonsense[i], NULL);
        is_refused(world, 400, 20422);
        assert_int_equal(world->replies, i + 1);
    }
}

static void a_path_that_leads_nowhere_is_refused(void **state)
{
    struct client_world *world = *state;
    for (size_t i = 0; i < 2; i++) {
        client_world_call(world, "GET", i ? "" : "/v3/Nothing", NULL);
        is_refused(world, 404, 20404);
    }
    client_world_call(world, "PATCH", "/v3/Documents/d", NULL);
    is_refused(world, 405, 20004);
}

static void a_path_is_split_before_it_is_decoded(void **state)
{
    static const struct {
        const char *segment, *key;
    } keys[] = {
        {"a", "a"},     {"a%2Fb", "a/b"}, {".", "."},       {"..", ".."},
        {"a+b", "a+b"}, {"%3F", "?"},     {"%252F", "%2F"}, {"%E2%82%AC", "\xe2\x82\xac"},
    };
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v3/Maps/m/Items/%s", keys[i].segment);
        client_world_call(world, "GET", path, NULL);
        assert_str(client_world_command(world)->container, "m");
        assert_str(client_world_command(world)->object, keys[i].key);
        done(world);
    }
}

static void only_the_own_service_is_there(void **state)
{
    struct client_world *world = *state;
    const char *const own[] = {"/v3/Services/default/Documents/d",
                               "/v3/Services/" CLIENT_WORLD_SERVICE "/Documents/d"};
    for (size_t i = 0; i < 2; i++) {
        client_world_call(world, "GET", own[i], NULL);
        assert_str(client_world_command(world)->object, "d");
        done(world);
    }
    client_world_call(world, "GET", "/v3/Services/other/Documents/d", NULL);
    is_refused(world, 404, 54050);
}

/* --- parameters --- */

static void start_with(struct client_world *world, const char *query, const char *params)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"method\":\"GET\",\"path\":\"/v3/Maps/m/Items%s\",\"params\":%s}", query, params);
    client_world_start(world, text, NULL);
}

static void parameters_may_be_in_the_path_or_apart(void **state)
{
    static const struct {
        const char *query, *params;
    } spellings[] = {
        {"", "{\"Key\":\"a%20b%2B\"}"},
        {"", "{\"Key\":[\"a%20b%2B\"]}"},
        {"", "{\"Key\":[\"a b+\",\"x\"]}"},
        {"", "{\"K\\u0065y\":\"a b\\u002b\"}"},
        {"?Key=a%20b%2B", "{}"},
        {"?Key=a+b%2B", "null"},
        {"?PageSize=9&Key=x", "{\"Key\":\"a b+\"}"},
    };
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        start_with(world, spellings[i].query, spellings[i].params);
        assert_str(request_param(reaches(world), STR("Key")), "a b+");
        done(world);
    }
}

static void a_parameter_without_a_value_is_none(void **state)
{
    static const char *const params[] = {"{}",           "null",  "[]", "{\"Key\":null}",
                                         "{\"Key\":[]}", "\"?\"", "7",  "{\"Key\":[null]}"};
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        start_with(world, "", params[i]);
        assert_null(request_param(reaches(world), STR("Key")).ptr);
        done(world);
    }
}

static void a_number_is_as_good_as_its_digits(void **state)
{
    struct client_world *world = *state;
    start_with(world, "", "{\"PageSize\":12}");
    assert_int_equal(client_world_command(world)->page.size, 12);
    done(world);
}

static void a_parameter_is_utf_8(void **state)
{
    start_with(*state, "", "{\"Key\":\"%ff\"}");
    is_refused(*state, 400, 20422);
    assert_non_null(strstr(client_world_body(*state), "Key is not valid UTF-8"));
    start_with(*state, "?Key=%ff", "{}");
    is_refused(*state, 400, 20422);
}

/* `count` parameters of which the last is PageSize=3. */
static void start_with_many(struct client_world *world, size_t count)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_add_lit(&text, "{\"method\":\"GET\",\"path\":\"/v3/Maps/m/Items\",\"params\":{");
    for (size_t i = 1; i < count; i++)
        buf_addf(&text, "\"p%zu\":\"1\",", i);
    buf_add_lit(&text, "\"PageSize\":\"3\"}}");
    buf_add_char(&text, 0);
    client_world_start(world, text.ptr, NULL);
    buf_deinit(&text);
}

static void there_are_only_so_many_parameters(void **state)
{
    start_with_many(*state, FIELDS_MAX);
    assert_int_equal(client_world_command(*state)->page.size, 3);
    done(*state);
    start_with_many(*state, FIELDS_MAX + 1);
    is_refused(*state, 400, 20422);
}

/* --- headers --- */

static void start_with_headers(struct client_world *world, const char *method, const char *headers)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"method\":\"%s\",\"path\":\"/v3/Maps/m/Items/k\",\"headers\":%s}", method, headers);
    client_world_start(world, text, "{\"data\":{}}");
}

static void a_revision_may_be_spelled_in_many_ways(void **state)
{
    static const char *const headers[] = {
        "{\"If-Match\":\"1b\"}",
        "{\"if-match\":\"1b\"}",
        "{\"IF-MATCH\":[\"1b\"]}",
        "{\"Content-Type\":\"application/json\",\"If-Match\":\"\\\"1b\\\"\"}",
    };
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        start_with_headers(world, "POST", headers[i]);
        const struct precondition *condition = &client_world_command(world)->if_match;
        assert_true(condition->given);
        assert_int_equal(condition->count, 1);
        assert_int_equal(condition->revisions[0], 0x1b);
        done(world);
    }
}

static void without_a_revision_nothing_is_asked_of_it(void **state)
{
    static const char *const headers[] = {"{}",
                                          "null",
                                          "[]",
                                          "{\"If-Match\":null}",
                                          "{\"If-Match\":[]}",
                                          "{\"If-None-Match\":\"1\"}"};
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        start_with_headers(world, "POST", headers[i]);
        assert_false(client_world_command(world)->if_match.given);
        assert_false(client_world_command(world)->if_none_match_any);
        done(world);
    }
}

static void minus_one_in_a_put_means_only_if_there_is_none(void **state)
{
    struct client_world *world = *state;
    start_with_headers(world, "PUT", "{\"If-Match\":\"-1\"}");
    assert_true(client_world_command(world)->if_none_match_any);
    assert_false(client_world_command(world)->if_match.given);
    client_world_answer(world, ERR_EXISTS, NULL, &map);
    is_refused(world, 412, 54205);
    start_with_headers(world, "POST", "{\"If-Match\":\"-1\"}");
    is_refused(world, 400, 54003);
}

/* --- bodies --- */

static void only_post_and_put_have_a_body(void **state)
{
    struct client_world *world = *state;
    client_world_call(world, "GET", "/v3/Documents/d", "data_sync");
    done(world);
    client_world_call(world, "DELETE", "/v3/Documents/d", "data_sync");
    done(world);
    client_world_call(world, "POST", "/v3/Documents/d", "data_sync");
    is_refused(world, 400, 20422);
    client_world_call(world, "PUT", "/v3/Maps/m/Items/k", "data_sync");
    is_refused(world, 400, 20422);
}

static void a_body_is_an_object(void **state)
{
    static const char *const bodies[] = {"[]", "7", "null", "{\"a\":1", "{}{}", "{\"\xff\":1}"};
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        client_world_call(world, "POST", "/v3/Documents", bodies[i]);
        is_refused(world, 400, 20422);
    }
    client_world_call(world, "POST", "/v3/Documents", "");
    assert_null(client_world_command(world)->data.ptr);
    done(world);
}

static void fields_become_those_of_the_command(void **state)
{
    struct client_world *world = *state;
    client_world_call(
        world, "POST", "/v3/Documents",
        " { \"unique_name\" : \"a\\u0062\", \"ttl\" : 60, \"data\" : { \"b\" : 1 } } ");
    const struct command *command = client_world_command(world);
    assert_str(command->name, "ab");
    assert_true(command->ttl.given);
    assert_int_equal(command->ttl.s, 60);
    assert_str(command->data, "{\"b\":1}");
    done(world);
}

static void null_is_as_good_as_absent(void **state)
{
    struct client_world *world = *state;
    client_world_call(world, "POST", "/v3/Lists", "{\"unique_name\":null,\"ttl\":null}");
    assert_null(client_world_command(world)->name.ptr);
    assert_false(client_world_command(world)->ttl.given);
    done(world);
}

static void a_field_outside_its_domain_is_refused(void **state)
{
    static const struct {
        const char *body;
        unsigned status, code;
    } wrong[] = {
        {"{\"unique_name\":7}", 400, 20422},
        {"{\"ttl\":-1}", 400, 54011},
        {"{\"ttl\":1.5}", 400, 54011},
        {"{\"ttl\":31536001}", 400, 54011},
        {"{\"ttl\":true}", 400, 54011},
        {"{\"data\":[]}", 400, 54101},
        {"{\"data\":null}", 400, 54101},
        {"{\"data\":{\"a\":\"0123456789012345678901234567890\"}}", 413, 54006},
    };
    struct client_world *world = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        client_world_call(world, "POST", "/v3/Documents", wrong[i].body);
        is_refused(world, wrong[i].status, wrong[i].code);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_becomes_a_command_and_its_answer_a_reply),
        TEST(a_refusal_of_the_core_is_told_in_status_and_body),
        TEST(a_refusal_has_all_that_clients_look_for),
        TEST(what_makes_no_sense_is_refused),
        TEST(a_path_that_leads_nowhere_is_refused),
        TEST(a_path_is_split_before_it_is_decoded),
        TEST(only_the_own_service_is_there),
        TEST(parameters_may_be_in_the_path_or_apart),
        TEST(a_parameter_without_a_value_is_none),
        TEST(a_number_is_as_good_as_its_digits),
        TEST(a_parameter_is_utf_8),
        TEST(there_are_only_so_many_parameters),
        TEST(a_revision_may_be_spelled_in_many_ways),
        TEST(without_a_revision_nothing_is_asked_of_it),
        TEST(minus_one_in_a_put_means_only_if_there_is_none),
        TEST(only_post_and_put_have_a_body),
        TEST(a_body_is_an_object),
        TEST(fields_become_those_of_the_command),
        TEST(null_is_as_good_as_absent),
        TEST(a_field_outside_its_domain_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
