#include "sync/permission.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

/* What has permissions; each is called "x". */
static const enum kind kinds[] = {KIND_DOCUMENT, KIND_LIST, KIND_MAP};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void make_all(struct sim *sim)
{
    for (size_t i = 0; i < KINDS; i++)
        assert_refused(sim_do(sim, sim_of(kinds[i], sim_create("x", NULL))), OK);
}

static struct command put(enum kind kind, const char *identity, const char *rights)
{
    return sim_with_rights(sim_permission(VERB_PUT, kind, "x", identity), strchr(rights, 'r'),
                           strchr(rights, 'w'), strchr(rights, 'm'));
}

static struct command about(enum verb verb, enum kind kind, const char *identity)
{
    return sim_permission(verb, kind, "x", identity);
}

static void a_permission_holds_the_three_rights(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        struct asked *asked = sim_do(sim, put(kinds[i], "alice", "rm"));
        assert_answer(sim, asked, "0 {\"read\":true,\"write\":false,\"manage\":true}");
        assert_int_equal(asked->command.head->kind, KIND_PERMISSION);
        assert_int_equal(asked->command.head->parent, asked->command.container_head->id);
        assert_true(str_eq(asked->command.head->name, STR("alice")));
        asked = sim_do(sim, about(VERB_FETCH, kinds[i], "alice"));
        assert_answer(sim, asked, "0 {\"read\":true,\"write\":false,\"manage\":true}");
    }
}

static void the_rights_are_read_as_they_were_written(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (int i = 0; i < 8; i++) {
        struct command command = sim_permission(VERB_PUT, KIND_MAP, "x", "alice");
        struct asked *asked = sim_do(sim, sim_with_rights(command, i & 1, i & 2, i & 4));
        struct permission permission = permission_read(asked->command.head);
        assert_int_equal(permission.read, (i & 1) != 0);
        assert_int_equal(permission.write, (i & 2) != 0);
        assert_int_equal(permission.manage, (i & 4) != 0);
    }
}

static void setting_them_again_sets_all_three(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        uint64_t id = sim_do(sim, put(kinds[i], "alice", "rwm"))->command.head->id;
        sim->now_ms += 5;
        struct asked *asked = sim_do(sim, put(kinds[i], "alice", "w"));
        assert_answer(sim, asked, "1 {\"read\":false,\"write\":true,\"manage\":false}");
        assert_int_equal(asked->command.head->id, id);
        assert_int_equal(asked->command.head->updated_ms, sim->now_ms);
    }
}

static void a_permission_to_nothing_stays_until_it_is_removed(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        sim_do(sim, put(kinds[i], "alice", ""));
        assert_answer(sim, sim_do(sim, about(VERB_FETCH, kinds[i], "alice")),
                      "0 {\"read\":false,\"write\":false,\"manage\":false}");
        assert_int_equal(sim_do(sim, about(VERB_LIST, kinds[i], NULL))->command.heads_count, 1);
        assert_refused(sim_do(sim, about(VERB_REMOVE, kinds[i], "alice")), OK);
        assert_refused(sim_do(sim, about(VERB_FETCH, kinds[i], "alice")), ERR_MISSING);
        assert_int_equal(sim_do(sim, about(VERB_LIST, kinds[i], NULL))->command.heads_count, 0);
    }
}

static void a_permission_that_is_not_set_is_missing(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        sim_do(sim, put(kinds[i], "alice", "r"));
        struct asked *fetched = sim_do(sim, about(VERB_FETCH, kinds[i], "bob"));
        assert_refused(fetched, ERR_MISSING);
        assert_int_equal(fetched->command.subject, KIND_PERMISSION);
        assert_refused(sim_do(sim, about(VERB_REMOVE, kinds[i], "bob")), ERR_MISSING);
        assert_refused(sim_do(sim, about(VERB_FETCH, kinds[i], "Alice")), ERR_MISSING);
    }
}

static void a_request_that_sets_no_right_is_refused(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    struct command command = sim_permission(VERB_PUT, KIND_LIST, "x", "alice");
    assert_refused(sim_do(sim, command), ERR_NO_PARAMETERS);
    assert_refused(sim_do(sim, about(VERB_FETCH, KIND_LIST, "alice")), ERR_MISSING);
}

static void an_identity_has_1_to_256_code_points_of_utf8(void **state)
{
    struct sim *sim = *state;
    char wide[4 * (IDENTITY_LENGTH_MAX + 1)];
    for (size_t i = 0; i <= IDENTITY_LENGTH_MAX; i++)
        memcpy(wide + 4 * i, "\U0001f388", 4);
    const struct str bad[] = {STR(""), STR("a\xff"), {wide, sizeof wide}};
    make_all(sim);
    struct command command = put(KIND_MAP, "", "r");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const enum verb verbs[] = {VERB_PUT, VERB_FETCH, VERB_REMOVE};
        for (size_t j = 0; j < 3; j++) {
            command.verb = verbs[j];
            assert_refused(sim_do(sim, sim_on(command, bad[i])), ERR_IDENTITY);
        }
    }
    command.verb = VERB_PUT;
    command.object = (struct str){wide, sizeof wide - 4};
    assert_refused(sim_do(sim, command), OK);
    command.verb = VERB_FETCH;
    assert_answer(sim, sim_do(sim, command), "0 {\"read\":true,\"write\":false,\"manage\":false}");
}

/* An identity that looks like a SID is one like any other. */
static void an_identity_is_never_taken_for_a_sid(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    const char *identity = "ET0123456789abcdef0123456789abcdef";
    sim_do(sim, put(KIND_DOCUMENT, identity, "r"));
    assert_refused(sim_do(sim, about(VERB_FETCH, KIND_DOCUMENT, identity)), OK);
}

