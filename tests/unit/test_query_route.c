#include "realtime/query_route.h"

#include "fake/client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

enum { PAGE = PAGE_SIZE_MAX };

static const struct change map = {
    .type = CHANGE_ITEM, .kind = KIND_MAP, .seq = 90, .id = 2, .salt = 0xa2};
static const struct change later = {
    .type = CHANGE_ITEM, .kind = KIND_MAP, .seq = 99, .id = 2, .salt = 0xa2};

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

static struct change item_of(const char *key, uint64_t seq, const char *data)
{
    return (struct change){
        .type = CHANGE_UPDATED,
        .kind = KIND_MAP_ITEM,
        .seq = seq,
        .name = str_from(key),
        .data = str_from(data),
    };
}

static void ask(struct client_world *world, const char *index, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "/v3/Insights/%s/Items", index);
    client_world_call(world, "POST", path, body);
}

static void answer_page(struct client_world *world, const struct change *items, size_t count,
                        bool more)
{
    client_world_answer_page(world, &later, items, count, false, more);
}

/* Of a query over an empty map, until the next call. */
static const char *query_id(struct client_world *world, const char *index, const char *query)
{
    static char id[64];
    char body[128];
    snprintf(body, sizeof body, "{\"query_string\":\"%s\"}", query);
    ask(world, index, body);
    client_world_answer(world, OK, &map, NULL);
    answer_page(world, NULL, 0, false);
    assert_int_equal(sscanf(client_world_body(world), "{\"query_id\":\"%63[^\"]", id), 1);
    return id;
}

/* The last event is the map's before the first page is read: nothing falls between it and them. */
static void what_matches_is_told_and_where_to_go_on_from(void **state)
{
    struct client_world *world = *state;
    const struct change items[] = {item_of("k", 40, "{\"n\":1}"), item_of("l", 50, "{\"n\":2}"),
                                   item_of("m", 98, "{\"n\":1}")};
    ask(world, "m", "{\"query_string\":\"n == 1\",\"type\":\"live_query\"}");
    assert_int_equal(client_world_command(world)->verb, VERB_FETCH);
    assert_int_equal(client_world_command(world)->kind, KIND_MAP);
    assert_true(str_eq(client_world_command(world)->object, STR("m")));
    client_world_answer(world, OK, &map, NULL);
    answer_page(world, items, 3, false);
    assert_int_equal(world->status, 200);
    const char *rest = strchr(client_world_body(world), ',');
    assert_string_equal(rest, ",\"last_event_id\":90,\"items\":["
                              "{\"key\":\"k\",\"data\":{\"n\":1},\"revision\":41},"
                              "{\"key\":\"m\",\"data\":{\"n\":1},\"revision\":99}]}");
}

static void all_pages_of_the_map_that_was_found_are_read(void **state)
{
    struct client_world *world = *state;
    const struct change first[] = {item_of("a", 1, "{}"), item_of("b", 2, "{}")};
    const struct change second[] = {item_of("c", 3, "{}")};
    ask(world, "m", "{}");
    client_world_answer(world, OK, &map, NULL);
    const struct command *command = client_world_command(world);
    assert_int_equal(command->verb, VERB_LIST);
    assert_int_equal(command->page.size, PAGE);
    assert_null(command->page.place.ptr);
    assert_true(str_eq(command->container, STR("MP000000000000000200000000000000a2")));
    answer_page(world, first, 2, true);
    assert_true(str_eq(command->container, STR("MP000000000000000200000000000000a2")));
    assert_true(str_eq(command->page.place, STR("b")));
    assert_int_equal(world->replies, 0);
    answer_page(world, second, 1, true);
    assert_true(str_eq(command->page.place, STR("c")));
    answer_page(world, NULL, 0, false);
    assert_non_null(strstr(client_world_body(world), "\"key\":\"a\""));
    assert_non_null(strstr(client_world_body(world), "\"key\":\"c\""));
    assert_int_equal(world->replies, 1);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    while ((text = strstr(text, part))) {
        text++;
        count++;
    }
    return count;
}

static void only_so_many_items_are_told(void **state)
{
    static struct change items[PAGE];
    struct client_world *world = *state;
    for (size_t i = 0; i < PAGE; i++)
        items[i] = item_of("k", 1, "{}");
    ask(world, "m", "{}");
    client_world_answer(world, OK, &map, NULL);
    answer_page(world, items, 1, true); /* so that the last page is too many by one */
    for (size_t i = 0; i < QUERY_ROUTE_ITEMS_MAX / PAGE; i++) {
        assert_int_equal(world->replies, 0);
        answer_page(world, items, PAGE, true);
    }
    assert_null(world->commands.first);
    assert_int_equal(count_of(client_world_body(world), "\"key\""), QUERY_ROUTE_ITEMS_MAX);
}

