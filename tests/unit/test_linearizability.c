/* Many clients at random against the core in a simulated world, and the order of what they saw.
 *
 * Each seed is a world of its own. A failure prints its seed; SEED=n in the environment runs that
 * one alone. The checker is tested with histories made by hand, good and bad. */
#include "base/mem.h"
#include "sim/history.h"
#include "sim/sim.h"
#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    FAKE_SEEDS = 300,
    SQLITE_SEEDS = 40, /* of each kind */
    CLIENTS = 12,
    NAMES = 3,
    STEPS = 60,
    LARGE_BATCH = 700, /* more than the core commits at once */
};

/* What a client remembers of the last document it saw. */
struct client {
    unsigned name;
    uint64_t id;
    uint64_t revision;
    struct str sid;
};

struct world {
    struct sim sim;
    struct history history;
    struct client clients[CLIENTS];
    uint64_t step;
    uint64_t values; /* handed out */
    int64_t latest_ms;
};

/* A command on its way, and who sent it. */
struct sent {
    struct asked *asked;
    struct client *client;
    struct operation op;
};

static uint64_t choose(struct world *world, uint64_t count)
{
    return sim_random(&world->sim) % count;
}

static const char *name_of(unsigned name)
{
    static const char *const names[NAMES] = {"alice", "bob", "carol"};
    return names[name];
}

/* --- sending --- */

static enum verb choose_verb(struct world *world)
{
    static const enum verb verbs[] = {VERB_CREATE, VERB_CREATE, VERB_FETCH,  VERB_FETCH,
                                      VERB_FETCH,  VERB_UPDATE, VERB_UPDATE, VERB_UPDATE,
                                      VERB_UPDATE, VERB_REMOVE};
    return verbs[choose(world, sizeof verbs / sizeof *verbs)];
}

static struct str new_data(struct world *world, struct operation *op)
{
    char text[32];
    op->value = ++world->values;
    int len = snprintf(text, sizeof text, "{\"v\":%llu}", (unsigned long long)op->value);
    return arena_dup(&world->sim.arena, (struct str){text, (size_t)len});
}

static void choose_ttl(struct world *world, struct operation *op, struct command *command)
{
    if (choose(world, 3) != 0)
        return;
    *command = sim_with_ttl(*command, (int64_t)choose(world, 4));
    op->has_ttl = true;
    op->ttl_ms = command->ttl_s * 1000;
}

/* By name, or the document last seen by its SID; with or without what was last seen of it. */
static void choose_object(struct world *world, const struct client *client, struct operation *op,
                          struct command *command)
{
    if (client->id && client->name == op->name && choose(world, 2)) {
        op->on = client->id;
        command->object = client->sid;
    }
    if (op->verb == VERB_FETCH || !choose(world, 3))
        return;
    op->guarded = true;
    op->guard = client->name == op->name ? client->revision : choose(world, 4);
    *command = sim_guarded(*command, op->guard);
}

static struct sent make(struct world *world, struct client *client)
{
    struct operation op = {.verb = choose_verb(world), .name = (unsigned)choose(world, NAMES)};
    struct command command = sim_fetch(name_of(op.name));
    command.verb = op.verb;
    if (op.verb == VERB_CREATE || op.verb == VERB_UPDATE) {
        command.data = new_data(world, &op);
        choose_ttl(world, &op, &command);
    }
    if (op.verb == VERB_CREATE)
        command.name = command.object;
    else
        choose_object(world, client, &op, &command);
    return (struct sent){sim_ask(&world->sim, command), client, op};
}

/* --- hearing --- */

static void remember(struct world *world, struct client *client, const struct operation *op,
                     const struct asked *asked)
{
    *client = (struct client){
        .name = op->name,
        .id = op->id,
        .revision = op->revision,
        .sid = client->id == op->id ? client->sid : sim_sid(&world->sim, asked),
    };
}

