#include "subscription/shared_queries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define GOOD "{\"a\":1}"
#define BAD  "{\"a\":2}"

enum { DATA_SIZE = 64, MANY = 2 * QUERY_GROUP_MAX + 5 };

struct world {
    struct shared_queries queries;
    struct shared_query *query; /* a == 1 */
    uint64_t seq;
};

static int begin(void **state)
{
    static struct world world;
    world = (struct world){.seq = 10};
    shared_queries_init(&world.queries);
    world.query = shared_queries_join(&world.queries, STR("a == 1"));
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    shared_queries_forget(&world->queries);
    shared_queries_leave(&world->queries, world->query);
    shared_queries_deinit(&world->queries);
    return 0;
}

/* A change of an item, from `before` to `data`; NULL: there was none, or it is not known. */
struct happened {
    struct change map;
    struct notice notice;
};

static void happen(struct world *world, enum change_type type, const char *before, const char *data,
                   struct happened *happened)
{
    struct change item = {
        .kind = KIND_MAP_ITEM, .id = 3, .name = STR("k"), .type = type, .seq = ++world->seq};
    struct change old = item;
    item.data = str_from(data);
    old.data = str_from(before);
    old.seq--;
    happened->map = (struct change){.kind = KIND_MAP, .type = CHANGE_ITEM, .seq = ++world->seq};
    happened->notice = (struct notice){
        .change = &happened->map,
        .item = change_new(&item),
        .before = before ? change_new(&old) : NULL,
    };
}

static void done(struct happened *happened)
{
    change_unref(happened->notice.item);
    change_unref(happened->notice.before);
}

static enum query_effect news_of(struct world *world, enum change_type type, const char *before,
                                 const char *data)
{
    size_t cost = 0;
    struct happened happened;
    happen(world, type, before, data, &happened);
    enum query_effect effect = shared_queries_evaluate(world->query, &happened.notice, &cost);
    assert_int_equal(shared_queries_evaluate(world->query, &happened.notice, &cost), effect);
    done(&happened);
    return effect;
}

static void what_matches_is_an_update_and_what_matched_before_a_removal(void **state)
{
    struct world *world = *state;
    assert_int_equal(news_of(world, CHANGE_CREATED, NULL, GOOD), QUERY_ITEM_UPDATED);
    assert_int_equal(news_of(world, CHANGE_CREATED, NULL, BAD), QUERY_NO_EFFECT);
    assert_int_equal(news_of(world, CHANGE_UPDATED, BAD, GOOD), QUERY_ITEM_UPDATED);
    assert_int_equal(news_of(world, CHANGE_UPDATED, GOOD, GOOD), QUERY_ITEM_UPDATED);
    assert_int_equal(news_of(world, CHANGE_UPDATED, GOOD, BAD), QUERY_ITEM_REMOVED);
    assert_int_equal(news_of(world, CHANGE_UPDATED, BAD, BAD), QUERY_NO_EFFECT);
    assert_int_equal(news_of(world, CHANGE_REMOVED, NULL, GOOD), QUERY_ITEM_REMOVED);
    assert_int_equal(news_of(world, CHANGE_REMOVED, NULL, BAD), QUERY_NO_EFFECT);
    assert_int_equal(news_of(world, CHANGE_EXPIRED, NULL, GOOD), QUERY_ITEM_REMOVED);
    assert_int_equal(news_of(world, CHANGE_EXPIRED, NULL, BAD), QUERY_NO_EFFECT);
}

static void where_nobody_knows_the_state_before_it_may_have_matched(void **state)
{
    struct world *world = *state;
    assert_int_equal(news_of(world, CHANGE_UPDATED, NULL, BAD), QUERY_ITEM_REMOVED);
    assert_int_equal(news_of(world, CHANGE_UPDATED, NULL, GOOD), QUERY_ITEM_UPDATED);
}

static void a_change_of_the_map_itself_is_no_news(void **state)
{
    struct world *world = *state;
    struct change map = {.kind = KIND_MAP, .type = CHANGE_REMOVED, .seq = 20};
    size_t cost = 0;
    struct notice notice = {.change = &map};
    assert_int_equal(shared_queries_evaluate(world->query, &notice, &cost), QUERY_NO_EFFECT);
}

static bool says(const struct event *event, const char *part)
{
    return memmem(event->text, event->len, part, strlen(part));
}

static void equal_queries_are_one_and_have_one_event(void **state)
{
    struct world *world = *state;
    struct shared_query *same = shared_queries_join(&world->queries, STR("a == 1"));
    struct shared_query *other = shared_queries_join(&world->queries, STR("a  == 1"));
    struct happened happened;
    size_t cost = 0;
    assert_ptr_equal(same, world->query);
    assert_ptr_not_equal(other, world->query);
    happen(world, CHANGE_CREATED, NULL, GOOD, &happened);
    enum query_effect effect = shared_queries_evaluate(same, &happened.notice, &cost);
    struct event *events[4];
    struct str ids[] = {STR("q"), STR("q"), STR("r"), STR("q")};
    for (size_t i = 0; i < 4; i++) {
        events[i] = shared_queries_event(&world->queries, same, &happened.notice, effect, ids[i]);
        assert_string_equal(events[i]->type, "live_query_item_updated");
    }
    assert_ptr_equal(events[0], events[1]);
    assert_ptr_equal(events[0], events[3]);
    assert_true(says(events[2], "{\"query_id\":\"r\","));
    shared_queries_forget(&world->queries);
    for (size_t i = 0; i < 4; i++)
        event_unref(events[i]);
    done(&happened);
    shared_queries_leave(&world->queries, same);
    shared_queries_leave(&world->queries, other);
}

