#include "store/change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void a_copy_has_strings_of_its_own(void **state)
{
    char name[] = "name", data[] = "{}";
    struct change draft = {
        .type = CHANGE_UPDATED,
        .kind = KIND_KEY,
        .seq = 9,
        .prev = 8,
        .id = 3,
        .expires_ms = 5,
        .name = {name, 4},
        .data = {data, 2},
    };
    (void)state;
    struct change *change = change_new(&draft);
    name[0] = data[0] = '?';
    assert_true(str_eq(change->name, STR("name")));
    assert_true(str_eq(change->data, STR("{}")));
    assert_int_equal(change->kind, KIND_KEY);
    assert_int_equal(change->prev, 8);
    assert_int_equal(change->expires_ms, 5);
    change_unref(change);
}

static void absent_and_empty_strings_stay_what_they_are(void **state)
{
    struct change draft = {.name = {"", 0}};
    (void)state;
    struct change *change = change_new(&draft);
    assert_non_null(change->name.ptr);
    assert_int_equal(change->name.len, 0);
    assert_null(change->data.ptr);
    assert_int_equal(change_size(change), sizeof *change);
    change_unref(change);
}

static void the_last_reference_frees_it(void **state)
{
    struct change draft = {.refs = 7, .data = STR_INIT("{}")};
    (void)state;
    struct change *change = change_new(&draft);
    assert_int_equal(atomic_load(&change->refs), 1);
    assert_ptr_equal(change_ref(change), change);
    change_unref(change);
    assert_true(str_eq(change->data, STR("{}")));
    change_unref(change); /* the sanitizer sees whether it is gone */
    change_unref(NULL);
}

static void removals_and_expiries_end_an_object(void **state)
{
    (void)state;
    assert_false(change_is_removal(&(struct change){.type = CHANGE_CREATED}));
    assert_false(change_is_removal(&(struct change){.type = CHANGE_UPDATED}));
    assert_true(change_is_removal(&(struct change){.type = CHANGE_REMOVED}));
    assert_true(change_is_removal(&(struct change){.type = CHANGE_EXPIRED}));
}

/* Who knew a hash without a secret could choose names that meet; here in one of 4,096 places, which
 * is quickly found. With the secret they are spread like any others. */
static void names_chosen_for_a_known_hash_do_not_meet(void **state)
{
    (void)state;
    enum { CHOSEN = 64, PLACES = 4096, PARENT = 7 };
    static bool taken[PLACES];
    size_t places = 0;
    char name[24];
    for (unsigned chosen = 0, i = 0; chosen < CHOSEN; i++) {
        struct str text = {name, (size_t)snprintf(name, sizeof name, "key-%u", i)};
        if (str_fingerprint(text, hash_mix(PARENT * 64 + KIND_MAP_ITEM)) % PLACES)
            continue;
        size_t place = change_name_hash(PARENT, KIND_MAP_ITEM, text).bits % PLACES;
        places += !taken[place];
        taken[place] = true;
        chosen++;
    }
    assert_in_range(places, CHOSEN * 3 / 4, CHOSEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_has_strings_of_its_own),
        cmocka_unit_test(absent_and_empty_strings_stay_what_they_are),
        cmocka_unit_test(the_last_reference_frees_it),
        cmocka_unit_test(removals_and_expiries_end_an_object),
        cmocka_unit_test(names_chosen_for_a_known_hash_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
