#include "sync/idempotency.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define assert_answer(sim, answer, text) assert_string_equal(sim_shows(sim, answer), text)

#define assert_refused(answer, error)    assert_int_equal((answer)->command.err, error)

static struct command push(const char *key)
{
    return sim_keyed(sim_with_data(sim_list_item(VERB_CREATE, "l", NULL), "{}"), key);
}

static size_t pushed(struct sim *sim)
{
    return fixture_count_changes(sim, KIND_LIST_ITEM, CHANGE_CREATED);
}

static void a_write_that_comes_again_is_answered_again_and_not_done(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    struct asked *first = sim_do(sim, push("a"));
    size_t heard = sim->heard_count;
    struct asked *again = sim_do(sim, push("a"));
    assert_refused(again, OK);
    assert_ptr_equal(again->command.head, first->command.head);
    assert_int_equal(sim->heard_count, heard);
    assert_int_equal(pushed(sim), 1);
    sim_do(sim, push("b"));
    assert_int_equal(pushed(sim), 2);
}

static void a_repeat_in_the_same_batch_waits_for_the_same_commit(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    uint64_t commits = sim->commits;
    struct asked *first = sim_ask(sim, push("a"));
    struct asked *again = sim_ask(sim, push("a"));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(again->commits, commits + 1);
    assert_ptr_equal(again->command.head, first->command.head);
    assert_int_equal(pushed(sim), 1);
}

static void a_commit_that_fails_leaves_no_key(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    struct asked *first = sim_ask(sim, push("a"));
    struct asked *again = sim_ask(sim, push("a"));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(first, ERR_STORE);
    assert_refused(again, ERR_STORE);
    assert_refused(sim_do(sim, push("a")), OK);
    assert_int_equal(pushed(sim), 1);
}

static void a_commit_that_fails_behind_another_leaves_no_key_of_its_own(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    sim_fail(sim, SIM_COMMIT, 1, ERR_STORE);
    struct asked *first = sim_ask(sim, push("a"));
    struct asked *second = sim_ask_meanwhile(sim, push("b"));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(first, OK);
    assert_refused(second, ERR_STORE);
    assert_refused(sim_do(sim, push("a")), OK);
    assert_int_equal(pushed(sim), 1);
    assert_refused(sim_do(sim, push("b")), OK);
    assert_int_equal(pushed(sim), 2);
}

/* It was answered with the commit before, though it came too late to be a part of it. */
static void a_message_that_was_answered_keeps_its_key_whatever_fails_later(void **state)
{
    struct sim *sim = *state;
    size_t heard = sim->heard_count;
    sim_ask(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    struct command message = sim_keyed(sim_message("s", "{}"), "a");
    struct asked *first = sim_ask_meanwhile(sim, message);
    assert_int_equal(sim_run(sim), OK);
    assert_refused(first, OK);
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    assert_refused(sim_do(sim, sim_create("x", NULL)), ERR_STORE);
    struct asked *again = sim_do(sim, message);
    assert_ptr_equal(again->command.head, first->command.head);
    assert_int_equal(sim->heard_count, heard + 2);
}

static void what_was_refused_is_tried_again(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{}"));
    struct command stale = sim_keyed(sim_guarded(sim_update("x", "{\"a\":1}"), 1), "a");
    assert_refused(sim_do(sim, stale), ERR_REVISION);
    sim_do(sim, sim_update("x", "{}"));
    assert_answer(sim, sim_do(sim, stale), "2 {\"a\":1}");
    sim_do(sim, sim_update("x", "{\"a\":2}"));
    assert_answer(sim, sim_do(sim, stale), "2 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_fetch("x")), "3 {\"a\":2}");
}

static void every_kind_of_write_may_come_again(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_MAP, sim_create("m", NULL)));
    sim_do(sim, sim_of(KIND_STREAM, sim_create("s", NULL)));
    struct command writes[] = {
        sim_create("x", "{}"),
        sim_update("x", "{\"a\":1}"),
        sim_remove("x"),
        sim_with_data(sim_map_item(VERB_PUT, "m", "k"), "{}"),
        sim_map_item(VERB_REMOVE, "m", "k"),
        sim_message("s", "{}"),
        sim_of(KIND_MAP, sim_remove("m")),
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct command write = sim_keyed(writes[i], sim_name(sim, "k%zu", i));
        struct asked *first = sim_do(sim, write);
        assert_refused(first, OK);
        size_t heard = sim->heard_count;
        struct asked *again = sim_do(sim, write);
        assert_refused(again, OK);
        assert_ptr_equal(again->command.head, first->command.head);
        assert_int_equal(sim->heard_count, heard);
    }
}

