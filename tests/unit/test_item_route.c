#include "realtime/item_route.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define IN_SERVICE "http://h:1/v3/Services/" CLIENT_WORLD_SERVICE
#define CONTAINER  "000000000000000200000000000000a2"
#define DATES                                                                                      \
    "\"date_expires\":null,\"date_created\":\"2015-07-30T20:00:00.000Z\","                         \
    "\"date_updated\":\"2015-07-30T20:00:01.999Z\",\"created_by\":\"alice\"}"
#define LIST_ITEM                                                                                  \
    "{\"index\":12,\"list_sid\":\"ES" CONTAINER "\",\"url\":\"" IN_SERVICE "/Lists/ES" CONTAINER   \
    "/Items/12\",\"revision\":\"1b\",\"last_event_id\":41,"
#define MAP_ITEM(key, segment)                                                                     \
    "{\"key\":\"" key "\",\"map_sid\":\"MP" CONTAINER "\",\"url\":\"" IN_SERVICE                   \
    "/Maps/MP" CONTAINER "/Items/" segment "\",\"revision\":\"1b\",\"last_event_id\":41,"

static const struct change list = {.type = CHANGE_ITEM, .kind = KIND_LIST, .id = 2, .salt = 0xa2};
static const struct change map = {.type = CHANGE_ITEM, .kind = KIND_MAP, .id = 2, .salt = 0xa2};

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

static struct change item_of(enum kind kind, struct str name)
{
    return (struct change){
        .type = CHANGE_UPDATED,
        .kind = kind,
        .seq = 40,
        .id = 7,
        .revision = 0x1b,
        .created_ms = 1438286400000,
        .updated_ms = 1438286401999,
        .name = name,
        .creator = STR("alice"),
        .data = STR("{\"a\":1}"),
    };
}

static void answers(struct client_world *world, unsigned status, const char *body)
{
    assert_int_equal(world->status, status);
    assert_string_equal(client_world_body(world), body);
}

static void a_list_item_is_read_with_its_data(void **state)
{
    struct change item = item_of(KIND_LIST_ITEM, STR("000000000000000c"));
    client_world_call(*state, "GET", "/v3/Lists/l/Items/12", NULL);
    assert_true(str_eq(client_world_command(*state)->object, item.name));
    client_world_answer(*state, OK, &item, &list);
    answers(*state, 200, LIST_ITEM "\"data\":{\"a\":1}," DATES);
}

static void a_map_item_is_read_with_its_data(void **state)
{
    struct change item = item_of(KIND_MAP_ITEM, STR("k"));
    client_world_call(*state, "GET", "/v3/Maps/m/Items/k", NULL);
    client_world_answer(*state, OK, &item, &map);
    answers(*state, 200, MAP_ITEM("k", "k") "\"data\":{\"a\":1}," DATES);
}

/* Dots with a semicolon, because not every client leaves dot segments alone. */
static void the_url_of_an_item_leads_to_it_whatever_its_key(void **state)
{
    struct client_world *world = *state;
    struct change item = item_of(KIND_MAP_ITEM, STR(".."));
    client_world_call(world, "PUT", "/v3/Maps/m/Items/..", "{\"data\":{}}");
    assert_true(str_eq(client_world_command(world)->object, STR("..")));
    client_world_answer(world, OK, &item, &map);
    answers(world, 200, MAP_ITEM("..", "..;") DATES);
    client_world_call(world, "GET", "/v3/Maps/m/Items/..;", NULL);
    assert_true(str_eq(client_world_command(world)->object, STR("..")));
    item.name = STR("\"/ ?");
    client_world_answer(world, OK, &item, &map);
    answers(world, 200, MAP_ITEM("\\\"/ ?", "%22%2F%20%3F") "\"data\":{\"a\":1}," DATES);
}

/* Names are kept in the order of UTF-16: sync/item_name.h. */
static void a_key_comes_back_as_it_was_sent(void **state)
{
    struct change item = item_of(KIND_MAP_ITEM, STR("\xfe\x80\x80"));
    client_world_call(*state, "GET", "/v3/Maps/m/Items/%EE%80%80", NULL);
    assert_true(str_eq(client_world_command(*state)->object, item.name));
    client_world_answer(*state, OK, &item, &map);
    answers(*state, 200, MAP_ITEM("\xee\x80\x80", "%EE%80%80") "\"data\":{\"a\":1}," DATES);
}

static void a_put_tells_what_it_created_from_what_it_replaced(void **state)
{
    struct client_world *world = *state;
    struct change item = item_of(KIND_MAP_ITEM, STR("k"));
    for (int created = 0; created < 2; created++) {
        client_world_call(world, "PUT", "/v3/Maps/m/Items/k", "{\"data\":{\"a\":1}}");
        item.type = created ? CHANGE_CREATED : CHANGE_UPDATED;
        client_world_answer(world, OK, &item, &map);
        answers(world, created ? 201 : 200, MAP_ITEM("k", "k") DATES);
    }
}

