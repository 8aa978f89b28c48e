#include "store/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

enum { PLENTY = 1 << 20, IDS = 40, STEPS = 20000 };

static struct change *head_of(uint64_t id, uint64_t seq, const char *name)
{
    return change_new(&(struct change){
        .type = id == seq ? CHANGE_CREATED : CHANGE_UPDATED,
        .kind = KIND_DOCUMENT,
        .id = id,
        .seq = seq,
        .parent = 7,
        .name = str_from(name),
        .data = STR("{}"),
    });
}

static void commit(struct cache *cache, struct change *head)
{
    cache_commit(cache, head);
    change_unref(head);
}

static void remove_object(struct cache *cache, uint64_t id, uint64_t seq, const char *name)
{
    struct change *head = head_of(id, seq, name);
    head->type = CHANGE_REMOVED;
    commit(cache, head);
}

static void expect(struct cache *cache, uint64_t id, uint64_t seq)
{
    struct cached *entry = cache_get(cache, id);
    assert_non_null(entry);
    assert_int_equal(entry->head->seq, seq);
}

static void a_stored_head_is_found_by_id_and_name(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    struct cached *entry = cache_add_stored(&cache, head_of(3, 5, "x"));
    assert_false(entry->dirty);
    assert_int_equal(entry->stored_seq, 5);
    assert_ptr_equal(cache_get(&cache, 3), entry);
    assert_ptr_equal(cache_find(&cache, 7, KIND_DOCUMENT, STR("x")), entry);
    assert_null(cache_find(&cache, 8, KIND_DOCUMENT, STR("x")));
    assert_null(cache_find(&cache, 7, KIND_KEY, STR("x")));
    assert_null(cache_get(&cache, 5));
    cache_deinit(&cache);
}

static void a_removal_is_known_by_id_but_not_by_name(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    commit(&cache, head_of(1, 1, "x"));
    remove_object(&cache, 1, 2, "x");
    expect(&cache, 1, 2);
    assert_null(cache_find(&cache, 7, KIND_DOCUMENT, STR("x")));
    commit(&cache, head_of(3, 3, "x"));
    assert_int_equal(cache_find(&cache, 7, KIND_DOCUMENT, STR("x"))->head->id, 3);
    cache_written(&cache, cache_get(&cache, 1));
    assert_null(cache_get(&cache, 1));
    cache_deinit(&cache);
}

static void clean_heads_go_least_recently_used_first(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    for (uint64_t id = 1; id <= 3; id++)
        cache_add_stored(&cache, head_of(id, id, NULL));
    cache.bytes_max = cache.bytes;
    cache_get(&cache, 1);
    cache_add_stored(&cache, head_of(4, 4, NULL));
    assert_null(cache_get(&cache, 2));
    expect(&cache, 1, 1);
    expect(&cache, 3, 3);
    expect(&cache, 4, 4);
    cache_deinit(&cache);
}

static void a_prefetch_is_no_use_of_a_head(void **state)
{
    struct cache cache;
    const uint64_t ids[] = {1, 9, 3};
    (void)state;
    cache_init(&cache, PLENTY);
    for (uint64_t id = 1; id <= 3; id++)
        cache_add_stored(&cache, head_of(id, id, NULL));
    commit(&cache, head_of(3, 4, NULL));
    cache.bytes_max = cache.bytes;
    cache_prefetch(&cache, ids, 3);
    cache_prefetch(&cache, ids, 0);
    cache_add_stored(&cache, head_of(5, 5, NULL));
    assert_null(cache_get(&cache, 1));
    assert_null(cache_get(&cache, 9));
    expect(&cache, 2, 2);
    expect(&cache, 3, 4);
    cache_deinit(&cache);
}

static void a_head_just_read_stays_however_small_the_cache(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, 0);
    cache_add_stored(&cache, head_of(1, 1, NULL));
    cache_add_stored(&cache, head_of(2, 2, NULL));
    assert_null(cache_get(&cache, 1));
    expect(&cache, 2, 2);
    cache_deinit(&cache);
}

static void dirty_heads_stay_until_they_are_written(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, 0);
    commit(&cache, head_of(1, 1, NULL));
    commit(&cache, head_of(2, 2, NULL));
    expect(&cache, 1, 1);
    expect(&cache, 2, 2);
    cache_written(&cache, cache_get(&cache, 1));
    assert_null(cache_get(&cache, 1));
    expect(&cache, 2, 2);
    cache_deinit(&cache);
}