static void only_so_many_bytes_are_told(void **state)
{
    enum { DATA = 100000 };
    static struct change items[PAGE];
    static char data[DATA];
    struct client_world *world = *state;
    memset(data, 'x', sizeof data);
    memcpy(data, "{\"a\":\"", 6);
    memcpy(data + DATA - 2, "\"}", 2);
    for (size_t i = 0; i < PAGE; i++) {
        items[i] = item_of("k", 1, "{}");
        items[i].data = (struct str){data, DATA};
    }
    ask(world, "m", "{}");
    client_world_answer(world, OK, &map, NULL);
    while (!world->replies)
        answer_page(world, items, PAGE, true);
    const char *body = client_world_body(world);
    assert_int_equal(count_of(body, "\"key\""), QUERY_ROUTE_SIZE_MAX / DATA);
    assert_string_equal(body + strlen(body) - 15, "\"revision\":2}]}");
}

/* Each step looks at as much as it may cost, and asks for the rest of the page by another one. */
static void a_costly_page_is_looked_at_in_several_steps(void **state)
{
    enum { DATA = 25000, ITEMS = 8 };
    static struct change items[ITEMS];
    static char data[DATA], keys[ITEMS][2];
    struct client_world *world = *state;
    memset(data, 'x', sizeof data);
    memcpy(data, "{\"a\":\"", 6);
    memcpy(data + DATA - 2, "\"}", 2);
    for (size_t i = 0; i < ITEMS; i++) {
        keys[i][0] = (char)('a' + i);
        items[i] = item_of(keys[i], i + 1, "");
        items[i].data = (struct str){data, DATA};
    }
    items[7].data = STR("{\"a\":\"y\"}");
    ask(world, "m", "{\"query_string\":\"a == \\\"y\\\"\"}");
    client_world_answer(world, OK, &map, NULL);
    const struct command *command = client_world_command(world);
    size_t looked = QUERY_ROUTE_STEP_COST / DATA + 1;
    answer_page(world, items, ITEMS, false);
    assert_int_equal(world->replies, 0);
    assert_true(str_eq(command->page.place, str_from(keys[looked - 1])));
    assert_int_equal(command->page.size, looked);
    answer_page(world, items + looked, looked, true);
    assert_true(str_eq(command->page.place, str_from(keys[2 * looked - 1])));
    answer_page(world, items + 2 * looked, ITEMS - 2 * looked, false);
    assert_int_equal(world->replies, 1);
    assert_non_null(strstr(client_world_body(world), "[{\"key\":\"h\",\"data\":{\"a\":\"y\"}"));
}

static void one_query_has_one_id(void **state)
{
    char id[64];
    strcpy(id, query_id(*state, "m", "n == 1"));
    assert_string_equal(query_id(*state, "m", "n == 1"), id);
    assert_string_not_equal(query_id(*state, "n", "n == 1"), id);
    assert_string_not_equal(query_id(*state, "m", "n == 2"), id);
    ((struct client_world *)*state)->session->service_sid.text[33] ^= 1;
    assert_string_not_equal(query_id(*state, "m", "n == 1"), id);
}

static void is_refused(struct client_world *world, unsigned status, unsigned code)
{
    char text[32];
    snprintf(text, sizeof text, "\"code\":%u,", code);
    assert_int_equal(world->status, status);
    assert_non_null(strstr(client_world_body(world), text));
}

static void what_is_no_query_is_refused_at_once(void **state)
{
    struct client_world *world = *state;
    ask(world, "m", "{\"query_string\":\"n ==\"}");
    is_refused(world, 400, 54507);
    ask(world, "m", "{\"query_string\":7}");
    is_refused(world, 400, 20422);
    assert_int_equal(world->submitted, 0);
}

static void without_the_map_there_is_no_index(void **state)
{
    static const enum err missing[] = {ERR_MISSING, ERR_NAME_MISSING};
    struct client_world *world = *state;
    for (size_t i = 0; i < 2; i++) {
        ask(world, "m", "{}");
        client_world_answer(world, missing[i], NULL, NULL);
        is_refused(world, 404, 54502);
        ask(world, "m", "{}");
        client_world_answer(world, OK, &map, NULL);
        client_world_answer(world, missing[i], NULL, NULL);
        is_refused(world, 404, 54502);
    }
    ask(world, "m", "{}");
    client_world_answer(world, ERR_DENIED, NULL, NULL);
    is_refused(world, 403, 54007);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_matches_is_told_and_where_to_go_on_from),
        TEST(all_pages_of_the_map_that_was_found_are_read),
        TEST(only_so_many_items_are_told),
        TEST(only_so_many_bytes_are_told),
        TEST(a_costly_page_is_looked_at_in_several_steps),
        TEST(one_query_has_one_id),
        TEST(what_is_no_query_is_refused_at_once),
        TEST(without_the_map_there_is_no_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
