#include "realtime/object_route.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define IN_SERVICE "http://h:1/v3/Services/" CLIENT_WORLD_SERVICE
#define ID         "000000000000000700000000000000ff"
#define DATES                                                                                      \
    "\"date_expires\":null,\"date_created\":\"2015-07-30T20:00:00.000Z\","                         \
    "\"date_updated\":\"2015-07-30T20:00:01.999Z\",\"created_by\":\"alice\""

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

static struct change head_of(enum kind kind)
{
    return (struct change){
        .type = CHANGE_UPDATED,
        .kind = kind,
        .seq = 40,
        .id = 7,
        .salt = 0xff,
        .revision = 0x1b,
        .created_ms = 1438286400000,
        .updated_ms = 1438286401999,
        .creator = STR("alice"),
        .data = STR("{\"a\":1}"),
    };
}

static void answers(struct client_world *world, unsigned status, const char *body)
{
    assert_int_equal(world->status, status);
    assert_string_equal(client_world_body(world), body);
}

static void a_document_is_read_with_its_data(void **state)
{
    struct change head = head_of(KIND_DOCUMENT);
    head.name = STR("a\"b");
    client_world_call(*state, "GET", "/v3/Documents/d", NULL);
    client_world_answer(*state, OK, &head, NULL);
    answers(*state, 200,
            "{\"sid\":\"ET" ID "\",\"unique_name\":\"a\\\"b\",\"url\":\"" IN_SERVICE
            "/Documents/ET" ID "\",\"links\":{},\"revision\":\"1b\",\"last_event_id\":40," DATES
            ",\"data\":{\"a\":1}}");
}

static void the_answer_to_a_write_has_no_data(void **state)
{
    static const struct {
        const char *path;
        enum verb verb;
        unsigned status;
    } writes[] = {{"/v3/Documents", VERB_CREATE, 201}, {"/v3/Documents/d", VERB_UPDATE, 200}};
    struct change head = head_of(KIND_DOCUMENT);
    for (size_t i = 0; i < 2; i++) {
        client_world_call(*state, "POST", writes[i].path, "{\"data\":{\"a\":1}}");
        assert_int_equal(client_world_command(*state)->verb, writes[i].verb);
        client_world_answer(*state, OK, &head, NULL);
        answers(*state, writes[i].status,
                "{\"sid\":\"ET" ID "\",\"unique_name\":null,\"url\":\"" IN_SERVICE
                "/Documents/ET" ID "\",\"links\":{},\"revision\":\"1b\",\"last_event_id\":40," DATES
                "}");
    }
}

static void a_list_links_to_items_and_context(void **state)
{
    struct change head = head_of(KIND_LIST);
    head.expires_ms = 1438286460000;
    client_world_call(*state, "GET", "/v3/Lists/l", NULL);
    client_world_answer(*state, OK, &head, NULL);
    answers(*state, 200,
            "{\"sid\":\"ES" ID "\",\"unique_name\":null,\"url\":\"" IN_SERVICE "/Lists/ES" ID
            "\",\"links\":{\"items\":\"" IN_SERVICE "/Lists/ES" ID
            "/Items\",\"context\":\"" IN_SERVICE "/Lists/ES" ID
            "/Context\"},\"revision\":\"1b\",\"last_event_id\":40,"
            "\"date_expires\":\"2015-07-30T20:01:00.000Z\","
            "\"date_created\":\"2015-07-30T20:00:00.000Z\","
            "\"date_updated\":\"2015-07-30T20:00:01.999Z\",\"created_by\":\"alice\"}");
}

static void a_stream_has_messages_and_no_last_event(void **state)
{
    struct change head = head_of(KIND_STREAM);
    client_world_call(*state, "GET", "/v3/Streams/s", NULL);
    client_world_answer(*state, OK, &head, NULL);
    answers(*state, 200,
            "{\"sid\":\"TO" ID "\",\"unique_name\":null,\"url\":\"" IN_SERVICE "/Streams/TO" ID
            "\",\"links\":{\"messages\":\"" IN_SERVICE "/Streams/TO" ID
            "/Messages\"},\"revision\":\"1b\",\"last_event_id\":null," DATES "}");
}

