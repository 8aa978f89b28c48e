/* What store.h promises of pages, asked of every store there is. */
#include "fake/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

/* In their order: a prefix first, then byte by byte, without sign, whether it is text or not. */
static const struct str names[] = {
    STR_INIT(""),
    STR_INIT("\0"),
    STR_INIT("\0\0"),
    STR_INIT("\0z"),
    STR_INIT("A"),
    STR_INIT("a"),
    STR_INIT("a\0"),
    STR_INIT("a\0\0"),
    STR_INIT("a\0a"),
    STR_INIT("a\1"),
    STR_INIT("aa"),
    STR_INIT("ab"),
    STR_INIT("b"),
    STR_INIT("\x7f"),
    STR_INIT("\x80"),
    STR_INIT("\xc3\xa4"),
    STR_INIT("\xf0\x9f\x98\x80"),
    STR_INIT("\xfe"),
    STR_INIT("\xfe\x80\x80"),
    STR_INIT("\xff"),
    STR_INIT("\xff\xbf\xbf"),
};

enum { NAMES = sizeof names / sizeof *names, ALL = 32, LATER_MS = 2000 };

/* --- small words --- */

static uint64_t create_named(struct store *store, struct str name)
{
    struct change draft = room_draft(NULL);
    draft.name = name;
    room_commit(store, &draft, 1);
    return draft.id;
}

/* Every `step`th name from `first` on, in no order. */
static void create_some(struct store *store, unsigned first, unsigned step)
{
    for (unsigned i = 0; i < NAMES; i++) {
        unsigned at = i * 8 % NAMES; /* NAMES is no multiple of 2: each comes once */
        if (at % step == first)
            create_named(store, names[at]);
    }
}

static unsigned place_of(struct str name)
{
    unsigned at = 0;
    while (at < NAMES && !str_eq(names[at], name))
        at++;
    assert_true(at < NAMES);
    return at;
}

/* The page has `count` names: names[first], and then every `step`th (a negative one: down). */
static void assert_names(struct store *store, struct store_range range, size_t max, int first,
                         int step, size_t count)
{
    struct change *heads[ALL];
    size_t got;
    range.parent = ROOM_PARENT;
    range.kind = KIND_DOCUMENT;
    range.order = STORE_BY_NAME;
    assert_int_equal(store_page(store, &range, heads, max, &got), OK);
    assert_int_equal(got, count);
    for (size_t i = 0; i < got; i++) {
        assert_int_equal(place_of(heads[i]->name), first + (int)i * step);
        change_unref(heads[i]);
    }
}

static struct store_range by_name(const char *name, bool inclusive)
{
    return (struct store_range){
        .order = STORE_BY_NAME,
        .bounded = name,
        .inclusive = inclusive,
        .name = str_from(name),
    };
}

static struct store_range down(struct store_range range)
{
    range.descending = true;
    return range;
}

static struct store_range by_id(uint64_t id, bool inclusive)
{
    return (struct store_range){.bounded = true, .inclusive = inclusive, .id = id};
}

/* --- by id --- */

static void a_page_goes_up_and_down_from_any_place(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    for (int i = 0; i < 6; i++)
        room_create(store, NULL);
    room_follow(store, 3, CHANGE_REMOVED, "{}");
    room_assert_page(store, (struct store_range){0}, 3, "1 2 4");
    room_assert_page(store, by_id(0, false), 3, "1 2 4");
    room_assert_page(store, by_id(2, false), 8, "4 5 6");
    room_assert_page(store, by_id(2, true), 8, "2 4 5 6");
    room_assert_page(store, by_id(3, false), 1, "4");
    room_assert_page(store, by_id(3, true), 1, "4");
    room_assert_page(store, by_id(6, false), 8, "");
    room_assert_page(store, by_id(6, true), 8, "6");
    room_assert_page(store, by_id(INT64_MAX, true), 8, "");
    room_assert_page(store, by_id(UINT64_MAX, true), 8, "");
    room_assert_page(store, down((struct store_range){0}), 3, "6 5 4");
    room_assert_page(store, down(by_id(4, false)), 8, "2 1");
    room_assert_page(store, down(by_id(4, true)), 8, "4 2 1");
    room_assert_page(store, down(by_id(1, false)), 8, "");
    room_assert_page(store, down(by_id(1, true)), 8, "1");
    room_assert_page(store, down(by_id(0, true)), 8, "");
    room_assert_page(store, down(by_id(UINT64_MAX, false)), 2, "6 5");
}

