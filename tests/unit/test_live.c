#include "realtime/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define GOOD STR("{\"a\":1}")
#define BAD  STR("{\"a\":2}")

static int begin(void **state)
{
    return live_new((struct live **)state, STR("q"), STR("m"), STR("a == 1"));
}

static int end(void **state)
{
    live_free(*state);
    return 0;
}

static struct change item_of(uint64_t id, enum event event, struct str data)
{
    return (struct change){
        .kind = KIND_MAP_ITEM, .id = id, .event = event, .name = STR("k"), .data = data};
}

static const char *event_of(struct live *live, uint64_t id, enum event event, struct str data,
                            bool told)
{
    struct change map = {.kind = KIND_MAP, .event = EVENT_ITEM, .seq = 9};
    struct change item = item_of(id, event, data);
    struct notice notice = {&map, &item, 0};
    bool matches;
    struct occasion *occasion = live_event(live, &notice, &matches);
    if (told)
        live_note(live, &notice, matches);
    const char *type = occasion ? occasion->type : "nothing";
    occasion_unref(occasion);
    return type;
}

static void tells(struct live *live, uint64_t id, enum event event, struct str data,
                  const char *expected)
{
    assert_string_equal(event_of(live, id, event, data, true), expected);
}

static void tells_update(struct live *live, uint64_t id, enum event event)
{
    tells(live, id, event, GOOD, "live_query_item_updated");
}

static void tells_removal(struct live *live, uint64_t id, enum event event)
{
    tells(live, id, event, BAD, "live_query_item_removed");
}

static void tells_nothing(struct live *live, uint64_t id, enum event event)
{
    tells(live, id, event, BAD, "nothing");
}

static void seed(struct live *live, uint64_t id, struct str data, bool last)
{
    struct change item = item_of(id, EVENT_UPDATED, data);
    live_seed(live, &(struct change *){&item}, 1, last);
}

static void what_stops_matching_is_told_as_removed_once(void **state)
{
    for (int seeded = 0; seeded < 2; seeded++) {
        seed(*state, 1, GOOD, seeded);
        tells_removal(*state, 1, EVENT_UPDATED);
        tells_nothing(*state, 1, EVENT_UPDATED);
        tells_update(*state, 1, EVENT_UPDATED);
        tells_removal(*state, 1, EVENT_REMOVED);
    }
}

static void before_the_seed_what_nobody_looked_at_may_have_matched(void **state)
{
    tells_removal(*state, 1, EVENT_UPDATED);
    tells_removal(*state, 2, EVENT_REMOVED);
    tells_removal(*state, 3, EVENT_EXPIRED);
}

static void what_was_created_without_matching_is_not_told_as_removed(void **state)
{
    tells_nothing(*state, 1, EVENT_CREATED);
    tells_nothing(*state, 1, EVENT_UPDATED);
    tells_nothing(*state, 1, EVENT_REMOVED);
    tells_nothing(*state, 2, EVENT_CREATED);
    tells_update(*state, 2, EVENT_UPDATED);
    tells_removal(*state, 2, EVENT_REMOVED);
}

static void what_a_part_of_the_seed_showed_not_to_match_is_not_told_as_removed(void **state)
{
    seed(*state, 1, BAD, false);
    tells_nothing(*state, 1, EVENT_UPDATED);
    tells_removal(*state, 2, EVENT_UPDATED);
}

static void after_the_seed_only_what_matched_is_told_as_removed(void **state)
{
    tells_nothing(*state, 1, EVENT_CREATED);
    seed(*state, 2, GOOD, true);
    tells_nothing(*state, 1, EVENT_UPDATED);
    tells_removal(*state, 2, EVENT_UPDATED);
    tells_nothing(*state, 3, EVENT_REMOVED);
}

static void what_there_was_no_room_for_is_told_again(void **state)
{
    for (int seeded = 0; seeded < 2; seeded++) {
        seed(*state, 1, GOOD, seeded);
        assert_string_equal(event_of(*state, 1, EVENT_UPDATED, BAD, false),
                            "live_query_item_removed");
        tells_removal(*state, 1, EVENT_UPDATED);
    }
}

static void a_query_with_more_items_than_are_remembered_still_tells_all_removals(void **state)
{
    seed(*state, 1, GOOD, true);
    for (uint64_t id = 2; id <= LIVE_KEYS_MAX + 1; id++)
        event_of(*state, id, EVENT_UPDATED, GOOD, true);
    tells_removal(*state, LIVE_KEYS_MAX + 1, EVENT_REMOVED);
}

static void an_id_is_told_as_it_came(void **state)
{
    struct live *live;
    struct change map = {.kind = KIND_MAP, .event = EVENT_ITEM, .seq = 9};
    struct change item = item_of(1, EVENT_UPDATED, GOOD);
    struct notice notice = {&map, &item, 0};
    struct str text = STR("{\"query_id\":\"a\\\"b\",");
    bool matches;
    (void)state;
    assert_int_equal(live_new(&live, STR("a\"b"), STR("m"), STR("")), OK);
    struct occasion *occasion = live_event(live, &notice, &matches);
    assert_true(str_starts((struct str){occasion->text, occasion->len}, text));
    occasion_unref(occasion);
    live_free(live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_stops_matching_is_told_as_removed_once, begin, end),
        cmocka_unit_test_setup_teardown(before_the_seed_what_nobody_looked_at_may_have_matched,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_was_created_without_matching_is_not_told_as_removed,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            what_a_part_of_the_seed_showed_not_to_match_is_not_told_as_removed, begin, end),
        cmocka_unit_test_setup_teardown(after_the_seed_only_what_matched_is_told_as_removed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_there_was_no_room_for_is_told_again, begin, end),
        cmocka_unit_test_setup_teardown(
            a_query_with_more_items_than_are_remembered_still_tells_all_removals, begin, end),
        cmocka_unit_test(an_id_is_told_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