static void a_removal_has_no_body(void **state)
{
    struct change head = head_of(KIND_MAP);
    client_world_call(*state, "DELETE", "/v3/Maps/m", "data_sync");
    assert_int_equal(client_world_command(*state)->verb, VERB_REMOVE);
    client_world_answer(*state, OK, &head, NULL);
    answers(*state, 204, "");
}

static void a_context_is_empty_and_tells_the_last_event(void **state)
{
    struct change head = head_of(KIND_LIST);
    client_world_call(*state, "GET", "/v3/Lists/l/Context", NULL);
    client_world_answer(*state, OK, &head, NULL);
    answers(*state, 200, "{\"data\":{},\"last_event_id\":40}");
}

static void only_documents_have_data(void **state)
{
    struct change head = head_of(KIND_LIST);
    client_world_call(*state, "POST", "/v3/Lists",
                      "{\"data\":7,\"purpose\":\"p\",\"context\":{\"a\":1}}");
    assert_null(client_world_command(*state)->data.ptr);
    client_world_answer(*state, OK, &head, NULL);
    assert_int_equal(((struct client_world *)*state)->status, 201);
}

#define MAP_WITHOUT_END                                                                            \
    "{\"sid\":\"MP" ID "\",\"unique_name\":\"m\",\"url\":\"" IN_SERVICE "/Maps/MP" ID              \
    "\",\"links\":{\"items\":\"" IN_SERVICE "/Maps/MP" ID                                          \
    "/Items\"},\"revision\":\"1b\",\"last_event_id\":40," DATES

static struct change map_m(void)
{
    struct change head = head_of(KIND_MAP);
    head.name = STR("m");
    return head;
}

static void a_map_brings_its_items_only_when_asked_to(void **state)
{
    struct change head = map_m();
    client_world_call(*state, "GET", "/v3/Maps/m", NULL);
    client_world_answer(*state, OK, &head, NULL);
    answers(*state, 200, MAP_WITHOUT_END "}");
    client_world_call(*state, "GET", "/v3/Lists/l?Include=items", NULL);
    head = head_of(KIND_LIST);
    client_world_answer(*state, OK, &head, NULL);
    assert_null(strstr(client_world_body(*state), "\"items\":["));
}

/* The name may belong to another map when the items are read. */
static void the_items_are_those_of_the_map_that_was_found(void **state)
{
    struct client_world *world = *state;
    struct change head = map_m(), later = map_m(), item = head_of(KIND_MAP_ITEM);
    item.name = STR("k");
    later.seq = 99;
    client_world_call(world, "GET", "/v3/Maps/m?Include=items", NULL);
    client_world_answer(world, OK, &head, NULL);
    assert_int_equal(world->replies, 0);
    const struct command *command = client_world_command(world);
    assert_int_equal(command->verb, VERB_LIST);
    assert_int_equal(command->kind, KIND_MAP_ITEM);
    assert_int_equal(command->page.size, PAGE_SIZE_MAX);
    assert_true(str_eq(command->container, STR("MP" ID)));
    client_world_answer_page(world, &later, &item, 1, false, false);
    answers(world, 200,
            MAP_WITHOUT_END ",\"items\":[{\"key\":\"k\",\"map_sid\":\"MP" ID
                            "\",\"url\":\"" IN_SERVICE "/Maps/MP" ID
                            "/Items/k\",\"revision\":\"1b\",\"last_event_id\":41,"
                            "\"data\":{\"a\":1}," DATES "}]}");
}

static void what_befalls_the_second_round_is_told(void **state)
{
    struct client_world *world = *state;
    struct change head = map_m();
    client_world_call(world, "GET", "/v3/Maps/m?Include=items", NULL);
    client_world_answer(world, OK, &head, NULL);
    client_world_answer(world, ERR_DENIED, NULL, NULL);
    assert_int_equal(world->status, 403);
    assert_int_equal(world->replies, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_document_is_read_with_its_data),
        TEST(the_answer_to_a_write_has_no_data),
        TEST(a_list_links_to_items_and_context),
        TEST(a_stream_has_messages_and_no_last_event),
        TEST(a_removal_has_no_body),
        TEST(a_context_is_empty_and_tells_the_last_event),
        TEST(only_documents_have_data),
        TEST(a_map_brings_its_items_only_when_asked_to),
        TEST(the_items_are_those_of_the_map_that_was_found),
        TEST(what_befalls_the_second_round_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