/* --- by name --- */

static void names_are_in_the_order_of_their_bytes(void **state)
{
    struct room *room = *state;
    create_some(room->store, 0, 1);
    room_create(room->store, NULL); /* it has no name, so no place */
    for (int i = 0; i < 3; i++) {
        assert_names(room->store, (struct store_range){0}, ALL, 0, 1, NAMES);
        assert_names(room->store, (struct store_range){0}, 3, 0, 1, 3);
        assert_names(room->store, down((struct store_range){0}), ALL, NAMES - 1, -1, NAMES);
        assert_names(room->store, down((struct store_range){0}), 3, NAMES - 1, -1, 3);
        if (i == 0)
            room_tidy(room->store, LATER_MS);
        else
            room_reopen(room);
    }
}

static void a_page_begins_at_a_name_or_behind_it(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    create_some(store, 0, 1);
    for (int i = 0; i < NAMES; i++) {
        struct store_range range = {.bounded = true, .name = names[i]};
        assert_names(store, range, ALL, i + 1, 1, NAMES - 1 - (size_t)i);
        assert_names(store, down(range), ALL, i - 1, -1, (size_t)i);
        range.inclusive = true;
        assert_names(store, range, ALL, i, 1, NAMES - (size_t)i);
        assert_names(store, range, 1, i, 1, 1);
        assert_names(store, down(range), ALL, i, -1, 1 + (size_t)i);
    }
}

/* Every second name is there; the others are bounds only. */
static void a_page_begins_where_nobody_is(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    create_some(store, 0, 2);
    for (int i = 1; i < NAMES; i += 2)
        for (int inclusive = 0; inclusive < 2; inclusive++) {
            struct store_range range = {.bounded = true, .inclusive = inclusive, .name = names[i]};
            assert_names(store, range, ALL, i + 1, 2, (size_t)(NAMES - i) / 2);
            assert_names(store, down(range), ALL, i - 1, -2, ((size_t)i + 1) / 2);
        }
}

static void a_page_of_an_empty_range_is_empty(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    room_create(store, NULL);
    room_assert_page(store, by_name(NULL, false), 8, "");
    room_assert_page(store, down(by_name(NULL, false)), 8, "");
    room_assert_page(store, by_name("", true), 8, "");
    room_assert_page(store, down(by_name("\xff", true)), 8, "");
}

static void a_page_is_of_one_kind_under_one_parent(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change drafts[] = {room_draft("m"), room_draft("m"), room_draft("m"), room_draft("a"),
                              room_draft("z"), room_draft("a"), room_draft("z")};
    drafts[1].parent = drafts[3].parent = ROOM_PARENT - 1;
    drafts[2].kind = drafts[4].kind = KIND_MAP_ITEM;
    drafts[5].kind = KIND_SERVICE;
    drafts[6].parent = ROOM_PARENT + 1;
    room_commit(store, drafts, 7);
    for (int i = 0; i < 2; i++) {
        struct store_range items = by_name(NULL, false);
        items.parent = ROOM_PARENT;
        items.kind = KIND_MAP_ITEM;
        room_assert_page(store, by_name(NULL, false), 8, "1");
        room_assert_page(store, down(by_name(NULL, false)), 8, "1");
        room_assert_page(store, by_name("a", true), 8, "1");
        room_assert_page(store, down(by_name("z", true)), 8, "1");
        room_assert_page(store, items, 8, "3 5");
        room_assert_page(store, down(items), 8, "5 3");
        room_tidy(store, LATER_MS);
    }
}

