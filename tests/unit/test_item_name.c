#include "sync/item_name.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "sync/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PAIRS = 200000, POINTS_MAX = 4 };

static int begin(void **state)
{
    static struct arena arena;
    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int end(void **state)
{
    arena_deinit(*state);
    return 0;
}

/* --- keys --- */

static struct str parse_key(struct arena *arena, struct str key)
{
    struct str name;
    assert_int_equal(item_name_parse(KIND_MAP_ITEM, key, arena, &name), OK);
    return name;
}

static struct str key_of(struct arena *arena, struct str name)
{
    return item_name_key(&(struct change){.kind = KIND_MAP_ITEM, .name = name}, arena);
}

static void assert_round_trip(struct arena *arena, struct str key)
{
    struct str name = parse_key(arena, key);
    assert_int_equal(name.len, key.len);
    assert_true(str_eq(key_of(arena, name), key));
}

static void a_key_comes_back_as_it_was(void **state)
{
    const struct str keys[] = {
        STR("a"),
        STR("."),
        STR(".."),
        STR("key with / and ?"),
        STR("é"),
        STR("\0"),
        STR("a\0b"),
        STR("\xee\x80\x80"),
        STR("\U0001f388"),
        STR("\xef\xbf\xbf"),
        STR("\xed\x9f\xbf"),
        STR("\xf4\x8f\xbf\xbf"),
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_round_trip(*state, keys[i]);
}

/* As the store keeps them: so two keys are never one. */
static void every_code_point_comes_back_as_it_was(void **state)
{
    struct arena *arena = *state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        char text[4];
        if (point >= 0xd800 && point < 0xe000)
            continue;
        assert_round_trip(arena, (struct str){text, utf8_encode(point, text)});
        arena_clear(arena);
    }
}

static void a_key_without_private_or_late_characters_is_its_own_name(void **state)
{
    struct str key = STR("plain é \U0001f388");
    assert_ptr_equal(parse_key(*state, key).ptr, key.ptr);
    assert_ptr_equal(key_of(*state, key).ptr, key.ptr);
}

static enum err try_key(struct arena *arena, struct str key)
{
    struct str name;
    return item_name_parse(KIND_MAP_ITEM, key, arena, &name);
}

static void a_key_has_1_to_320_code_points(void **state)
{
    char ascii[NAME_LENGTH_MAX + 1], wide[4 * (NAME_LENGTH_MAX + 1)];
    memset(ascii, 'n', sizeof ascii);
    for (size_t i = 0; i <= NAME_LENGTH_MAX; i++)
        memcpy(wide + 4 * i, "\U0001f388", 4);
    assert_int_equal(try_key(*state, STR("")), ERR_KEY);
    assert_int_equal(try_key(*state, (struct str){0}), ERR_KEY);
    assert_int_equal(try_key(*state, (struct str){ascii, NAME_LENGTH_MAX}), OK);
    assert_int_equal(try_key(*state, (struct str){ascii, NAME_LENGTH_MAX + 1}), ERR_KEY);
    assert_int_equal(try_key(*state, (struct str){wide, sizeof wide - 4}), OK);
    assert_int_equal(try_key(*state, (struct str){wide, sizeof wide}), ERR_KEY);
}

static void a_key_that_is_no_utf8_is_refused(void **state)
{
    const struct str texts[] = {STR("a\xff"),    STR("\xfe\x80\x80"),     STR("\xed\xa0\x80"),
                                STR("\xee\x80"), STR("\xf4\x90\x80\x80"), STR("\xc0\x80")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(try_key(*state, texts[i]), ERR_KEY);
}

/* --- their order --- */

/* Some code points, as UTF-16 and as UTF-8. */
struct text {
    uint16_t units[2 * POINTS_MAX];
    size_t units_count;
    char bytes[4 * POINTS_MAX];
    size_t len;
};

static void append(struct text *text, uint32_t point)
{
    text->len += utf8_encode(point, text->bytes + text->len);
    if (point < 0x10000) {
        text->units[text->units_count++] = (uint16_t)point;
        return;
    }
    text->units[text->units_count++] = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
    text->units[text->units_count++] = (uint16_t)(0xdc00 + ((point - 0x10000) & 0x3ff));
}

static int compare_units(const struct text *a, const struct text *b)
{
    for (size_t i = 0; i < a->units_count && i < b->units_count; i++)
        if (a->units[i] != b->units[i])
            return a->units[i] < b->units[i] ? -1 : 1;
    return (a->units_count > b->units_count) - (a->units_count < b->units_count);
}

/* As the store orders names: store.h. */
static int compare_bytes(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    if (order)
        return order < 0 ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_names(struct arena *arena, const struct text *a, const struct text *b)
{
    return compare_bytes(parse_key(arena, (struct str){a->bytes, a->len}),
                         parse_key(arena, (struct str){b->bytes, b->len}));
}

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* Most come from where the order is in question, and from few values, so that some are equal. */
static uint32_t draw_point(uint64_t *seed)
{
    static const struct {
        uint32_t first, count;
    } ranges[] = {
        {0, 3},        {'a', 3},       {0xd7fe, 2},      {0xe000, 3},
        {0xefff, 3},   {0xfffd, 3},    {0x10000, 3},     {0xfffff, 3},
        {0x10fffd, 3}, {0x80, 0xd780}, {0xe000, 0x2000}, {0x10000, 0x100000},
    };
    size_t i = draw(seed) % (sizeof ranges / sizeof *ranges);
    return ranges[i].first + (uint32_t)(draw(seed) % ranges[i].count);
}

static struct text draw_text(uint64_t *seed)
{
    struct text text = {0};
    for (uint64_t left = 1 + draw(seed) % POINTS_MAX; left; left--)
        append(&text, draw_point(seed));
    return text;
}

static void names_are_in_the_order_of_utf_16_code_units(void **state)
{
    struct arena *arena = *state;
    uint64_t seed = 1;
    for (size_t i = 0; i < PAIRS; i++) {
        struct text a = draw_text(&seed), b = draw_text(&seed);
        assert_int_equal(compare_names(arena, &a, &b), compare_units(&a, &b));
        arena_clear(arena);
    }
}

/* Code points at each border of the coding, one by one: each is before the next. */
static void single_characters_are_in_that_order_too(void **state)
{
    static const uint32_t points[] = {0,       0x7f,     0x80,     0x7ff,  0x800,  0xd7ff, 0x10000,
                                      0xfffff, 0x100000, 0x10ffff, 0xe000, 0xefff, 0xf000, 0xffff};
    for (size_t i = 0; i + 1 < sizeof points / sizeof *points; i++) {
        struct text a = {0}, b = {0};
        append(&a, points[i]);
        append(&b, points[i + 1]);
        assert_int_equal(compare_names(*state, &a, &b), -1);
        append(&a, 0xffff);
        assert_int_equal(compare_names(*state, &a, &b), -1);
    }
}

/* --- indexes --- */

static void assert_index(struct arena *arena, const char *text, uint64_t index)
{
    char put[HEX_LENGTH];
    struct str name;
    assert_int_equal(item_name_parse(KIND_LIST_ITEM, str_from(text), arena, &name), OK);
    item_name_from_index(index, put);
    assert_true(str_eq(name, (struct str){put, sizeof put}));
    assert_int_equal(item_name_index(&(struct change){.kind = KIND_LIST_ITEM, .name = name}),
                     index);
}

static void an_index_comes_back_as_it_was(void **state)
{
    assert_index(*state, "0", 0);
    assert_index(*state, "9", 9);
    assert_index(*state, "10", 10);
    assert_index(*state, "4294967296", UINT64_C(4294967296));
    assert_index(*state, "9223372036854775807", INT64_MAX);
}

static void what_is_no_index_is_refused(void **state)
{
    const char *const texts[] = {"",
                                 "-1",
                                 "+1",
                                 " 1",
                                 "1 ",
                                 "1.0",
                                 "0x1",
                                 "a",
                                 "1a",
                                 "٣",
                                 "9223372036854775808",
                                 "18446744073709551616"};
    struct str name;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(item_name_parse(KIND_LIST_ITEM, str_from(texts[i]), *state, &name),
                         ERR_INDEX);
    assert_int_equal(item_name_parse(KIND_LIST_ITEM, (struct str){0}, *state, &name), ERR_INDEX);
}

static void names_of_indexes_are_in_numeric_order(void **state)
{
    (void)state;
    const uint64_t indexes[] = {0, 1, 9, 10, 15, 16, 99, 100, 255, 256, 65535, 65536, INT64_MAX};
    for (size_t i = 0; i + 1 < sizeof indexes / sizeof *indexes; i++) {
        char a[HEX_LENGTH], b[HEX_LENGTH];
        item_name_from_index(indexes[i], a);
        item_name_from_index(indexes[i + 1], b);
        assert_true(memcmp(a, b, HEX_LENGTH) < 0);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_comes_back_as_it_was),
        TEST(every_code_point_comes_back_as_it_was),
        TEST(a_key_without_private_or_late_characters_is_its_own_name),
        TEST(a_key_has_1_to_320_code_points),
        TEST(a_key_that_is_no_utf8_is_refused),
        TEST(names_are_in_the_order_of_utf_16_code_units),
        TEST(single_characters_are_in_that_order_too),
        TEST(an_index_comes_back_as_it_was),
        TEST(what_is_no_index_is_refused),
        TEST(names_of_indexes_are_in_numeric_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
