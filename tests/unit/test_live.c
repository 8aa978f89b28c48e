#include "realtime/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct change map = {.event = EVENT_ITEM, .kind = KIND_MAP, .seq = 90, .id = 2};

static struct change item_of(uint64_t id)
{
    return (struct change){
        .event = EVENT_UPDATED,
        .kind = KIND_MAP_ITEM,
        .id = id,
        .name = STR("k"),
        .data = STR("{}"),
    };
}

/* What is told of the item's removal: no event is "". */
static const char *told_of_removal(struct live *live, uint64_t id)
{
    struct change item = item_of(id);
    struct change change = map;
    item.event = EVENT_REMOVED;
    struct notice notice = {.change = &change, .item = &item};
    struct occasion *occasion = live_event(live, &notice);
    const char *type = occasion ? occasion->type : "";
    occasion_unref(occasion);
    return type;
}

static void a_query_with_more_items_than_are_remembered_still_tells_all_removals(void **state)
{
    struct live *live;
    struct change first = item_of(1), *page[] = {&first};
    (void)state;
    assert_int_equal(live_new(&live, STR("LQ1"), STR("m"), STR("")), OK);
    live_seed(live, page, 1, true);
    assert_string_equal(told_of_removal(live, 7), "");
    for (uint64_t id = 2; id <= LIVE_KEYS_MAX + 1; id++) {
        struct change item = item_of(id), change = map;
        struct notice notice = {.change = &change, .item = &item};
        occasion_unref(live_event(live, &notice));
    }
    assert_string_equal(told_of_removal(live, LIVE_KEYS_MAX + 1), "live_query_item_removed");
    live_free(live);
}

static void an_id_is_told_as_it_came(void **state)
{
    struct live *live;
    struct change item = item_of(1), change = map;
    struct notice notice = {.change = &change, .item = &item};
    (void)state;
    assert_int_equal(live_new(&live, STR("a\"b"), STR("m"), STR("")), OK);
    struct occasion *occasion = live_event(live, &notice);
    struct str begin = STR("{\"query_id\":\"a\\\"b\",");
    assert_true(str_starts((struct str){occasion->text, occasion->len}, begin));
    occasion_unref(occasion);
    live_free(live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_with_more_items_than_are_remembered_still_tells_all_removals),
        cmocka_unit_test(an_id_is_told_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
