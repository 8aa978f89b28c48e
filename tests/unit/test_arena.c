#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

enum { BLOCKS = 1000 };

static void blocks_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *blocks[BLOCKS];
    arena_init(&arena);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = arena_alloc(&arena, i);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        memset(blocks[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(blocks[i][j], i & 0xff);
    arena_deinit(&arena);
}

static void a_block_may_be_larger_than_a_chunk(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    char *small = arena_alloc(&arena, 8);
    char *large = arena_alloc(&arena, 1 << 20);
    char *after = arena_alloc(&arena, 8);
    memset(small, 1, 8);
    memset(large, 2, 1 << 20);
    memset(after, 3, 8);
    assert_int_equal(small[7], 1);
    assert_int_equal(large[(1 << 20) - 1], 2);
    arena_deinit(&arena);
}

static void the_first_chunk_is_used_again_when_the_arena_was_cleared(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    void *first = arena_alloc(&arena, 16);
    arena_alloc(&arena, 1 << 16);
    arena_alloc(&arena, 1 << 16);
    arena_clear(&arena);
    assert_ptr_equal(arena_alloc(&arena, 16), first);
    arena_deinit(&arena);
}

static void an_arena_may_be_cleared_and_ended_when_unused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    arena_clear(&arena);
    arena_deinit(&arena);
    arena_deinit(&arena);
    assert_null(arena.chunks);
}

static void a_copy_stays_when_the_original_changes(void **state)
{
    (void)state;
    struct arena arena;
    char text[] = "abc";
    arena_init(&arena);
    struct str copy = arena_dup(&arena, (struct str){text, 3});
    text[0] = 'x';
    assert_true(str_eq(copy, STR("abc")));
    arena_deinit(&arena);
}

static void a_copy_is_absent_when_the_original_is(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_null(arena_dup(&arena, (struct str){0}).ptr);
    assert_non_null(arena_dup(&arena, STR("")).ptr);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_do_not_overlap),
        cmocka_unit_test(a_block_may_be_larger_than_a_chunk),
        cmocka_unit_test(the_first_chunk_is_used_again_when_the_arena_was_cleared),
        cmocka_unit_test(an_arena_may_be_cleared_and_ended_when_unused),
        cmocka_unit_test(a_copy_stays_when_the_original_changes),
        cmocka_unit_test(a_copy_is_absent_when_the_original_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
