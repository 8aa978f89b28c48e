/* The checker of histories, on histories made by hand, good and bad. */
#include "sim/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Histories made by hand: one document, id 1 unless said otherwise, values 100 + revision. */
static struct operation did(enum verb verb, uint64_t call, uint64_t ret, uint64_t revision)
{
    return (struct operation){
        .verb = verb,
        .call = call,
        .ret = ret,
        .now_ms = 1000 + (int64_t)call,
        .id = 1,
        .revision = revision,
        .value = verb == VERB_FETCH || verb == VERB_REMOVE ? 0 : 100 + revision,
        .seen = 100 + revision,
    };
}

static struct operation refused(enum verb verb, uint64_t call, uint64_t ret, enum err answer)
{
    return (struct operation){
        .verb = verb, .call = call, .ret = ret, .now_ms = 1000 + (int64_t)call, .answer = answer};
}

static struct operation guarded(struct operation op, uint64_t guard)
{
    op.guarded = true;
    op.guard = guard;
    return op;
}

static struct operation showing(struct operation op, uint64_t value)
{
    op.seen = value;
    return op;
}

static struct operation on(struct operation op, uint64_t id)
{
    op.on = id;
    return op;
}

static struct operation of_document(struct operation op, uint64_t id)
{
    op.id = id;
    return op;
}

static struct operation expiring(struct operation op, int64_t expires_ms)
{
    op.has_ttl = op.verb != VERB_FETCH;
    op.ttl_ms = expires_ms - op.now_ms;
    op.expires_ms = expires_ms;
    return op;
}

static bool explains(const struct operation *ops, size_t count)
{
    struct why why = {0};
    struct history history;
    history_init(&history);
    for (size_t i = 0; i < count; i++)
        history_add(&history, &ops[i]);
    bool good = history_is_linearizable(&history, &why);
    assert_int_equal(good, why.text[0] == 0);
    history_deinit(&history);
    return good;
}

#define assert_good(...)                                                                           \
    assert_true(explains((const struct operation[]){__VA_ARGS__},                                  \
                         sizeof(struct operation[]){__VA_ARGS__} / sizeof(struct operation)))
#define assert_bad(...)                                                                            \
    assert_false(explains((const struct operation[]){__VA_ARGS__},                                 \
                          sizeof(struct operation[]){__VA_ARGS__} / sizeof(struct operation)))

static void the_checker_accepts_a_life_without_fault(void **state)
{
    (void)state;
    assert_good(refused(VERB_FETCH, 1, 2, ERR_NAME_MISSING), did(VERB_CREATE, 3, 4, 0),
                refused(VERB_CREATE, 5, 6, ERR_NAME_TAKEN), did(VERB_FETCH, 7, 8, 0),
                guarded(did(VERB_UPDATE, 9, 10, 1), 0), did(VERB_UPDATE, 11, 12, 2),
                guarded(refused(VERB_UPDATE, 13, 14, ERR_REVISION), 1),
                refused(VERB_UPDATE, 15, 16, ERR_STORE), did(VERB_FETCH, 17, 18, 2),
                guarded(did(VERB_REMOVE, 19, 20, 2), 2),
                on(refused(VERB_FETCH, 21, 22, ERR_MISSING), 1),
                of_document(did(VERB_CREATE, 23, 24, 0), 2));
}

static void the_checker_accepts_puts_that_create_and_replace(void **state)
{
    (void)state;
    assert_good(guarded(refused(VERB_PUT, 1, 2, ERR_REVISION), 0), did(VERB_PUT, 3, 4, 0),
                guarded(did(VERB_PUT, 5, 6, 1), 0), refused(VERB_PUT, 7, 8, ERR_EXISTS),
                guarded(refused(VERB_PUT, 9, 10, ERR_REVISION), 0), did(VERB_REMOVE, 11, 12, 1),
                refused(VERB_FETCH, 13, 14, ERR_MISSING), of_document(did(VERB_PUT, 15, 16, 0), 2));
}

static void the_checker_refuses_a_put_that_did_the_other_thing(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), of_document(did(VERB_PUT, 3, 4, 0), 2));
    assert_bad(did(VERB_PUT, 1, 2, 1));
    assert_bad(guarded(did(VERB_PUT, 1, 2, 0), 0));
    assert_bad(did(VERB_PUT, 1, 2, 0), guarded(refused(VERB_PUT, 3, 4, ERR_REVISION), 0),
               did(VERB_FETCH, 5, 6, 0));
    assert_bad(refused(VERB_PUT, 1, 2, ERR_EXISTS), did(VERB_PUT, 3, 4, 0));
    assert_bad(did(VERB_PUT, 1, 2, 0), refused(VERB_FETCH, 3, 4, ERR_MISSING),
               did(VERB_FETCH, 5, 6, 0));
}

static void the_checker_accepts_any_order_of_what_overlaps(void **state)
{
    (void)state;
    assert_good(did(VERB_CREATE, 1, 10, 0), did(VERB_UPDATE, 1, 10, 1), did(VERB_FETCH, 1, 10, 1),
                did(VERB_FETCH, 1, 10, 0), refused(VERB_FETCH, 1, 10, ERR_NAME_MISSING),
                guarded(refused(VERB_UPDATE, 1, 10, ERR_REVISION), 0));
}