static void a_key_belongs_to_one_write_of_one_identity(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", "{}"));
    struct command write = sim_keyed(sim_update("x", "{\"a\":1}"), "a");
    assert_refused(sim_do(sim, write), OK);
    assert_refused(sim_do(sim, sim_keyed(sim_update("x", "{\"a\":2}"), "a")), ERR_KEY_REUSED);
    assert_refused(sim_do(sim, sim_keyed(sim_remove("x"), "a")), ERR_KEY_REUSED);
    assert_refused(sim_do(sim, sim_guarded(write, 0)), ERR_KEY_REUSED);
    assert_refused(sim_do(sim, sim_with_ttl(write, 5)), ERR_KEY_REUSED);
    write.identity = STR("bob");
    assert_answer(sim, sim_do(sim, write), "2 {\"a\":1}");
    assert_answer(sim, sim_do(sim, sim_fetch("x")), "2 {\"a\":1}");
}

/* `identity`: NULL: over REST. */
static struct command by(const char *identity, struct command command)
{
    command.guarded = identity != NULL;
    if (identity)
        command.identity = str_from(identity);
    return command;
}

static void a_client_by_the_accounts_name_is_not_the_account(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    struct command write = push("a");
    write.identity = STR("system");
    assert_refused(sim_do(sim, write), OK);
    assert_refused(sim_do(sim, by("system", write)), OK);
    assert_int_equal(pushed(sim), 2);
    assert_refused(sim_do(sim, by("system", write)), OK);
    assert_int_equal(pushed(sim), 2);
}

static void permissions_of_things_with_the_same_name_are_two_things(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("x", NULL)));
    sim_do(sim, sim_of(KIND_MAP, sim_create("x", NULL)));
    struct command of_list =
        sim_with_rights(sim_permission(VERB_PUT, KIND_LIST, "x", "bob"), true, false, false);
    struct command of_map =
        sim_with_rights(sim_permission(VERB_PUT, KIND_MAP, "x", "bob"), true, false, false);
    assert_refused(sim_do(sim, sim_keyed(of_list, "a")), OK);
    assert_refused(sim_do(sim, sim_keyed(of_map, "a")), ERR_KEY_REUSED);
}

static void control(struct sim *sim)
{
    struct command command = sim_about(KIND_SERVICE, VERB_UPDATE, STR("default"));
    command.service_fields.given = SERVICE_ACL;
    command.service_fields.acl_enabled = true;
    assert_refused(sim_do(sim, command), OK);
}

static void is_repeated(struct sim *sim, struct asked *first, struct command write)
{
    size_t heard = sim->heard_count;
    struct asked *again = sim_do(sim, write);
    assert_refused(first, OK);
    assert_refused(again, OK);
    assert_ptr_equal(again->command.head, first->command.head);
    assert_ptr_equal(again->command.container_head, first->command.container_head);
    assert_int_equal(sim->heard_count, heard);
}

static void what_was_done_is_answered_though_its_object_is_gone(void **state)
{
    struct sim *sim = *state;
    control(sim);
    struct command create = sim_keyed(by("alice", sim_create("x", "{}")), "create");
    struct command update = sim_keyed(by("alice", sim_update("x", "{}")), "update");
    struct command delete = sim_keyed(by("alice", sim_remove("x")), "delete");
    struct asked *created = sim_do(sim, create);
    struct asked *updated = sim_do(sim, update);
    struct asked *deleted = sim_do(sim, delete);
    is_repeated(sim, created, create);
    is_repeated(sim, updated, update);
    is_repeated(sim, deleted, delete);
    assert_refused(sim_do(sim, sim_fetch("x")), ERR_NAME_MISSING);
}

static void what_was_done_is_answered_though_its_list_is_gone(void **state)
{
    struct sim *sim = *state;
    control(sim);
    sim_do(sim, by("alice", sim_of(KIND_LIST, sim_create("l", NULL))));
    struct command add = by("alice", push("a"));
    struct asked *added = sim_do(sim, add);
    is_repeated(sim, added, add);
    assert_refused(sim_do(sim, sim_of(KIND_LIST, sim_remove("l"))), OK);
    is_repeated(sim, added, add);
    assert_refused(sim_do(sim, by("alice", push("b"))), ERR_NAME_MISSING);
}

static void what_was_done_is_answered_though_the_permission_is_gone(void **state)
{
    struct sim *sim = *state;
    control(sim);
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    struct command permit = sim_permission(VERB_PUT, KIND_LIST, "l", "alice");
    assert_refused(sim_do(sim, sim_with_rights(permit, false, true, false)), OK);
    struct command add = by("alice", push("a"));
    struct asked *added = sim_do(sim, add);
    assert_refused(sim_do(sim, sim_with_rights(permit, false, false, false)), OK);
    is_repeated(sim, added, add);
    assert_refused(sim_do(sim, by("alice", push("b"))), ERR_DENIED);
}

