#include "subscription/live_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct live_query *make(const char *id, const char *text)
{
    struct live_query *query;
    assert_int_equal(live_query_new(&query, str_from(id), STR("m"), str_from(text)), OK);
    return query;
}

static void an_id_is_told_as_it_came(void **state)
{
    struct live_query *query = make("a\"b", "");
    struct shared_queries queries;
    struct change map = {.kind = KIND_MAP, .type = CHANGE_ITEM, .seq = 9};
    struct change item = {.kind = KIND_MAP_ITEM,
                          .id = 1,
                          .type = CHANGE_CREATED,
                          .name = STR("k"),
                          .data = STR("{}"),
                          .seq = 8};
    struct change *kept = change_new(&item);
    struct notice notice = {.change = &map, .item = kept};
    struct str text = STR("{\"query_id\":\"a\\\"b\",");
    size_t cost = 0;
    (void)state;
    shared_queries_init(&queries);
    live_query_join(query, &queries);
    struct event *event = live_query_event(query, &notice, &cost);
    assert_true(str_starts((struct str){event->text, event->len}, text));
    event_unref(event);
    live_query_free(query);
    change_unref(kept);
    shared_queries_deinit(&queries);
}

static void what_is_no_query_is_refused(void **state)
{
    struct live_query *query;
    (void)state;
    assert_int_equal(live_query_new(&query, STR("q"), STR("m"), STR("a ==")), ERR_QUERY);
    live_query_free(NULL);
}

static void a_query_counts_by_its_text_and_by_what_it_is_compiled_to(void **state)
{
    (void)state;
    struct live_query *empty = make("q", ""), *brief = make("q", "a == 1"),
                      *deep = make("q", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a == 1"),
                      *prefixed = make("q", "data.a == 1");
    assert_in_range(empty->size, sizeof(struct live_query), sizeof(struct live_query) + 64);
    assert_true(brief->size > empty->size + 200 && brief->size < 1024);
    assert_true(deep->size > brief->size + 15 * 40);
    assert_true(prefixed->size > brief->size + 200);
    live_query_free(empty);
    live_query_free(brief);
    live_query_free(deep);
    live_query_free(prefixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_told_as_it_came),
        cmocka_unit_test(what_is_no_query_is_refused),
        cmocka_unit_test(a_query_counts_by_its_text_and_by_what_it_is_compiled_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