static void the_checker_refuses_a_hole(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 3, 4, 2));
    assert_bad(did(VERB_UPDATE, 3, 4, 1));
    assert_bad(did(VERB_CREATE, 1, 2, 1));
}

static void the_checker_refuses_a_revision_made_twice(void **state)
{
    (void)state;
    struct operation other = did(VERB_UPDATE, 3, 4, 1);
    other.value = other.seen = 999;
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 3, 4, 1), other);
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_CREATE, 3, 4, 0));
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_REMOVE, 3, 4, 0), did(VERB_REMOVE, 3, 4, 0));
}

static void the_checker_refuses_a_write_that_does_not_follow_its_guard(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 3, 4, 1),
               guarded(did(VERB_UPDATE, 3, 4, 2), 0));
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 3, 4, 1),
               guarded(did(VERB_REMOVE, 5, 6, 1), 0));
}

static void the_checker_refuses_a_guard_turned_away_without_cause(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), guarded(refused(VERB_UPDATE, 3, 4, ERR_REVISION), 0),
               did(VERB_UPDATE, 5, 6, 1));
}

static void the_checker_refuses_a_value_that_nobody_wrote(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), showing(did(VERB_FETCH, 3, 4, 0), 7));
    assert_bad(did(VERB_CREATE, 1, 2, 0), showing(did(VERB_UPDATE, 3, 4, 1), 7));
}

static void the_checker_refuses_a_trace_of_a_failed_commit(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), refused(VERB_UPDATE, 3, 4, ERR_STORE),
               did(VERB_FETCH, 3, 4, 1));
}

static void the_checker_refuses_a_stale_read(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 3, 4, 1), did(VERB_FETCH, 5, 6, 0));
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 3, 10, 1), did(VERB_FETCH, 4, 5, 1),
               did(VERB_FETCH, 6, 7, 0));
}

static void the_checker_refuses_a_read_from_the_future(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_FETCH, 3, 4, 1), did(VERB_UPDATE, 5, 6, 1));
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_UPDATE, 5, 6, 1), did(VERB_UPDATE, 3, 4, 2));
}

static void the_checker_refuses_a_document_missed_while_it_was_there(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), refused(VERB_FETCH, 3, 4, ERR_NAME_MISSING));
    assert_bad(did(VERB_CREATE, 1, 2, 0), on(refused(VERB_FETCH, 3, 4, ERR_MISSING), 1),
               did(VERB_REMOVE, 5, 6, 0));
    assert_bad(refused(VERB_CREATE, 1, 2, ERR_NAME_TAKEN), did(VERB_CREATE, 3, 4, 0));
}

static void the_checker_refuses_two_documents_of_one_name(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), of_document(did(VERB_CREATE, 3, 4, 0), 2));
}

static void the_checker_refuses_what_follows_a_removal(void **state)
{
    (void)state;
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_REMOVE, 3, 4, 0), did(VERB_FETCH, 5, 6, 0));
    assert_bad(did(VERB_CREATE, 1, 2, 0), did(VERB_REMOVE, 3, 4, 0), did(VERB_UPDATE, 3, 4, 1));
}

static void the_checker_refuses_a_wrong_expiry(void **state)
{
    (void)state;
    struct operation create = expiring(did(VERB_CREATE, 1, 2, 0), 1010);
    assert_good(create, expiring(did(VERB_FETCH, 9, 9, 0), 1010),
                refused(VERB_FETCH, 10, 11, ERR_NAME_MISSING));
    assert_bad(create, expiring(did(VERB_FETCH, 10, 11, 0), 1010));
    assert_bad(create, did(VERB_FETCH, 5, 6, 0));
    assert_bad(create, refused(VERB_FETCH, 5, 6, ERR_NAME_MISSING),
               refused(VERB_FETCH, 10, 11, ERR_NAME_MISSING));
    assert_bad(create, refused(VERB_CREATE, 10, 11, ERR_NAME_TAKEN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_accepts_a_life_without_fault),
        cmocka_unit_test(the_checker_accepts_puts_that_create_and_replace),
        cmocka_unit_test(the_checker_refuses_a_put_that_did_the_other_thing),
        cmocka_unit_test(the_checker_accepts_any_order_of_what_overlaps),
        cmocka_unit_test(the_checker_refuses_a_hole),
        cmocka_unit_test(the_checker_refuses_a_revision_made_twice),
        cmocka_unit_test(the_checker_refuses_a_write_that_does_not_follow_its_guard),
        cmocka_unit_test(the_checker_refuses_a_guard_turned_away_without_cause),
        cmocka_unit_test(the_checker_refuses_a_value_that_nobody_wrote),
        cmocka_unit_test(the_checker_refuses_a_trace_of_a_failed_commit),
        cmocka_unit_test(the_checker_refuses_a_stale_read),
        cmocka_unit_test(the_checker_refuses_a_read_from_the_future),
        cmocka_unit_test(the_checker_refuses_a_document_missed_while_it_was_there),
        cmocka_unit_test(the_checker_refuses_two_documents_of_one_name),
        cmocka_unit_test(the_checker_refuses_what_follows_a_removal),
        cmocka_unit_test(the_checker_refuses_a_wrong_expiry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
