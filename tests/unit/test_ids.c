#include "store/ids.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* `count` ids, each a hash under `mask` plus `base`, sorted by both. */
static void sort_beside_the_library(size_t count, uint64_t mask, uint64_t base)
{
    struct ids ids = {0}, expected = {0}, scratch = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t id = (hash_mix(i + 1) & mask) + base;
        ids_add(&ids, id);
        ids_add(&expected, id);
    }
    ids_sort(&ids, &scratch);
    if (count)
        qsort(expected.ptr, count, sizeof *expected.ptr, compare);
    assert_int_equal(ids.count, count);
    if (count)
        assert_memory_equal(ids.ptr, expected.ptr, count * sizeof *ids.ptr);
    ids_deinit(&ids);
    ids_deinit(&expected);
    ids_deinit(&scratch);
}

static void ids_are_sorted_whatever_digits_they_differ_in(void **state)
{
    static const uint64_t masks[] = {0, 0x7ff, 0xfff, 0xfffff, 0xff << 11, 3ull << 62, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        for (size_t count = 0; count <= 3000; count = count * 3 + 1)
            sort_beside_the_library(count, masks[i], 0);
    sort_beside_the_library(1000, 0xfff, 5000000);
    sort_beside_the_library(1000, 0xfff, UINT64_MAX - 0xfff);
}

static void a_list_is_used_again_after_a_sort(void **state)
{
    struct ids ids = {0}, scratch = {0};
    (void)state;
    for (uint64_t round = 1; round <= 3; round++) {
        ids.count = 0;
        for (uint64_t id = 500 * round; id > 0; id--)
            ids_add(&ids, id << round);
        ids_sort(&ids, &scratch);
        for (uint64_t i = 0; i < 500 * round; i++)
            assert_int_equal(ids.ptr[i], (i + 1) << round);
    }
    ids_deinit(&ids);
    ids_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_sorted_whatever_digits_they_differ_in),
        cmocka_unit_test(a_list_is_used_again_after_a_sort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