static struct asked *repeat(struct sim *sim, const char *key, int64_t first_sent_ms)
{
    struct command command = push(key);
    command.first_sent_ms = first_sent_ms;
    return sim_do(sim, command);
}

static void keys_are_forgotten_when_they_are_old_and_whoever_asks_is_told(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    int64_t early_ms = sim->now_ms += 1;
    sim_do(sim, push("a"));
    sim->now_ms += SIM_IDEMPOTENCY_KEEP_MS;
    assert_refused(repeat(sim, "a", early_ms), OK);
    assert_int_equal(pushed(sim), 1);
    sim->now_ms += 1;
    assert_refused(repeat(sim, "a", early_ms), ERR_KEY_FORGOTTEN);
    assert_refused(repeat(sim, "new", early_ms + 1), OK);
    assert_refused(repeat(sim, "a", 0), OK);
    assert_int_equal(pushed(sim), 3);
}

static void keys_are_forgotten_when_there_is_no_room_the_oldest_first(void **state)
{
    struct sim *sim = *state;
    char data[2000];
    sim_do(sim, sim_create("x", "{}"));
    memset(data, 'a', sizeof data);
    memcpy(data, "{\"a\":\"", 6);
    memcpy(data + sizeof data - 3, "\"}", 3);
    int64_t early_ms = sim->now_ms += 1;
    for (size_t i = 0; i < 100; i++) {
        sim_do(sim, sim_keyed(sim_update("x", data), sim_name(sim, "k%zu", i)));
        sim->now_ms += 1;
    }
    struct command old = sim_keyed(sim_update("x", data), "k0");
    struct command young = sim_keyed(sim_update("x", data), "k99");
    old.first_sent_ms = young.first_sent_ms = early_ms;
    assert_refused(sim_do(sim, old), ERR_KEY_FORGOTTEN);
    assert_refused(sim_do(sim, young), OK);
    assert_int_equal(sim_do(sim, sim_fetch("x"))->command.head->revision, 100);
}

static void a_new_start_knows_no_keys_and_says_so(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    int64_t before_ms = sim->now_ms += 1;
    sim_do(sim, push("a"));
    sim->now_ms += 1;
    assert_int_equal(sim_restart(sim), OK);
    sim->now_ms += 1;
    assert_refused(repeat(sim, "a", before_ms), ERR_KEY_FORGOTTEN);
    assert_refused(repeat(sim, "b", sim->now_ms), OK);
}

/* What clients say is by the server's time, which does not jump. */
static void keys_are_forgotten_at_their_age_whatever_the_calendar_says(void **state)
{
    struct sim *sim = *state;
    const int64_t day_ms = 86400000, offs_ms[] = {day_ms, -day_ms, 3 * day_ms, -5 * day_ms};
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    for (size_t i = 0; i < 4; i++) {
        const char *old = sim_name(sim, "old%zu", i), *young = sim_name(sim, "young%zu", i);
        int64_t old_ms = sim->now_ms += 1;
        sim_do(sim, push(old));
        sim->calendar_off_ms = offs_ms[i];
        int64_t young_ms = sim->now_ms += SIM_IDEMPOTENCY_KEEP_MS / 2;
        sim_do(sim, push(young));
        assert_refused(repeat(sim, old, old_ms), OK);
        sim->now_ms += SIM_IDEMPOTENCY_KEEP_MS / 2 + 1;
        assert_refused(repeat(sim, old, old_ms), ERR_KEY_FORGOTTEN);
        assert_refused(repeat(sim, young, young_ms), OK);
        assert_refused(repeat(sim, sim_name(sim, "new%zu", i), sim->now_ms), OK);
        assert_int_equal(pushed(sim), 3 * (i + 1));
        sim->now_ms += SIM_IDEMPOTENCY_KEEP_MS + 1;
    }
}

/* Writes are sent again at random, some commits fail: in the end each was done once. */
static void whatever_comes_again_is_done_once(void **state)
{
    struct sim *sim = *state;
    enum { WRITES = 100 };
    bool done[WRITES] = {false};
    size_t count = 0;
    sim->overlapping = true;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    while (count < WRITES) {
        struct asked *asked[20];
        size_t which[20], some = 1 + sim_random(sim) % 20;
        for (size_t i = 0; i < some; i++) {
            which[i] = sim_random(sim) % WRITES;
            asked[i] = sim_ask(sim, push(sim_name(sim, "k%zu", which[i])));
        }
        if (sim_random(sim) % 4 == 0)
            sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
        assert_int_equal(sim_run(sim), OK);
        sim_fail(sim, SIM_COMMIT, 0, OK);
        for (size_t i = 0; i < some; i++) {
            count += !asked[i]->command.err && !done[which[i]];
            done[which[i]] = done[which[i]] || !asked[i]->command.err;
        }
        assert_int_equal(pushed(sim), count);
    }
}

