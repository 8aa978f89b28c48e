#include "sync/contention.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#define DOCUMENT STR("ET00000000000000070123456789abcdef")
#define OTHER    STR("ET00000000000000080123456789abcdef")
#define MAP      STR("MP00000000000000090123456789abcdef")
#define LIST     STR("ES000000000000000a0123456789abcdef")

/* --- step by step: sessions of a document, at 1,000,000 ms and later --- */

enum { START_MS = 1000000 };

struct table {
    struct contention contention;
    int64_t now_ms;
};

static void open_table(struct table *table)
{
    contention_init(&table->contention);
    table->now_ms = START_MS;
}

static void close_table(struct table *table)
{
    assert_int_equal(table->contention.held, 0);
    contention_deinit(&table->contention);
}

static struct command about(enum verb verb, uint64_t session)
{
    return (
        struct command){.verb = verb, .kind = KIND_DOCUMENT, .object = DOCUMENT, .origin = session};
}

static struct command reads(uint64_t session)
{
    return about(VERB_FETCH, session);
}

static struct command writes(uint64_t session)
{
    struct command command = about(VERB_UPDATE, session);
    command.if_match.given = true;
    return command;
}

static bool is_held(struct table *table, struct command *command)
{
    return contention_hold(&table->contention, command, (struct instant){table->now_ms});
}

static void answered(struct table *table, struct command command, enum err err)
{
    command.err = err;
    contention_note(&table->contention, &command, (struct instant){table->now_ms});
}

/* It is not kept back, and this is what comes of it. */
static void does(struct table *table, struct command command, enum err err)
{
    assert_false(is_held(table, &command));
    answered(table, command, err);
}

/* Let time pass, and take what comes out: exactly this, or nothing. */
static void comes_out(struct table *table, int64_t after_ms, const struct command *command)
{
    table->now_ms += after_ms;
    struct chain taken = contention_take(&table->contention, (struct instant){table->now_ms});
    assert_ptr_equal(taken.first, command);
    assert_int_equal(taken.count, command ? 1 : 0);
}

static void nothing_is_kept_back_where_nobody_lost(void **state)
{
    struct table table;
    (void)state;
    open_table(&table);
    does(&table, writes(1), OK);
    does(&table, reads(2), OK);
    does(&table, about(VERB_UPDATE, 2), OK);
    assert_int_equal(table.contention.objects.count, 0);
    assert_true(contention_next(&table.contention).ms == INT64_MAX);
    comes_out(&table, 0, NULL);
    close_table(&table);
}

static void a_losers_read_is_kept_back_until_the_object_is_quiet(void **state)
{
    struct table table;
    struct command read = reads(2);
    (void)state;
    open_table(&table);
    does(&table, writes(1), OK);
    does(&table, writes(2), ERR_REVISION);
    assert_true(contention_concerns(&table.contention, &read));
    assert_true(is_held(&table, &read));
    assert_int_equal(contention_next(&table.contention).ms, START_MS + CONTENTION_QUIET_MIN_MS);
    table.now_ms += 5;
    does(&table, writes(1), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS - 1, NULL);
    comes_out(&table, 1, &read);
    close_table(&table);
}

static void only_the_next_read_of_a_loser_is_kept_back(void **state)
{
    struct table table;
    struct command read = reads(2);
    (void)state;
    open_table(&table);
    does(&table, writes(2), ERR_REVISION);
    does(&table, reads(1), OK);
    assert_true(is_held(&table, &read));
    does(&table, reads(2), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read);
    does(&table, reads(2), OK);
    close_table(&table);
}

static void reads_come_out_one_a_time_in_the_order_of_arrival(void **state)
{
    struct table table;
    struct command read[] = {reads(2), reads(3), reads(4)};
    (void)state;
    open_table(&table);
    for (uint64_t session = 4; session >= 2; session--)
        does(&table, writes(session), ERR_REVISION);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_held(&table, &read[i]));
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read[0]);
    answered(&table, read[0], OK);
    does(&table, writes(2), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read[1]);
    answered(&table, read[1], OK);
    does(&table, writes(3), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read[2]);
    close_table(&table);
}