static void an_event_is_never_that_of_another_change(void **state)
{
    struct world *world = *state;
    static const char *const data[] = {GOOD, "{\"a\":1,\"b\":1}"};
    for (size_t i = 0; i < 2; i++) {
        struct happened happened;
        size_t cost = 0;
        happen(world, CHANGE_CREATED, NULL, data[i], &happened);
        enum query_effect effect = shared_queries_evaluate(world->query, &happened.notice, &cost);
        struct event *event =
            shared_queries_event(&world->queries, world->query, &happened.notice, effect, STR("q"));
        assert_true(says(event, data[i]));
        event_unref(event);
        done(&happened);
    }
}

/* --- many --- */

static struct shared_query *ask(struct world *world, size_t n)
{
    char text[DATA_SIZE];
    snprintf(text, sizeof text, "n == %zu or m.n%zu == 1", n, n);
    return shared_queries_join(&world->queries, str_from(text));
}

static void all_find(struct world *world, struct shared_query *const *queries, size_t count)
{
    for (size_t n = 0; n < count + 1; n++) {
        struct happened happened;
        char before[DATA_SIZE], data[DATA_SIZE];
        size_t cost = 0;
        snprintf(before, sizeof before, "{\"n\":%zu}", n);
        snprintf(data, sizeof data, "{\"m\":{\"n%zu\":1}}", n + 1);
        happen(world, CHANGE_UPDATED, before, data, &happened);
        for (size_t i = 0; i < count; i++) {
            if (!queries[i])
                continue;
            enum query_effect effect = shared_queries_evaluate(queries[i], &happened.notice, &cost);
            assert_int_equal(effect, i == n       ? QUERY_ITEM_REMOVED
                                     : i == n + 1 ? QUERY_ITEM_UPDATED
                                                  : QUERY_NO_EFFECT);
        }
        done(&happened);
    }
}

static void queries_come_and_go_and_each_finds_its_own(void **state)
{
    struct world *world = *state;
    struct shared_query *queries[MANY] = {0};
    for (size_t i = 0; i < MANY; i++)
        queries[i] = ask(world, i);
    all_find(world, queries, MANY);
    for (size_t i = 0; i < MANY; i += 3) {
        shared_queries_leave(&world->queries, queries[i]);
        queries[i] = NULL;
    }
    all_find(world, queries, MANY);
    for (size_t i = 0; i < MANY; i += 6)
        queries[i] = ask(world, i);
    all_find(world, queries, MANY);
    for (size_t i = 0; i < MANY; i++)
        if (queries[i])
            shared_queries_leave(&world->queries, queries[i]);
}

/* Two hundred, of which each would read the item anew. */
static void many_queries_look_at_an_item_a_few_times_in_all(void **state)
{
    enum { QUERIES = 200, SIZE = 15700 };
    static char data[SIZE + 1];
    struct world *world = *state;
    struct shared_query *queries[QUERIES];
    struct happened happened;
    size_t cost = 0, again = 0;
    memset(data, 'x', SIZE);
    memcpy(data, "{\"s\":\"", 6);
    memcpy(data + SIZE - 2, "\"}", 2);
    for (size_t i = 0; i < QUERIES; i++)
        queries[i] = ask(world, i);
    happen(world, CHANGE_CREATED, NULL, data, &happened);
    assert_false(shared_queries_is_evaluated(queries[0], &happened.notice));
    for (size_t i = 0; i < QUERIES; i++)
        shared_queries_evaluate(queries[i], &happened.notice, &cost);
    assert_in_range(cost, SIZE, 8 * SIZE + QUERIES * 200);
    assert_true(shared_queries_is_evaluated(queries[0], &happened.notice));
    for (size_t i = 0; i < QUERIES; i++)
        shared_queries_evaluate(queries[i], &happened.notice, &again);
    assert_int_equal(again, 0);
    done(&happened);
    for (size_t i = 0; i < QUERIES; i++)
        shared_queries_leave(&world->queries, queries[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_matches_is_an_update_and_what_matched_before_a_removal),
        TEST(where_nobody_knows_the_state_before_it_may_have_matched),
        TEST(a_change_of_the_map_itself_is_no_news),
        TEST(equal_queries_are_one_and_have_one_event),
        TEST(an_event_is_never_that_of_another_change),
        TEST(queries_come_and_go_and_each_finds_its_own),
        TEST(many_queries_look_at_an_item_a_few_times_in_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
