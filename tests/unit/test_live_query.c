#include "subscription/live_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct live *make(const char *id, const char *text)
{
    struct live *live;
    assert_int_equal(live_new(&live, str_from(id), STR("m"), str_from(text)), OK);
    return live;
}

static void an_id_is_told_as_it_came(void **state)
{
    struct live *live = make("a\"b", "");
    struct live_queries queries;
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
    live_queries_init(&queries);
    live_join(live, &queries);
    struct event *event = live_event(live, &notice, &cost);
    assert_true(str_starts((struct str){event->text, event->len}, text));
    event_unref(event);
    live_free(live);
    change_unref(kept);
    live_queries_deinit(&queries);
}

static void what_is_no_query_is_refused(void **state)
{
    struct live *live;
    (void)state;
    assert_int_equal(live_new(&live, STR("q"), STR("m"), STR("a ==")), ERR_QUERY);
    live_free(NULL);
}

static void a_query_counts_by_its_text_and_by_what_it_is_compiled_to(void **state)
{
    (void)state;
    struct live *empty = make("q", ""), *brief = make("q", "a == 1"),
                *deep = make("q", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a == 1"),
                *prefixed = make("q", "data.a == 1");
    assert_in_range(empty->size, sizeof(struct live), sizeof(struct live) + 64);
    assert_true(brief->size > empty->size + 200 && brief->size < 1024);
    assert_true(deep->size > brief->size + 15 * 40);
    assert_true(prefixed->size > brief->size + 200);
    live_free(empty);
    live_free(brief);
    live_free(deep);
    live_free(prefixed);
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