static void what_the_indexes_must_learn_is_keyed(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    commit(&cache, head_of(1, 1, NULL));
    assert_int_equal(cache.keyed_count, 1);
    cache_written(&cache, cache_get(&cache, 1));
    assert_int_equal(cache.keyed_count, 0);
    commit(&cache, head_of(1, 2, NULL));
    assert_int_equal(cache.plain_count, 1);
    struct change *expiring = head_of(1, 3, NULL);
    expiring->expires_ms = 100;
    commit(&cache, expiring);
    assert_int_equal(cache.plain_count, 0);
    assert_int_equal(cache.keyed_count, 1);
    cache_written(&cache, cache_get(&cache, 1));
    remove_object(&cache, 1, 4, NULL);
    assert_int_equal(cache.keyed_count, 1);
    cache_deinit(&cache);
}

static void expect_plain(struct cache *cache, struct ids *ids, const uint64_t *expected,
                         size_t count)
{
    cache_take_plain(cache, ids);
    assert_int_equal(ids->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ids->ptr[i], expected[i]);
}

static void ids_of_plain_heads_are_taken_once(void **state)
{
    struct cache cache;
    struct ids ids = {0};
    (void)state;
    cache_init(&cache, PLENTY);
    for (uint64_t id = 1; id <= 3; id++)
        cache_add_stored(&cache, head_of(id, id, NULL));
    commit(&cache, head_of(4, 4, NULL));
    commit(&cache, head_of(3, 5, NULL));
    commit(&cache, head_of(1, 6, NULL));
    commit(&cache, head_of(3, 7, NULL));
    expect_plain(&cache, &ids, (uint64_t[]){3, 1}, 2);
    expect_plain(&cache, &ids, NULL, 0);
    commit(&cache, head_of(1, 8, NULL));
    expect_plain(&cache, &ids, NULL, 0);
    cache_written(&cache, cache_get(&cache, 1));
    commit(&cache, head_of(1, 9, NULL));
    expect_plain(&cache, &ids, (uint64_t[]){1}, 1);
    cache_deinit(&cache);
    ids_deinit(&ids);
}

