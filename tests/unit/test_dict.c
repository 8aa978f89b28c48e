#include "base/dict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

/* The model: element i is in the table when present[i]; its hash is hashes[i]. */
enum { ELEMENTS = 600, STEPS = 60000 };

struct model {
    struct dict dict;
    struct hash hashes[ELEMENTS];
    char elements[ELEMENTS];
    bool present[ELEMENTS];
    size_t count;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed += 0x9e3779b97f4a7c15u;
    return hash_mix(*seed);
}

static bool finds(const struct dict *dict, struct hash hash, const void *element)
{
    struct dict_cursor cursor;
    void *found = dict_first(dict, hash, &cursor);
    while (found && found != element)
        found = dict_next(dict, &cursor);
    return found;
}

static size_t count_under(const struct dict *dict, struct hash hash)
{
    struct dict_cursor cursor;
    size_t count = 0;
    for (void *e = dict_first(dict, hash, &cursor); e; e = dict_next(dict, &cursor))
        count++;
    return count;
}

static size_t expected_under(const struct model *model, struct hash hash)
{
    size_t count = 0;
    for (size_t i = 0; i < ELEMENTS; i++)
        count += model->present[i] && hash_eq(model->hashes[i], hash);
    return count;
}

static void toggle(struct model *model, size_t i)
{
    if (model->present[i])
        dict_remove(&model->dict, model->hashes[i], &model->elements[i]);
    else
        dict_add(&model->dict, model->hashes[i], &model->elements[i]);
    model->present[i] = !model->present[i];
    model->count += model->present[i] ? 1 : (size_t)-1;
}

static void assert_agree(const struct model *model)
{
    assert_int_equal(model->dict.count, model->count);
    for (size_t i = 0; i < ELEMENTS; i++) {
        assert_int_equal(finds(&model->dict, model->hashes[i], &model->elements[i]),
                         model->present[i]);
        assert_int_equal(count_under(&model->dict, model->hashes[i]),
                         expected_under(model, model->hashes[i]));
    }
}

/* `hash_mask` makes hashes collide, in part (the slot) or wholly. */
static void run_model(uint64_t seed, uint64_t hash_mask)
{
    struct model *model = calloc(1, sizeof *model);
    print_message("seed %llu, hash mask %llx\n", (unsigned long long)seed,
                  (unsigned long long)hash_mask);
    dict_init(&model->dict);
    for (size_t i = 0; i < ELEMENTS; i++)
        model->hashes[i] = (struct hash){next_random(&seed) & hash_mask};
    for (size_t step = 0; step < STEPS; step++) {
        toggle(model, next_random(&seed) % ELEMENTS);
        if (step % 2000 == 0)
            assert_agree(model);
    }
    assert_agree(model);
    dict_deinit(&model->dict);
    free(model);
}

static void a_table_agrees_with_its_model_when_hashes_are_spread(void **state)
{
    (void)state;
    run_model(1, UINT64_MAX);
    run_model(2, UINT64_MAX);
}

static void a_table_agrees_with_its_model_when_hashes_collide(void **state)
{
    (void)state;
    run_model(3, 0x3f);
    run_model(4, 0xf00000000000000fu);
    run_model(5, UINT64_MAX << 20);
}

static void nothing_is_found_when_the_table_is_empty(void **state)
{
    (void)state;
    struct dict dict;
    struct dict_cursor cursor;
    dict_init(&dict);
    assert_null(dict_first(&dict, (struct hash){0}, &cursor));
    dict_clear(&dict);
    dict_deinit(&dict);
}

static void all_elements_are_found_when_they_share_a_hash(void **state)
{
    (void)state;
    struct dict dict;
    char elements[10];
    dict_init(&dict);
    for (size_t i = 0; i < 10; i++)
        dict_add(&dict, (struct hash){15}, &elements[i]);
    assert_int_equal(count_under(&dict, (struct hash){15}), 10);
    assert_int_equal(count_under(&dict, (struct hash){31}), 0);
    dict_remove(&dict, (struct hash){15}, &elements[4]);
    assert_int_equal(count_under(&dict, (struct hash){15}), 9);
    assert_false(finds(&dict, (struct hash){15}, &elements[4]));
    dict_deinit(&dict);
}

static void a_cleared_table_is_empty_and_usable(void **state)
{
    (void)state;
    struct dict dict;
    char element;
    dict_init(&dict);
    dict_add(&dict, (struct hash){7}, &element);
    dict_clear(&dict);
    assert_int_equal(dict.count, 0);
    assert_false(finds(&dict, (struct hash){7}, &element));
    dict_add(&dict, (struct hash){7}, &element);
    assert_true(finds(&dict, (struct hash){7}, &element));
    dict_deinit(&dict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_agrees_with_its_model_when_hashes_are_spread),
        cmocka_unit_test(a_table_agrees_with_its_model_when_hashes_collide),
        cmocka_unit_test(nothing_is_found_when_the_table_is_empty),
        cmocka_unit_test(all_elements_are_found_when_they_share_a_hash),
        cmocka_unit_test(a_cleared_table_is_empty_and_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