/* In memory or on disk, whichever of them. */
static void a_name_given_again_is_there_once(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    char ids[40];
    room_create(store, "a");
    room_create(store, "c");
    for (unsigned round = 0; round < 16; round++) {
        uint64_t id = room_create(store, "b");
        if (round & 1)
            room_tidy(store, LATER_MS);
        snprintf(ids, sizeof ids, "1 %d 2", (int)id);
        if (round & 2)
            room_assert_page(store, by_name(NULL, false), 8, ids);
        room_follow(store, id, CHANGE_REMOVED, "{}");
        if (round & 4)
            room_tidy(store, LATER_MS);
        if (round & 8)
            room_assert_page(store, by_name(NULL, false), 8, "1 2");
    }
}

static void one_commit_can_give_a_name_again(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct change drafts[4] = {room_draft("b")};
    room_create(store, "a");
    room_create(store, "c");
    room_commit(store, drafts, 1);
    room_tidy(store, LATER_MS);
    drafts[1] = room_draft_after(&drafts[0], CHANGE_REMOVED);
    drafts[2] = room_draft("b");
    drafts[2].id = drafts[2].seq = 5;
    drafts[3] = room_draft_after(&drafts[2], CHANGE_UPDATED);
    room_commit(store, drafts + 1, 3);
    room_assert_page(store, by_name(NULL, false), 8, "1 5 2");
    room_assert_page(store, down(by_name("b", true)), 8, "5 1");
}

static void a_page_shows_the_newest_state(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    struct store_range range = by_name(NULL, false);
    struct change *head;
    size_t count;
    uint64_t id = room_create(store, "x");
    room_expire_at(store, id, 5000);
    room_tidy(store, LATER_MS);
    room_follow(store, id, CHANGE_UPDATED, "{\"b\":2}");
    range.parent = ROOM_PARENT;
    range.kind = KIND_DOCUMENT;
    assert_int_equal(store_page(store, &range, &head, 1, &count), OK);
    assert_int_equal(count, 1);
    assert_true(str_eq(head->data, STR("{\"b\":2}")));
    change_unref(head);
}

/* --- what only SQLite does --- */

static void a_page_writes_behind_only_what_its_own_range_waits_for(void **state)
{
    struct store *store = ((struct room *)*state)->store;
    const struct metric *written = &store->metrics.heads_written;
    struct store_range permissions = {.parent = 1, .kind = KIND_PERMISSION};
    struct change draft = room_draft("ann");
    room_create(store, "x");
    room_assert_page(store, permissions, 1, "");
    assert_int_equal(metric_get(written), 0);
    room_assert_page(store, (struct store_range){0}, 1, "1");
    assert_int_equal(metric_get(written), 1);
    room_follow(store, 1, CHANGE_UPDATED, "{}"); /* nothing that an index knows */
    room_assert_page(store, (struct store_range){0}, 1, "1");
    assert_int_equal(metric_get(written), 1);
    draft.parent = permissions.parent;
    draft.kind = permissions.kind;
    room_commit(store, &draft, 1);
    room_assert_page(store, (struct store_range){0}, 1, "1");
    assert_int_equal(metric_get(written), 1);
    room_assert_page(store, permissions, 1, "3");
    assert_int_equal(metric_get(written), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_BOTH(a_page_goes_up_and_down_from_any_place),
        ROOM_BOTH(names_are_in_the_order_of_their_bytes),
        ROOM_BOTH(a_page_begins_at_a_name_or_behind_it),
        ROOM_BOTH(a_page_begins_where_nobody_is),
        ROOM_BOTH(a_page_of_an_empty_range_is_empty),
        ROOM_BOTH(a_page_is_of_one_kind_under_one_parent),
        ROOM_BOTH(a_name_given_again_is_there_once),
        ROOM_BOTH(one_commit_can_give_a_name_again),
        ROOM_BOTH(a_page_shows_the_newest_state),
        ROOM_ON(sqlite, a_page_writes_behind_only_what_its_own_range_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
