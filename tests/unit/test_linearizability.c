/* Many clients at random against the core in a simulated world, and the order of what they saw: of
 * documents, and of the items of a map.
 *
 * Each seed is a world of its own. A failure prints its seed; SEED=n in the environment runs that
 * one alone. */
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

/* What a client remembers of the last object it saw. */
struct client {
    unsigned name;
    uint64_t id;
    uint64_t revision;
    struct str sid;
};

struct world {
    struct sim sim;
    enum kind kind; /* KIND_DOCUMENT or KIND_MAP_ITEM */
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
                                      VERB_UPDATE, VERB_REMOVE, VERB_PUT,    VERB_PUT};
    enum { COUNT = sizeof verbs / sizeof *verbs, PUTS = 2 };
    return verbs[choose(world, world->kind == KIND_MAP_ITEM ? COUNT : COUNT - PUTS)];
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
    op->ttl_ms = command->ttl.s * 1000;
}

/* By name, or the document last seen by its SID. */
static void choose_object(struct world *world, const struct client *client, struct operation *op,
                          struct command *command)
{
    bool known = client->id && client->name == op->name;
    if (!known || world->kind != KIND_DOCUMENT || choose(world, 2))
        return;
    op->on = client->id;
    command->object = client->sid;
}

/* With or without what was last seen of it. */
static void choose_guard(struct world *world, const struct client *client, struct operation *op,
                         struct command *command)
{
    if (op->verb == VERB_CREATE || op->verb == VERB_PUT)
        command->if_none_match_any = choose(world, 4) == 0;
    if (op->verb == VERB_FETCH || op->verb == VERB_CREATE || command->if_none_match_any ||
        !choose(world, 3))
        return;
    op->guarded = true;
    op->guard = client->name == op->name ? client->revision : choose(world, 4);
    *command = sim_guarded(*command, op->guard);
}

static struct command begin_command(struct world *world, const struct operation *op)
{
    struct command command = world->kind == KIND_DOCUMENT
                                 ? sim_fetch(name_of(op->name))
                                 : sim_map_item(VERB_FETCH, "map", name_of(op->name));
    command.verb = op->verb;
    if (op->verb == VERB_CREATE)
        command.name = command.object;
    return command;
}

/* A fetch of one item may also be one of many. */
static void fetch_as_many(struct world *world, struct command *command)
{
    if (command->verb != VERB_FETCH || world->kind != KIND_MAP_ITEM || choose(world, 2))
        return;
    struct str *name = arena_alloc(&world->sim.arena, sizeof *name);
    *name = command->object;
    command->verb = VERB_FETCH_MANY;
    command->names = name;
    command->names_count = 1;
}

static struct sent make(struct world *world, struct client *client)
{
    struct operation op = {.verb = choose_verb(world), .name = (unsigned)choose(world, NAMES)};
    struct command command = begin_command(world, &op);
    if (op.verb == VERB_CREATE || op.verb == VERB_UPDATE || op.verb == VERB_PUT) {
        command.data = new_data(world, &op);
        choose_ttl(world, &op, &command);
    }
    if (op.verb != VERB_CREATE)
        choose_object(world, client, &op, &command);
    choose_guard(world, client, &op, &command);
    fetch_as_many(world, &command);
    return (struct sent){sim_ask(&world->sim, command), client, op};
}

/* --- hearing --- */

static void remember(struct world *world, struct client *client, const struct operation *op,
                     const struct change *head)
{
    struct sid sid = sid_of(head);
    *client = (struct client){
        .name = op->name,
        .id = op->id,
        .revision = op->revision,
        .sid = client->id == op->id ? client->sid : arena_dup(&world->sim.arena, sid_str(&sid)),
    };
}

/* What the answer shows; NULL: nothing was there. */
static const struct change *shown(const struct command *command)
{
    if (command->verb != VERB_FETCH_MANY)
        return command->head;
    return command->heads_count ? command->heads[0] : NULL;
}

static void hear(struct world *world, struct sent *sent)
{
    struct operation *op = &sent->op;
    const struct change *head = shown(&sent->asked->command);
    op->call = 4 * world->step + 1;
    op->ret = 4 * world->step + 2;
    op->now_ms = world->latest_ms;
    op->answer = sent->asked->command.err;
    if (!op->answer && !head)
        op->answer = ERR_MISSING;
    if (!op->answer) {
        op->id = head->id;
        op->revision = head->revision;
        op->expires_ms = head->expires_ms;
        op->seen = strtoull(head->data.ptr + strlen("{\"v\":"), NULL, 10);
        remember(world, sent->client, op, head);
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

static void run_world(enum sim_kind sim_kind, enum kind kind, uint64_t seed)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    struct why why;
    sim_init(&world->sim, sim_kind, seed);
    world->sim.overlapping = true;
    world->kind = kind;
    if (kind == KIND_MAP_ITEM)
        sim_do(&world->sim, sim_of(KIND_MAP, sim_create("map", NULL)));
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

static void run_worlds(enum sim_kind sim_kind, enum kind kind, uint64_t seeds)
{
    const char *chosen = getenv("SEED");
    if (chosen) {
        run_world(sim_kind, kind, strtoull(chosen, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_world(sim_kind, kind, seed);
}

static void one_order_explains_what_clients_saw_of_documents_on_the_fake_store(void **state)
{
    (void)state;
    run_worlds(SIM_FAKE, KIND_DOCUMENT, FAKE_SEEDS);
}

static void one_order_explains_what_clients_saw_of_documents_on_sqlite(void **state)
{
    (void)state;
    run_worlds(SIM_SQLITE, KIND_DOCUMENT, SQLITE_SEEDS);
    run_worlds(SIM_FORGETFUL, KIND_DOCUMENT, SQLITE_SEEDS);
}

static void one_order_explains_what_clients_saw_of_items_on_the_fake_store(void **state)
{
    (void)state;
    run_worlds(SIM_FAKE, KIND_MAP_ITEM, FAKE_SEEDS);
}

static void one_order_explains_what_clients_saw_of_items_on_sqlite(void **state)
{
    (void)state;
    run_worlds(SIM_SQLITE, KIND_MAP_ITEM, SQLITE_SEEDS);
    run_worlds(SIM_FORGETFUL, KIND_MAP_ITEM, SQLITE_SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_order_explains_what_clients_saw_of_documents_on_the_fake_store),
        cmocka_unit_test(one_order_explains_what_clients_saw_of_documents_on_sqlite),
        cmocka_unit_test(one_order_explains_what_clients_saw_of_items_on_the_fake_store),
        cmocka_unit_test(one_order_explains_what_clients_saw_of_items_on_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