static void a_range_is_keyed_while_one_of_its_heads_is(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    assert_false(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    commit(&cache, head_of(1, 1, NULL));
    commit(&cache, head_of(2, 2, NULL));
    assert_true(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    assert_false(cache_is_keyed(&cache, 7, KIND_PERMISSION));
    assert_false(cache_is_keyed(&cache, 8, KIND_DOCUMENT));
    cache_written(&cache, cache_get(&cache, 1));
    assert_true(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    cache_written(&cache, cache_get(&cache, 2));
    assert_false(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    commit(&cache, head_of(2, 3, NULL));
    assert_false(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    remove_object(&cache, 2, 4, NULL);
    assert_true(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    cache_written(&cache, cache_get(&cache, 2));
    assert_false(cache_is_keyed(&cache, 7, KIND_DOCUMENT));
    cache_deinit(&cache);
}

static void applied_stops_before_the_oldest_unwritten_change(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    assert_int_equal(cache_applied(&cache, 9), 9);
    cache_add_stored(&cache, head_of(1, 5, NULL));
    commit(&cache, head_of(10, 10, NULL));
    commit(&cache, head_of(1, 11, NULL));
    commit(&cache, head_of(10, 12, NULL));
    assert_int_equal(cache_applied(&cache, 12), 9);
    cache_written(&cache, cache_get(&cache, 10));
    assert_int_equal(cache_applied(&cache, 12), 10);
    commit(&cache, head_of(1, 13, NULL));
    assert_int_equal(cache_applied(&cache, 13), 10);
    cache_written(&cache, cache_get(&cache, 1));
    assert_int_equal(cache_applied(&cache, 13), 13);
    cache_deinit(&cache);
}

static void those_with_one_name_are_queued_in_the_order_they_had_it(void **state)
{
    struct cache cache;
    (void)state;
    cache_init(&cache, PLENTY);
    cache_add_stored(&cache, head_of(1, 1, "x"));
    commit(&cache, head_of(1, 2, "x"));
    commit(&cache, head_of(3, 3, NULL));
    remove_object(&cache, 1, 4, "x");
    commit(&cache, head_of(5, 5, "x"));
    commit(&cache, head_of(3, 6, NULL));
    uint64_t ids[] = {3, 1, 5};
    struct ring *at = cache.keyed.next;
    for (int i = 0; i < 3; i++, at = at->next)
        assert_int_equal(ring_of(at, struct cached, place)->head->id, ids[i]);
    assert_ptr_equal(at, &cache.keyed);
    cache_deinit(&cache);
}

/* --- a random life --- */

static uint64_t next_random(uint64_t *seed, uint64_t below)
{
    *seed += 0x9e3779b97f4a7c15u;
    return hash_mix(*seed) % below;
}

struct sum {
    size_t bytes, dirty_bytes, keyed, plain;
};

static size_t bytes_alone(const struct change *head)
{
    struct cache cache;
    cache_init(&cache, PLENTY);
    cache_commit(&cache, (struct change *)head);
    size_t bytes = cache.bytes;
    cache_deinit(&cache);
    return bytes;
}

static bool has(const struct ids *ids, uint64_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->ptr[i] == id)
            return true;
    return false;
}

static void add_up(struct cache *cache, struct sum *sum)
{
    *sum = (struct sum){0};
    for (uint64_t id = 1; id <= IDS; id++) {
        struct cached *entry = cache_get(cache, id);
        if (!entry)
            continue;
        size_t bytes = bytes_alone(entry->head);
        sum->bytes += bytes;
        sum->dirty_bytes += entry->dirty ? bytes : 0;
        sum->keyed += entry->dirty && entry->keyed;
        if (!entry->dirty || entry->keyed)
            continue;
        sum->plain++;
        assert_true(has(&cache->plain_ids, id));
    }
}

static void assert_sums(struct cache *cache)
{
    struct sum sum;
    add_up(cache, &sum);
    assert_int_equal(cache->bytes, sum.bytes);
    assert_int_equal(cache->dirty_bytes, sum.dirty_bytes);
    assert_int_equal(cache->keyed_count, sum.keyed);
    assert_int_equal(cache->plain_count, sum.plain);
    assert_int_equal(cache_is_keyed(cache, 7, KIND_DOCUMENT), sum.keyed > 0);
    assert_true(cache->bytes <= cache->bytes_max || cache->dirty_bytes == cache->bytes ||
                cache->recent.next == cache->recent.prev);
}

static void live_on(struct cache *cache, uint64_t *seed, uint64_t seq)
{
    static const char *const names[] = {NULL, "x", "a longer name"};
    uint64_t id = 1 + next_random(seed, IDS);
    struct cached *entry = cache_get(cache, id);
    bool gone = entry && change_is_removal(entry->head);
    if (entry && entry->dirty && next_random(seed, 2))
        cache_written(cache, entry);
    else if (!entry && next_random(seed, 2))
        cache_add_stored(cache, head_of(id, seq, names[id % 3]));
    else if (!gone && next_random(seed, 4))
        commit(cache, head_of(id, seq, names[id % 3]));
    else if (!gone)
        remove_object(cache, id, seq, names[id % 3]);
}

static void the_counts_are_right_throughout_a_random_life(void **state)
{
    struct cache cache;
    uint64_t seed = 5;
    (void)state;
    cache_init(&cache, 5000);
    for (uint64_t step = 0; step < STEPS; step++) {
        live_on(&cache, &seed, IDS + step);
        if (step % 50 == 0)
            assert_sums(&cache);
    }
    cache_deinit(&cache);
    assert_int_equal(cache.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_head_is_found_by_id_and_name),
        cmocka_unit_test(a_removal_is_known_by_id_but_not_by_name),
        cmocka_unit_test(clean_heads_go_least_recently_used_first),
        cmocka_unit_test(a_prefetch_is_no_use_of_a_head),
        cmocka_unit_test(a_head_just_read_stays_however_small_the_cache),
        cmocka_unit_test(dirty_heads_stay_until_they_are_written),
        cmocka_unit_test(what_the_indexes_must_learn_is_keyed),
        cmocka_unit_test(ids_of_plain_heads_are_taken_once),
        cmocka_unit_test(a_range_is_keyed_while_one_of_its_heads_is),
        cmocka_unit_test(applied_stops_before_the_oldest_unwritten_change),
        cmocka_unit_test(those_with_one_name_are_queued_in_the_order_they_had_it),
        cmocka_unit_test(the_counts_are_right_throughout_a_random_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
