#include "realtime/conflict.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

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
                                       .revision = 2,
                                       .data = STR_INIT("{\"a\":1}")};
static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 8};
static const struct change item = {.type = CHANGE_UPDATED,
                                   .kind = KIND_MAP_ITEM,
                                   .id = 9,
                                   .name = STR_INIT("k"),
                                   .data = STR_INIT("{\"b\":1}")};

static void write_to(struct client_world *world, const char *method, const char *path,
                     const char *headers)
{
    char http_request[512];
    snprintf(http_request, sizeof http_request,
             "{\"path\":\"%s\",\"method\":\"%s\",\"headers\":{%s}}", path, method, headers);
    client_world_start(world, http_request, "{\"data\":{}}");
}

#define WISH "\"If-Match\":\"1\",\"Prefer\":\"return=representation\""

static void ends_with(struct client_world *world, const char *tail)
{
    const char *body = client_world_body(world);
    size_t len = strlen(tail);
    if (strlen(body) < len || strcmp(body + strlen(body) - len, tail) != 0)
        fail_msg("expected ...%s: %s", tail, body);
}

/* What a GET answers for it, in `text`. */
static void read_it(struct client_world *world, const char *path, const struct change *head,
                    const struct change *container, char text[1024])
{
    client_world_call(world, "GET", path, NULL);
    client_world_answer(world, OK, head, container);
    snprintf(text, 1024, "%s", client_world_body(world));
}

static void brings_what_a_get_says(struct client_world *world, const char *method, const char *path,
                                   const struct change *head, const struct change *container)
{
    char found[1024], tail[1100];
    read_it(world, path, head, container, found);
    size_t replies = world->replies;
    write_to(world, method, path, WISH);
    client_world_answer(world, ERR_REVISION, NULL, NULL);
    assert_int_equal(world->replies, replies);
    const struct command *read = client_world_command(world);
    assert_int_equal(read->verb, VERB_FETCH);
    assert_false(read->if_match.given || read->if_none_match_any || read->data.ptr);
    client_world_answer(world, OK, head, container);
    assert_int_equal(world->replies, replies + 1);
    assert_int_equal(world->status, 412);
    snprintf(tail, sizeof tail, "\"status\":412,\"current\":%s}", found);
    ends_with(world, tail);
}

static void a_412_brings_what_a_get_says(void **state)
{
    brings_what_a_get_says(*state, "POST", "/v3/Documents/d", &document, NULL);
    brings_what_a_get_says(*state, "DELETE", "/v3/Documents/d", &document, NULL);
    brings_what_a_get_says(*state, "POST", "/v3/Maps/m/Items/k", &item, &map);
    brings_what_a_get_says(*state, "PUT", "/v3/Maps/m/Items/k", &item, &map);
    brings_what_a_get_says(*state, "DELETE", "/v3/Maps/m/Items/k", &item, &map);
}

static void after_reading_in_vain(struct client_world *world, enum err err, const char *tail)
{
    write_to(world, "PUT", "/v3/Maps/m/Items/k", WISH);
    client_world_answer(world, ERR_REVISION, NULL, NULL);
    client_world_answer(world, err, NULL, NULL);
    assert_int_equal(world->status, 412);
    assert_non_null(strstr(client_world_body(world), "\"code\":54205,"));
    ends_with(world, tail);
}

static void null_stands_for_what_is_not_there_and_nothing_for_what_may_not_be_read(void **state)
{
    after_reading_in_vain(*state, ERR_MISSING, "\"status\":412,\"current\":null}");
    after_reading_in_vain(*state, ERR_NAME_MISSING, "\"status\":412,\"current\":null}");
    after_reading_in_vain(*state, ERR_DENIED, "\"status\":412}");
    after_reading_in_vain(*state, ERR_STORE, "\"status\":412}");
}

static void only_if_absent_brings_what_is_there(void **state)
{
    struct client_world *world = *state;
    write_to(world, "PUT", "/v3/Maps/m/Items/k",
             "\"If-Match\":\"-1\",\"Prefer\":\"return=representation\"");
    client_world_answer(world, ERR_EXISTS, NULL, NULL);
    client_world_answer(world, OK, &item, &map);
    assert_int_equal(world->status, 412);
    assert_non_null(strstr(client_world_body(world), ",\"current\":{\"key\":\"k\","));
}

static void reads(struct client_world *world, const char *prefer, bool expected)
{
    char headers[256];
    snprintf(headers, sizeof headers, "\"If-Match\":\"1\",\"prefer\":%s", prefer);
    size_t replies = world->replies;
    write_to(world, "POST", "/v3/Documents/d", headers);
    client_world_answer(world, ERR_REVISION, NULL, NULL);
    if (world->replies - replies != !expected)
        fail_msg("Prefer: %s", prefer);
    if (expected)
        client_world_answer(world, OK, &document, NULL);
}

static void the_header_is_a_string_or_an_array(void **state)
{
    reads(*state, "\"return=representation\"", true);
    reads(*state, "[\"return=representation\"]", true);
    reads(*state, "[\"respond-async\",\"wait=5, return=representation\"]", true);
    reads(*state, "[\"return=minimal\",\"return=representation\"]", false);
    reads(*state, "[\"respond-async\"]", false);
    reads(*state, "[null,1]", false);
    reads(*state, "[]", false);
    reads(*state, "{\"return\":\"representation\"}", false);
    reads(*state, "null", false);
    reads(*state, "\"\"", false);
}

static void other_failures_bring_nothing(void **state)
{
    struct client_world *world = *state;
    write_to(world, "POST", "/v3/Documents/d", WISH);
    client_world_answer(world, ERR_MISSING, NULL, NULL);
    assert_int_equal(world->status, 404);
    write_to(world, "POST", "/v3/Documents/d", WISH);
    client_world_answer(world, OK, &document, NULL);
    assert_int_equal(world->status, 200);
    assert_null(strstr(client_world_body(world), "data\":"));
}

static void preferences_are_read_as_rfc_7240_says(void **state)
{
    (void)state;
    assert_true(conflict_is_preferred(STR("return=representation")));
    assert_true(conflict_is_preferred(STR("Return = \"representation\"; x=1, wait=10")));
    assert_true(conflict_is_preferred(STR(" , respond-async,\treturn=representation ")));
    assert_true(conflict_is_preferred(STR("return=representation, return=minimal")));
    assert_true(conflict_is_preferred(STR("a=\"\\\",return=minimal\",return=representation")));
    assert_false(conflict_is_preferred(STR("return=minimal, return=representation")));
    assert_false(conflict_is_preferred(STR("a=\"b, return=representation\"")));
    assert_false(conflict_is_preferred(STR("a=\"b, return=representation")));
    assert_false(conflict_is_preferred(STR("a; return=representation")));
    assert_false(conflict_is_preferred(STR("return")));
    assert_false(conflict_is_preferred(STR("return=\"")));
    assert_false(conflict_is_preferred(STR("representation")));
    assert_false(conflict_is_preferred(STR("\"\\")));
    assert_false(conflict_is_preferred(STR("")));
    assert_false(conflict_is_preferred((struct str){0}));
}

#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SESSION(a_412_brings_what_a_get_says),
        WITH_SESSION(null_stands_for_what_is_not_there_and_nothing_for_what_may_not_be_read),
        WITH_SESSION(only_if_absent_brings_what_is_there),
        WITH_SESSION(the_header_is_a_string_or_an_array),
        WITH_SESSION(other_failures_bring_nothing),
        cmocka_unit_test(preferences_are_read_as_rfc_7240_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