static void hear(struct world *world, struct sent *sent)
{
    struct operation *op = &sent->op;
    const struct change *head = sent->asked->command.head;
    op->call = 4 * world->step + 1;
    op->ret = 4 * world->step + 2;
    op->now_ms = world->latest_ms;
    op->answer = sent->asked->command.err;
    if (!op->answer) {
        op->id = head->id;
        op->revision = head->revision;
        op->expires_ms = head->expires_ms;
        op->seen = strtoull(head->data.ptr + strlen("{\"v\":"), NULL, 10);
        remember(world, sent->client, op, sent->asked);
    }
    history_add(&world->history, op);
}

/* --- a world's life --- */

/* The clock may also be set back; the core's must not follow. */
static void move_clock(struct world *world)
{
    struct sim *sim = &world->sim;
    if (choose(world, 3) == 0)
        sim->now_ms += (int64_t)choose(world, 1500);
    if (choose(world, 20) == 0)
        sim->now_ms -= (int64_t)choose(world, 2000);
    if (sim->now_ms > world->latest_ms)
        world->latest_ms = sim->now_ms;
}

static void choose_failure(struct world *world)
{
    static const enum sim_call calls[] = {SIM_COMMIT, SIM_COMMIT, SIM_GET,
                                          SIM_FIND,   SIM_DUE,    SIM_TIDY};
    if (choose(world, 4) == 0)
        sim_fail(&world->sim, calls[choose(world, sizeof calls / sizeof *calls)],
                 (unsigned)choose(world, 4), ERR_STORE);
}

/* Clients have one command each on its way; in a large batch they share it out. */
static void run_step(struct world *world)
{
    struct sent sent[LARGE_BATCH];
    size_t count = choose(world, 40) == 0 ? LARGE_BATCH : 1 + choose(world, CLIENTS);
    move_clock(world);
    choose_failure(world);
    for (size_t i = 0; i < count; i++)
        sent[i] = make(world, &world->clients[i % CLIENTS]);
    assert_int_equal(sim_run(&world->sim), OK);
    for (size_t i = 0; i < count; i++)
        hear(world, &sent[i]);
    sim_forget(&world->sim);
    if (choose(world, 2))
        assert_int_not_equal(sim_tidy(&world->sim), ERR_UNSURE);
    world->step++;
}

/* A new core knows of no time but the clock's: here that has caught up. */
static void restart(struct world *world)
{
    world->sim.now_ms = world->latest_ms;
    while (sim_restart(&world->sim) != OK)
        continue;
}

static void run_world(enum sim_kind kind, uint64_t seed)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    struct why why;
    sim_init(&world->sim, kind, seed);
    history_init(&world->history);
    world->latest_ms = world->sim.now_ms;
    for (world->step = 1; world->step <= STEPS;) {
        run_step(world);
        if (choose(world, 50) == 0)
            restart(world);
    }
    if (!history_is_linearizable(&world->history, &why))
        fail_msg("SEED=%llu: %s", (unsigned long long)seed, why.text);
    history_deinit(&world->history);
    sim_deinit(&world->sim);
    free(world);
}

static void run_worlds(enum sim_kind kind, uint64_t seeds)
{
    const char *chosen = getenv("SEED");
    if (chosen) {
        run_world(kind, strtoull(chosen, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_world(kind, seed);
}

static void one_order_explains_what_clients_saw_on_the_fake_store(void **state)
{
    (void)state;
    run_worlds(SIM_FAKE, FAKE_SEEDS);
}

static void one_order_explains_what_clients_saw_on_sqlite(void **state)
{
    (void)state;
    run_worlds(SIM_SQLITE, SQLITE_SEEDS);
    run_worlds(SIM_FORGETFUL, SQLITE_SEEDS);
}

/* --- the checker --- */

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
        cmocka_unit_test(one_order_explains_what_clients_saw_on_the_fake_store),
        cmocka_unit_test(one_order_explains_what_clients_saw_on_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