static void whoever_loses_again_goes_to_the_end(void **state)
{
    struct table table;
    struct command read[] = {reads(2), reads(3)};
    (void)state;
    open_table(&table);
    does(&table, writes(2), ERR_REVISION);
    does(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read[0]) && is_held(&table, &read[1]));
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read[0]);
    does(&table, about(VERB_UPDATE, 1), OK);
    does(&table, writes(2), ERR_REVISION);
    assert_true(is_held(&table, &read[0]));
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read[1]);
    does(&table, writes(3), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read[0]);
    close_table(&table);
}

/* Session 2 has lost, waited and been released. */
static void release(struct table *table)
{
    static struct command read;
    read = reads(2);
    does(table, writes(2), ERR_REVISION);
    assert_true(is_held(table, &read));
    comes_out(table, CONTENTION_QUIET_MIN_MS, &read);
    answered(table, read, OK);
}

static void guarded_writes_of_others_wait_until_the_released_one_has_written(void **state)
{
    struct table table;
    struct command parked = writes(3);
    (void)state;
    open_table(&table);
    release(&table);
    assert_true(is_held(&table, &parked));
    does(&table, about(VERB_UPDATE, 4), OK);
    comes_out(&table, 2, NULL);
    does(&table, writes(2), OK);
    assert_true(contention_next(&table.contention).ms <= table.now_ms);
    comes_out(&table, 0, &parked);
    does(&table, writes(3), OK);
    close_table(&table);
}

static void guarded_writes_wait_no_longer_when_the_released_one_failed(void **state)
{
    struct table table;
    struct command parked = writes(3);
    (void)state;
    open_table(&table);
    release(&table);
    assert_true(is_held(&table, &parked));
    does(&table, writes(2), ERR_DATA);
    comes_out(&table, 0, &parked);
    close_table(&table);
}

static void guarded_writes_wait_for_the_grace_period_at_most(void **state)
{
    struct table table;
    struct command parked = writes(3);
    (void)state;
    open_table(&table);
    release(&table);
    assert_true(is_held(&table, &parked));
    assert_int_equal(contention_next(&table.contention).ms, table.now_ms + CONTENTION_GRACE_MIN_MS);
    comes_out(&table, CONTENTION_GRACE_MIN_MS - 1, NULL);
    comes_out(&table, 1, &parked);
    does(&table, writes(3), OK);
    close_table(&table);
}

static void who_does_not_write_lets_the_next_one_through(void **state)
{
    struct table table;
    struct command read = reads(3);
    (void)state;
    open_table(&table);
    release(&table);
    does(&table, about(VERB_UPDATE, 1), OK);
    answered(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read));
    comes_out(&table, CONTENTION_GRACE_MIN_MS - 1, NULL);
    comes_out(&table, 1, &read);
    close_table(&table);
}

static void a_turn_ends_though_its_writer_goes_on(void **state)
{
    struct table table;
    struct command read = reads(3), parked = writes(2);
    int64_t waited_ms = 0;
    (void)state;
    open_table(&table);
    release(&table);
    does(&table, writes(2), OK);
    answered(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read));
    while (!contention_take(&table.contention, (struct instant){table.now_ms}).first &&
           waited_ms < 1000) {
        table.now_ms += 4;
        waited_ms += 4;
        does(&table, writes(2), OK);
    }
    assert_in_range(waited_ms, CONTENTION_TURN_MAX_MS - 10, CONTENTION_TURN_MAX_MS);
    assert_true(is_held(&table, &parked));
    does(&table, writes(3), OK);
    comes_out(&table, 0, &parked);
    close_table(&table);
}

static void nothing_is_kept_back_for_longer_than_the_longest_time(void **state)
{
    struct table table;
    struct command read[3] = {reads(2), reads(3), reads(4)};
    size_t taken = 0;
    (void)state;
    open_table(&table);
    for (size_t i = 0; i < 3; i++) {
        does(&table, writes(i + 2), ERR_REVISION);
        assert_true(is_held(&table, &read[i]));
    }
    table.now_ms += CONTENTION_HOLD_MAX_MS; /* nobody asked in between */
    struct chain out = contention_take(&table.contention, (struct instant){table.now_ms});
    while (chain_shift(&out))
        taken++;
    assert_int_equal(taken, 3);
    close_table(&table);
}