static void an_item_is_made_by_a_post(void **state)
{
    struct client_world *world = *state;
    struct change made = item_of(KIND_LIST_ITEM, STR("000000000000000c"));
    client_world_call(world, "POST", "/v3/Lists/l/Items", "{\"data\":{\"b\":2},\"ttl\":9}");
    const struct command *command = client_world_command(world);
    assert_int_equal(command->verb, VERB_CREATE);
    assert_true(str_eq(command->container, STR("l")));
    assert_null(command->object.ptr);
    assert_null(command->name.ptr);
    assert_true(str_eq(command->data, STR("{\"b\":2}")));
    assert_int_equal(command->ttl.s, 9);
    client_world_answer(world, OK, &made, &list);
    answers(world, 201, LIST_ITEM DATES);
}

static void an_item_of_a_map_is_made_with_a_key(void **state)
{
    struct client_world *world = *state;
    struct change made = item_of(KIND_MAP_ITEM, STR("k"));
    client_world_call(world, "POST", "/v3/Maps/m/Items", "{\"key\":\"k\",\"data\":{}}");
    assert_true(str_eq(client_world_command(world)->name, STR("k")));
    client_world_answer(world, OK, &made, &map);
    answers(world, 201, MAP_ITEM("k", "k") DATES);
    client_world_call(world, "POST", "/v3/Maps/m/Items", "{\"data\":{}}");
    assert_int_equal(world->status, 400);
    assert_non_null(strstr(client_world_body(world), "\"code\":54209"));
}

/* The SDKs read last_event_id and date_updated of it. */
static void a_removal_is_answered_with_the_item(void **state)
{
    struct change gone = item_of(KIND_MAP_ITEM, STR("k"));
    gone.type = CHANGE_REMOVED;
    client_world_call(*state, "DELETE", "/v3/Maps/m/Items/k", "data_sync");
    client_world_answer(*state, OK, &gone, &map);
    answers(*state, 200, MAP_ITEM("k", "k") DATES);
}

/* How often the session has noted `seq` as its own. */
static size_t count_own(const struct client_world *world, uint64_t seq)
{
    const struct subscriber *subscriber = &client_of(world->session)->subscriber;
    size_t count = 0;
    for (size_t i = 0; subscriber->own && i < SUBSCRIBER_OWN_MAX; i++)
        count += subscriber->own[i] == seq;
    return count;
}

static void what_the_session_wrote_is_noted_as_its_own(void **state)
{
    static const char *const methods[] = {"PUT", "POST", "DELETE"};
    struct client_world *world = *state;
    struct change item = item_of(KIND_MAP_ITEM, STR("k"));
    for (size_t i = 0; i < 3; i++) {
        client_world_call(world, methods[i], "/v3/Maps/m/Items/k", "{\"data\":{}}");
        client_world_answer(world, OK, &item, &map);
        assert_int_equal(count_own(world, 41), i + 1);
    }
}

static void what_it_read_or_failed_to_write_is_not(void **state)
{
    struct client_world *world = *state;
    struct change item = item_of(KIND_MAP_ITEM, STR("k"));
    client_world_call(world, "GET", "/v3/Maps/m/Items/k", NULL);
    client_world_answer(world, OK, &item, &map);
    client_world_call(world, "PUT", "/v3/Maps/m/Items/k", "{\"data\":{}}");
    client_world_answer(world, ERR_REVISION, NULL, &map);
    assert_int_equal(count_own(world, 41), 0);
    assert_int_equal(world->status, 412);
    assert_non_null(strstr(client_world_body(world), "\"code\":54205"));
}

static void what_is_no_index_is_refused(void **state)
{
    static const char *const names[] = {"x", "-1", "1.5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64] = "/v3/Lists/l/Items/";
        client_world_call(*state, "GET", strcat(path, names[i]), NULL);
        assert_int_equal(((struct client_world *)*state)->status, 400);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_item_is_read_with_its_data),
        TEST(a_map_item_is_read_with_its_data),
        TEST(the_url_of_an_item_leads_to_it_whatever_its_key),
        TEST(a_key_comes_back_as_it_was_sent),
        TEST(a_put_tells_what_it_created_from_what_it_replaced),
        TEST(an_item_is_made_by_a_post),
        TEST(an_item_of_a_map_is_made_with_a_key),
        TEST(a_removal_is_answered_with_the_item),
        TEST(what_the_session_wrote_is_noted_as_its_own),
        TEST(what_it_read_or_failed_to_write_is_not),
        TEST(what_is_no_index_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