/* The same with restarts, as clients do it that say since when a write may have been done: what is
 * known of is answered as it was, and nothing is done twice. */
static void whatever_comes_again_after_a_restart_is_done_once_at_most(void **state)
{
    struct sim *sim = *state;
    enum { WRITES = 60, ROUNDS = 200 };
    int64_t first_ms[WRITES] = {0};
    uint64_t done[WRITES] = {0}; /* by which change */
    size_t count = 0, forgotten = 0;
    sim->overlapping = true;
    sim_do(sim, sim_of(KIND_LIST, sim_create("l", NULL)));
    for (size_t round = 0; round < ROUNDS; round++) {
        struct asked *asked[8];
        size_t which[8];
        sim->now_ms += 1;
        if (sim_random(sim) % 20 == 0)
            assert_int_equal(sim_restart(sim), OK);
        sim->now_ms += 1;
        if (sim_random(sim) % 4 == 0)
            sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
        for (size_t i = 0; i < 8; i++) {
            size_t at = which[i] = sim_random(sim) % WRITES;
            struct command command = push(sim_name(sim, "k%zu", at));
            command.first_sent_ms = first_ms[at];
            first_ms[at] = first_ms[at] ? first_ms[at] : sim->now_ms;
            asked[i] = sim_ask(sim, command);
        }
        assert_int_equal(sim_run(sim), OK);
        sim_fail(sim, SIM_COMMIT, 0, OK);
        for (size_t i = 0; i < 8; i++) {
            const struct command *command = &asked[i]->command;
            uint64_t *known = &done[which[i]];
            forgotten += command->err == ERR_KEY_FORGOTTEN;
            if (command->err)
                continue;
            count += !*known;
            *known = *known ? *known : command->head->seq;
            assert_int_equal(command->head->seq, *known);
        }
        assert_int_equal(pushed(sim), count);
    }
    assert_true(forgotten > 0 && count > WRITES / 4);
}

static void a_key_is_visible_ascii(void **state)
{
    char longest[IDEMPOTENCY_KEY_MAX + 2];
    struct why why;
    (void)state;
    memset(longest, 'k', sizeof longest);
    struct str text = {longest, IDEMPOTENCY_KEY_MAX};
    assert_int_equal(idempotency_check(text, &why), OK);
    text.len++;
    assert_int_equal(idempotency_check(text, &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("!~"), &why), OK);
    assert_int_equal(idempotency_check(STR(""), &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("a b"), &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("\x7f"), &why), ERR_PARAMETER);
    assert_int_equal(idempotency_check(STR("\xc3\xa4"), &why), ERR_PARAMETER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(a_write_that_comes_again_is_answered_again_and_not_done),
        ON_EACH_STORE(a_repeat_in_the_same_batch_waits_for_the_same_commit),
        ON_EACH_STORE(a_commit_that_fails_leaves_no_key),
        ON_EACH_STORE(a_message_that_was_answered_keeps_its_key_whatever_fails_later),
        ON_EACH_STORE(a_commit_that_fails_behind_another_leaves_no_key_of_its_own),
        ON_EACH_STORE(what_was_refused_is_tried_again),
        ON_EACH_STORE(every_kind_of_write_may_come_again),
        ON_EACH_STORE(a_key_belongs_to_one_write_of_one_identity),
        ON_EACH_STORE(a_client_by_the_accounts_name_is_not_the_account),
        ON_EACH_STORE(permissions_of_things_with_the_same_name_are_two_things),
        ON_EACH_STORE(what_was_done_is_answered_though_its_object_is_gone),
        ON_EACH_STORE(what_was_done_is_answered_though_its_list_is_gone),
        ON_EACH_STORE(what_was_done_is_answered_though_the_permission_is_gone),
        ON_EACH_STORE(keys_are_forgotten_when_they_are_old_and_whoever_asks_is_told),
        ON_EACH_STORE(keys_are_forgotten_when_there_is_no_room_the_oldest_first),
        ON_EACH_STORE(keys_are_forgotten_at_their_age_whatever_the_calendar_says),
        ON_EACH_STORE(a_new_start_knows_no_keys_and_says_so),
        ON_EACH_STORE(whatever_comes_again_is_done_once),
        ON_EACH_STORE(whatever_comes_again_after_a_restart_is_done_once_at_most),
        cmocka_unit_test(a_key_is_visible_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