/* Writes 40 ms apart make quiet and the grace period about 60 and 90 ms long. */
static void slow_sessions_are_waited_for_longer(void **state)
{
    struct table table;
    struct command read = reads(3), parked = writes(2);
    (void)state;
    open_table(&table);
    release(&table);
    for (int i = 0; i < 4; i++) {
        table.now_ms += 40;
        does(&table, writes(2), OK);
    }
    does(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read));
    comes_out(&table, 50, NULL);
    comes_out(&table, 20, &read);
    assert_true(is_held(&table, &parked));
    comes_out(&table, 75, NULL);
    comes_out(&table, 25, &parked);
    close_table(&table);
}

static void a_released_session_that_is_too_slow_is_waited_for_longer_next_time(void **state)
{
    struct table table;
    struct command read = reads(3);
    (void)state;
    open_table(&table);
    release(&table);
    comes_out(&table, 60, NULL);
    does(&table, writes(2), OK);
    does(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read));
    comes_out(&table, 30, NULL);
    comes_out(&table, 15, &read);
    close_table(&table);
}

static void a_pause_says_nothing_about_how_slow_a_session_is(void **state)
{
    struct table table;
    struct command read = reads(3), parked = writes(2);
    (void)state;
    open_table(&table);
    release(&table);
    does(&table, writes(2), OK);
    comes_out(&table, 1000, NULL);
    does(&table, writes(2), OK);
    does(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read));
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read);
    assert_true(is_held(&table, &parked));
    comes_out(&table, CONTENTION_GRACE_MIN_MS, &parked);
    close_table(&table);
}

static void a_session_that_waits_and_loses_again_waits_once(void **state)
{
    struct table table;
    struct command read = reads(2);
    (void)state;
    open_table(&table);
    does(&table, writes(2), ERR_REVISION);
    assert_true(is_held(&table, &read));
    does(&table, writes(2), ERR_REVISION);
    assert_int_equal(table.contention.losers, 1);
    does(&table, reads(2), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read);
    close_table(&table);
}

/* One object's loser is held; the same session is not, with any of the others. */
static void check_followed(struct command write, struct command read, struct command other)
{
    struct table table;
    open_table(&table);
    write.origin = read.origin = other.origin = 2;
    does(&table, write, write.if_none_match_any ? ERR_EXISTS : ERR_REVISION);
    does(&table, other, OK);
    assert_true(is_held(&table, &read));
    comes_out(&table, CONTENTION_QUIET_MIN_MS, &read);
    close_table(&table);
}

static struct command about_item(enum verb verb, enum kind kind, const struct str *name)
{
    bool map = kind == KIND_MAP_ITEM;
    return (struct command){
        .verb = verb,
        .kind = kind,
        .container_kind = map ? KIND_MAP : KIND_LIST,
        .container = map ? MAP : LIST,
        .object = verb == VERB_FETCH_MANY || verb == VERB_CREATE ? (struct str){0} : *name,
        .name = verb == VERB_CREATE ? *name : (struct str){0},
        .names = verb == VERB_FETCH_MANY ? name : NULL,
        .names_count = verb == VERB_FETCH_MANY,
        .if_match.given = verb == VERB_UPDATE || verb == VERB_PUT || verb == VERB_REMOVE,
        .if_none_match_any = verb == VERB_CREATE,
    };
}

static void documents_and_items_are_followed_each_by_itself(void **state)
{
    static const struct str a = STR_INIT("a"), b = STR_INIT("b");
    const enum verb write_verbs[] = {VERB_UPDATE, VERB_PUT, VERB_REMOVE, VERB_CREATE};
    const enum verb read_verbs[] = {VERB_FETCH, VERB_FETCH_MANY};
    struct command other = reads(0);
    (void)state;
    other.object = OTHER;
    check_followed(writes(0), reads(0), other);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++) {
            enum kind kind = KIND_MAP_ITEM;
            check_followed(about_item(write_verbs[i], kind, &a),
                           about_item(read_verbs[j], kind, &a),
                           about_item(read_verbs[1 - j], kind, &b));
        }
    check_followed(about_item(VERB_UPDATE, KIND_LIST_ITEM, &a),
                   about_item(VERB_FETCH_MANY, KIND_LIST_ITEM, &a),
                   about_item(VERB_FETCH, KIND_MAP_ITEM, &a));
}

static void check_unfollowed(struct command write)
{
    struct table table;
    open_table(&table);
    does(&table, write, ERR_REVISION);
    assert_int_equal(table.contention.objects.count, 0);
    close_table(&table);
}