static void permissions_are_listed_in_the_order_of_their_creation(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        const char *const identities[] = {"carol", "alice", "bob"};
        for (size_t j = 0; j < 3; j++)
            sim_do(sim, put(kinds[i], identities[j], "r"));
        sim_do(sim, put(kinds[i], "carol", "w"));
        struct asked *listed = sim_do(sim, about(VERB_LIST, kinds[i], NULL));
        assert_int_equal(listed->command.heads_count, 3);
        for (size_t j = 0; j < 3; j++)
            assert_true(str_eq(listed->command.heads[j]->name, str_from(identities[j])));
    }
}

static void permissions_belong_to_one_object(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    sim_do(sim, sim_create("y", NULL));
    sim_do(sim, put(KIND_DOCUMENT, "alice", "r"));
    assert_refused(sim_do(sim, sim_permission(VERB_FETCH, KIND_DOCUMENT, "y", "alice")),
                   ERR_MISSING);
    assert_refused(sim_do(sim, about(VERB_FETCH, KIND_LIST, "alice")), ERR_MISSING);
    assert_refused(sim_do(sim, about(VERB_FETCH, KIND_MAP, "alice")), ERR_MISSING);
}

static void permissions_of_what_is_not_there_are_missing_with_it(void **state)
{
    struct sim *sim = *state;
    const enum verb verbs[] = {VERB_PUT, VERB_FETCH, VERB_REMOVE, VERB_LIST};
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t j = 0; j < sizeof verbs / sizeof *verbs; j++) {
            struct command command = put(kinds[i], "alice", "r");
            command.verb = verbs[j];
            command.page.size = 10;
            struct asked *asked = sim_do(sim, command);
            assert_refused(asked, ERR_NAME_MISSING);
            assert_int_equal(asked->command.subject, kinds[i]);
        }
    }
}

static void a_permission_is_no_change_of_its_object(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        struct command fetch = sim_of(kinds[i], sim_fetch("x"));
        uint64_t seq = sim_do(sim, fetch)->command.head->seq;
        sim_do(sim, put(kinds[i], "alice", "r"));
        sim_do(sim, put(kinds[i], "alice", "w"));
        sim_do(sim, about(VERB_REMOVE, kinds[i], "alice"));
        assert_int_equal(sim_do(sim, fetch)->command.head->seq, seq);
    }
}

static void permissions_go_with_their_object(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        sim_do(sim, put(kinds[i], "alice", "r"));
        sim_ask(sim, sim_of(kinds[i], sim_remove("x")));
        struct asked *orphan = sim_ask(sim, about(VERB_FETCH, kinds[i], "alice"));
        sim_ask(sim, sim_of(kinds[i], sim_create("x", NULL)));
        struct asked *fresh = sim_ask(sim, about(VERB_FETCH, kinds[i], "alice"));
        assert_int_equal(sim_run(sim), OK);
        assert_refused(orphan, ERR_NAME_MISSING);
        assert_refused(fresh, ERR_MISSING);
        sim_do(sim, put(kinds[i], "alice", "w"));
        fixture_sweep(sim);
        assert_answer(sim, sim_do(sim, about(VERB_FETCH, kinds[i], "alice")),
                      "0 {\"read\":false,\"write\":true,\"manage\":false}");
    }
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_REMOVED), KINDS);
}

static void commands_of_one_batch_see_each_other(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    struct asked *created = sim_ask(sim, put(KIND_LIST, "alice", "r"));
    struct asked *replaced = sim_ask(sim, put(KIND_LIST, "alice", "w"));
    struct asked *removed = sim_ask(sim, about(VERB_REMOVE, KIND_LIST, "alice"));
    struct asked *missed = sim_ask(sim, about(VERB_FETCH, KIND_LIST, "alice"));
    struct asked *again = sim_ask(sim, put(KIND_LIST, "alice", "m"));
    assert_int_equal(sim_run(sim), OK);
    assert_answer(sim, created, "0 {\"read\":true,\"write\":false,\"manage\":false}");
    assert_answer(sim, replaced, "1 {\"read\":false,\"write\":true,\"manage\":false}");
    assert_refused(removed, OK);
    assert_refused(missed, ERR_MISSING);
    assert_answer(sim, again, "0 {\"read\":false,\"write\":false,\"manage\":true}");
}

static void a_failed_commit_sets_nothing(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    struct asked *set = sim_ask(sim, put(KIND_MAP, "alice", "r"));
    struct asked *fetched = sim_ask(sim, about(VERB_FETCH, KIND_MAP, "alice"));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(set, ERR_STORE);
    assert_refused(fetched, ERR_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_permission_holds_the_three_rights),
        ON_EACH_STORE(the_rights_are_read_as_they_were_written),
        ON_EACH_STORE(setting_them_again_sets_all_three),
        ON_EACH_STORE(a_permission_to_nothing_stays_until_it_is_removed),
        ON_EACH_STORE(a_permission_that_is_not_set_is_missing),
        ON_EACH_STORE(a_request_that_sets_no_right_is_refused),
        ON_EACH_STORE(an_identity_has_1_to_256_code_points_of_utf8),
        ON_EACH_STORE(an_identity_is_never_taken_for_a_sid),
        ON_EACH_STORE(permissions_are_listed_in_the_order_of_their_creation),
        ON_EACH_STORE(permissions_belong_to_one_object),
        ON_EACH_STORE(permissions_of_what_is_not_there_are_missing_with_it),
        ON_EACH_STORE(a_permission_is_no_change_of_its_object),
        ON_EACH_STORE(permissions_go_with_their_object),
        ON_EACH_STORE(commands_of_one_batch_see_each_other),
        ON_EACH_STORE(a_failed_commit_sets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