static void what_is_not_named_by_sid_is_not_followed(void **state)
{
    static const struct str a = STR_INIT("a"), none = {0};
    struct command document = writes(2), item = about_item(VERB_PUT, KIND_MAP_ITEM, &a);
    struct command push = about_item(VERB_CREATE, KIND_LIST_ITEM, &none);
    struct command list = writes(2);
    (void)state;
    item.origin = push.origin = 2;
    document.object = STR("unique");
    item.container = STR("unique");
    list.kind = KIND_LIST;
    list.object = LIST;
    check_unfollowed(document);
    check_unfollowed(item);
    check_unfollowed(push);
    check_unfollowed(list);
}

static void other_failures_are_no_lost_races(void **state)
{
    struct command plain = about(VERB_UPDATE, 2);
    struct table table;
    (void)state;
    open_table(&table);
    does(&table, writes(2), ERR_STORE);
    does(&table, writes(2), ERR_MISSING);
    does(&table, plain, ERR_NAME_TAKEN);
    assert_int_equal(table.contention.objects.count, 0);
    close_table(&table);
}

static void who_is_no_session_takes_no_part_but_its_writes_count(void **state)
{
    struct table table;
    struct command read = reads(2), foreign = reads(0);
    (void)state;
    open_table(&table);
    does(&table, writes(0), ERR_REVISION);
    assert_int_equal(table.contention.objects.count, 0);
    does(&table, writes(2), ERR_REVISION);
    assert_true(is_held(&table, &read));
    assert_false(contention_concerns(&table.contention, &foreign));
    does(&table, foreign, ERR_MISSING);
    comes_out(&table, 5, NULL);
    does(&table, writes(0), OK);
    comes_out(&table, CONTENTION_QUIET_MIN_MS - 1, NULL);
    comes_out(&table, 1, &read);
    does(&table, writes(0), OK);
    close_table(&table);
}

static void all_come_out_when_the_object_is_gone(void **state)
{
    struct table table;
    struct command read[] = {reads(3), reads(4)}, parked = writes(5);
    struct command missed = reads(2);
    (void)state;
    for (int removed = 0; removed < 2; removed++) {
        open_table(&table);
        release(&table);
        answered(&table, writes(3), ERR_REVISION);
        answered(&table, writes(4), ERR_REVISION);
        assert_true(is_held(&table, &read[0]) && is_held(&table, &read[1]));
        assert_true(is_held(&table, &parked));
        answered(&table, removed ? about(VERB_REMOVE, 1) : missed, removed ? OK : ERR_MISSING);
        assert_int_equal(contention_take(&table.contention, (struct instant){table.now_ms}).count,
                         3);
        assert_int_equal(contention_take(&table.contention, (struct instant){table.now_ms}).count,
                         0);
        close_table(&table);
    }
}

static void what_is_still_kept_back_in_the_end_is_forgotten(void **state)
{
    struct table table;
    struct command read = reads(3), parked = writes(5);
    (void)state;
    open_table(&table);
    release(&table);
    answered(&table, writes(3), ERR_REVISION);
    assert_true(is_held(&table, &read) && is_held(&table, &parked));
    contention_deinit(&table.contention);
}

static void losers_are_forgotten_after_a_while(void **state)
{
    struct table table;
    (void)state;
    open_table(&table);
    does(&table, writes(2), ERR_REVISION);
    table.now_ms += CONTENTION_LOSER_MS / 2;
    does(&table, writes(3), ERR_REVISION);
    table.now_ms += CONTENTION_LOSER_MS / 2;
    does(&table, reads(2), OK);
    comes_out(&table, 0, NULL);
    assert_int_equal(table.contention.objects.count, 1);
    comes_out(&table, CONTENTION_LOSER_MS / 2, NULL);
    assert_int_equal(table.contention.objects.count, 0);
    assert_int_equal(table.contention.losers, 0);
    close_table(&table);
}

static void who_has_won_after_all_is_no_loser(void **state)
{
    struct table table;
    (void)state;
    open_table(&table);
    does(&table, writes(2), ERR_REVISION);
    does(&table, writes(2), OK);
    assert_int_equal(table.contention.losers, 0);
    does(&table, reads(2), OK);
    close_table(&table);
}

static void an_object_has_so_many_losers_at_most(void **state)
{
    struct table table;
    uint64_t session = 0;
    (void)state;
    open_table(&table);
    while (session < CONTENTION_OBJECT_LOSERS_MAX + 10)
        does(&table, writes(++session), ERR_REVISION);
    assert_int_equal(table.contention.losers, CONTENTION_OBJECT_LOSERS_MAX);
    does(&table, reads(session), OK);
    table.now_ms += CONTENTION_LOSER_MS; /* there is room again */
    does(&table, writes(session), ERR_REVISION);
    assert_int_equal(table.contention.losers, 1);
    close_table(&table);
}

static void so_many_losers_are_remembered_at_most(void **state)
{
    struct table table;
    char sid[] = "ET00000000000000000123456789abcdef";
    struct command write = writes(2);
    (void)state;
    open_table(&table);
    write.object = (struct str){sid, sizeof sid - 1};
    for (uint64_t i = 1; i <= CONTENTION_LOSERS_MAX + 10; i++) {
        for (int digit = 0; digit < 8; digit++)
            sid[17 - digit] = "0123456789abcdef"[i >> 4 * digit & 15];
        does(&table, write, ERR_REVISION);
    }
    assert_int_equal(table.contention.losers, CONTENTION_LOSERS_MAX);
    assert_int_equal(table.contention.objects.count, CONTENTION_LOSERS_MAX);
    comes_out(&table, CONTENTION_LOSER_MS, NULL);
    assert_int_equal(table.contention.objects.count, 0);
    close_table(&table);
}

static void so_many_commands_are_kept_back_at_most(void **state)
{
    struct table table;
    struct command *parked = mem_zalloc(CONTENTION_HELD_MAX, sizeof *parked);
    struct command read = reads(3);
    (void)state;
    open_table(&table);
    release(&table);
    for (size_t i = 0; i < CONTENTION_HELD_MAX; i++) {
        parked[i] = writes(5);
        assert_true(is_held(&table, &parked[i]));
    }
    does(&table, writes(5), ERR_REVISION);
    answered(&table, writes(3), ERR_REVISION);
    assert_false(is_held(&table, &read));
    table.now_ms += CONTENTION_HOLD_MAX_MS;
    assert_int_equal(contention_take(&table.contention, (struct instant){table.now_ms}).count,
                     CONTENTION_HELD_MAX);
    close_table(&table);
    free(parked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_kept_back_where_nobody_lost),
        cmocka_unit_test(a_losers_read_is_kept_back_until_the_object_is_quiet),
        cmocka_unit_test(only_the_next_read_of_a_loser_is_kept_back),
        cmocka_unit_test(reads_come_out_one_a_time_in_the_order_of_arrival),
        cmocka_unit_test(whoever_loses_again_goes_to_the_end),
        cmocka_unit_test(guarded_writes_of_others_wait_until_the_released_one_has_written),
        cmocka_unit_test(guarded_writes_wait_no_longer_when_the_released_one_failed),
        cmocka_unit_test(guarded_writes_wait_for_the_grace_period_at_most),
        cmocka_unit_test(who_does_not_write_lets_the_next_one_through),
        cmocka_unit_test(a_turn_ends_though_its_writer_goes_on),
        cmocka_unit_test(nothing_is_kept_back_for_longer_than_the_longest_time),
        cmocka_unit_test(slow_sessions_are_waited_for_longer),
        cmocka_unit_test(a_released_session_that_is_too_slow_is_waited_for_longer_next_time),
        cmocka_unit_test(a_pause_says_nothing_about_how_slow_a_session_is),
        cmocka_unit_test(a_session_that_waits_and_loses_again_waits_once),
        cmocka_unit_test(documents_and_items_are_followed_each_by_itself),
        cmocka_unit_test(what_is_not_named_by_sid_is_not_followed),
        cmocka_unit_test(other_failures_are_no_lost_races),
        cmocka_unit_test(who_is_no_session_takes_no_part_but_its_writes_count),
        cmocka_unit_test(all_come_out_when_the_object_is_gone),
        cmocka_unit_test(what_is_still_kept_back_in_the_end_is_forgotten),
        cmocka_unit_test(losers_are_forgotten_after_a_while),
        cmocka_unit_test(who_has_won_after_all_is_no_loser),
        cmocka_unit_test(an_object_has_so_many_losers_at_most),
        cmocka_unit_test(so_many_losers_are_remembered_at_most),
        cmocka_unit_test(so_many_commands_are_kept_back_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
