/* Random commands on a document, a list and a map, their items and permissions, from clients in
 * one batch after the other, with failures, expiry, purging and restarts in between: each answer
 * is compared with a model's (sim/model.h), and in the end all that was kept is looked through
 * (sim/audit.h).
 *
 * Each seed is a world of its own. A failure prints its seed; SEED=n in the environment runs that
 * one alone. */
#include "base/mem.h"
#include "sim/audit.h"
#include "sim/model.h"
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    FAKE_SEEDS = 200,
    SQLITE_SEEDS = 40,
    STEPS = 60,
    COMMANDS = 20, /* at most in a batch, but for a flood */
    FLOOD = 100,   /* of new items of the list: more than are purged at once */
    ITEMS_MAX = MODEL_ENTRIES_MAX - FLOOD - COMMANDS,
    NAMES_MAX = 8, /* of a fetch of many */
};

struct world {
    struct sim sim;
    uint64_t seed;
    uint64_t step;
    uint64_t values; /* written so far */
    struct model model;
    struct model before; /* the batch */
    struct model_answer answer;
};

static uint64_t choose(struct world *world, uint64_t count)
{
    return sim_random(&world->sim) % count;
}

static bool perhaps(struct world *world, uint64_t one_in)
{
    return choose(world, one_in) == 0;
}

static void expect(struct world *world, bool good, const char *what)
{
    if (!good)
        fail_msg("SEED=%llu, step %llu: %s", (unsigned long long)world->seed,
                 (unsigned long long)world->step, what);
}

/* --- commands --- */

static const enum kind objects[] = {KIND_DOCUMENT, KIND_LIST, KIND_MAP};

static const char *new_data(struct world *world)
{
    return sim_name(&world->sim, "{\"v\":%llu}", (unsigned long long)++world->values);
}

/* Coded as item_name.h has it, some of them the beginning of others. */
static const char *choose_key(struct world *world)
{
    static const char *const keys[] = {"a", "aa", "b", "\xf0\x9f\x8e\x88", "\xfe\x80\x80", "~"};
    return keys[choose(world, sizeof keys / sizeof *keys)];
}

/* One that was given, mostly, or is the next. */
static const char *choose_index(struct world *world)
{
    uint64_t next = world->model.list.next_index;
    uint64_t late = next > 6 && choose(world, 2) ? next - 6 : 0;
    return sim_index(&world->sim, late + choose(world, next - late + 1));
}

static const char *choose_name(struct world *world, enum kind item_kind)
{
    return item_kind == KIND_LIST_ITEM ? choose_index(world) : choose_key(world);
}

static struct command choose_ttl(struct world *world, struct command command)
{
    return perhaps(world, 3) ? sim_with_ttl(command, (int64_t)choose(world, 4)) : command;
}

static struct command choose_guard(struct world *world, struct command command)
{
    bool any = perhaps(world, 8);
    if (!perhaps(world, 3))
        return command;
    command = sim_guarded(command, choose(world, 4));
    command.if_match.any = any;
    return command;
}

static struct command choose_if_absent(struct world *world, struct command command)
{
    return perhaps(world, 4) ? sim_if_absent(command) : command;
}

static struct command object_command(struct world *world)
{
    enum kind kind = objects[choose(world, 3)];
    switch (choose(world, 8)) {
    case 0:
        return sim_of(kind, choose_guard(world, sim_remove("x")));
    case 1:
        return sim_of(kind, sim_fetch("x"));
    case 2:
    case 3:
        return sim_of(kind, choose_guard(world, choose_ttl(world, sim_update("x", NULL))));
    case 4:
        return choose_guard(world, sim_update("x", new_data(world)));
    default:
        return sim_of(kind,
                      choose_if_absent(world, choose_ttl(world, sim_create("x", new_data(world)))));
    }
}

static struct command item_command(struct world *world, enum kind item_kind, enum verb verb)
{
    const char *name = choose_name(world, item_kind);
    if (item_kind == KIND_MAP_ITEM)
        return sim_map_item(verb, "x", name);
    return sim_list_item(verb, "x", verb == VERB_CREATE ? NULL : name);
}

static struct command write_command(struct world *world, enum kind item_kind)
{
    static const enum verb verbs[] = {VERB_CREATE, VERB_CREATE, VERB_UPDATE, VERB_UPDATE, VERB_PUT};
    size_t count = item_kind == KIND_MAP_ITEM ? 5 : 4;
    enum verb verb = verbs[choose(world, count)];
    struct command command = choose_ttl(world, item_command(world, item_kind, verb));
    if (!perhaps(world, 8))
        command = sim_with_data(command, new_data(world));
    if (verb != VERB_CREATE)
        command = choose_guard(world, command);
    if (perhaps(world, 10))
        command = sim_with_container_ttl(command, (int64_t)choose(world, 4));
    return verb == VERB_UPDATE ? command : choose_if_absent(world, command);
}

static struct command many_command(struct world *world, enum kind item_kind)
{
    struct command command = item_command(world, item_kind, VERB_FETCH_MANY);
    struct str *names = arena_alloc(&world->sim.arena, NAMES_MAX * sizeof *names);
    for (size_t i = 0; i < NAMES_MAX; i++)
        names[i] = str_from(choose_name(world, item_kind));
    command.object = (struct str){0};
    command.names = names;
    command.names_count = choose(world, NAMES_MAX + 1);
    return command;
}

static void choose_place(struct world *world, enum kind item_kind, struct page_request *page)
{
    page->place = str_from(choose_name(world, item_kind));
    page->place_included = perhaps(world, 2);
    page->back = perhaps(world, 2);
}

static struct command page_command(struct world *world, enum kind item_kind)
{
    struct command command = item_command(world, item_kind, VERB_LIST);
    command.object = (struct str){0};
    command.page.size = 1 + choose(world, 4);
    command.page.descending = perhaps(world, 2);
    if (perhaps(world, 2)) {
        command.page.from = str_from(choose_name(world, item_kind));
        command.page.from_excluded = perhaps(world, 2);
    }
    if (perhaps(world, 2))
        choose_place(world, item_kind, &command.page);
    return command;
}

static struct command permission_command(struct world *world)
{
    static const enum verb verbs[] = {VERB_PUT, VERB_PUT, VERB_FETCH, VERB_REMOVE, VERB_LIST};
    static const char *const identities[] = {"alice", "bob", "carol"};
    enum verb verb = verbs[choose(world, 5)];
    const char *identity = verb == VERB_LIST ? NULL : identities[choose(world, 3)];
    struct command command = sim_permission(verb, objects[choose(world, 3)], "x", identity);
    command.page.size = 1 + choose(world, 3);
    if (verb != VERB_PUT)
        return command;
    uint64_t rights = choose(world, 8);
    return sim_with_rights(command, rights & 1, rights & 2, rights & 4);
}

static struct command any_command(struct world *world)
{
    enum kind item_kind = perhaps(world, 2) ? KIND_LIST_ITEM : KIND_MAP_ITEM;
    switch (choose(world, 12)) {
    case 0:
        return object_command(world);
    case 1:
        return choose_guard(world, item_command(world, item_kind, VERB_REMOVE));
    case 2:
        return item_command(world, item_kind, VERB_FETCH);
    case 3:
        return many_command(world, item_kind);
    case 4:
    case 5:
        return page_command(world, item_kind);
    case 6:
    case 7:
        return permission_command(world);
    default:
        return write_command(world, item_kind);
    }
}

/* --- answers --- */

static bool writes(const struct command *command)
{
    return command->verb == VERB_CREATE || command->verb == VERB_UPDATE ||
           command->verb == VERB_PUT || command->verb == VERB_REMOVE;
}

static void compare(struct world *world, struct model *model, const struct command *command)
{
    struct why why = {0};
    model_apply(model, &world->before, command, &world->answer);
    bool agrees = model_agrees(&world->answer, command, &why);
    expect(world, agrees, why.text);
}

/* A call that failed refuses the command that made it, and changes nothing. */
static void compare_all(struct world *world, struct asked *const *asked, size_t count,
                        size_t failures)
{
    for (size_t i = 0; i < count; i++) {
        const struct command *command = &asked[i]->command;
        if (command->err == ERR_STORE && failures--)
            continue;
        expect(world, command->err != ERR_STORE, "refused without cause");
        compare(world, &world->model, command);
    }
}

/* The commit failed: nothing was written, and reads show that. What was refused on account of
 * what is kept may say so. */
static void compare_failed(struct world *world, struct asked *const *asked, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct command *command = &asked[i]->command;
        if (writes(command) && command->err == ERR_STORE)
            continue;
        expect(world, !writes(command) || command->err, "a write that was not kept");
        world->model = world->before;
        compare(world, &world->model, command);
    }
    world->model = world->before;
}

/* --- a world's life --- */

static const enum sim_call calls[] = {SIM_COMMIT, SIM_COMMIT, SIM_COMMIT, SIM_GET,
                                      SIM_FIND,   SIM_PAGE,   SIM_DUE,    SIM_TIDY};

/* What may fail from here on. */
static enum sim_call arm(struct world *world)
{
    enum sim_call call = calls[choose(world, sizeof calls / sizeof *calls)];
    if (perhaps(world, 4))
        sim_fail(&world->sim, call, call == SIM_COMMIT ? 0 : (unsigned)choose(world, 12),
                 ERR_STORE);
    return call;
}

static bool is_armed(const struct world *world, enum sim_call call)
{
    return world->sim.failures[call].err != OK;
}

static void disarm(struct world *world, enum sim_call call)
{
    world->sim.failures[call] = (struct sim_failure){0};
}

static void run_batch(struct world *world, struct asked *const *asked, size_t count)
{
    enum sim_call call = arm(world);
    bool armed = is_armed(world, call);
    world->sim.overlapping = !armed; /* all of them fail, or none */
    world->before = world->model;
    expect(world, sim_run(&world->sim) == OK, "the store is unsure");
    bool failed = armed && !is_armed(world, call);
    disarm(world, call);
    if (failed && call == SIM_COMMIT)
        compare_failed(world, asked, count);
    else
        compare_all(world, asked, count, failed);
    sim_forget(&world->sim);
}

static void run_one(struct world *world, struct command command)
{
    struct asked *asked = sim_ask(&world->sim, command);
    run_batch(world, &asked, 1);
}

static void run_commands(struct world *world)
{
    struct asked *asked[COMMANDS];
    size_t count = 1 + choose(world, COMMANDS);
    for (size_t i = 0; i < count; i++)
        asked[i] = sim_ask(&world->sim, any_command(world));
    run_batch(world, asked, count);
}

static void flood(struct world *world)
{
    struct asked *asked[FLOOD];
    for (size_t i = 0; i < FLOOD; i++) {
        struct command push = sim_list_item(VERB_CREATE, "x", NULL);
        asked[i] = sim_ask(&world->sim, sim_with_data(push, new_data(world)));
    }
    run_batch(world, asked, FLOOD);
}

/* All that can be seen, compared with the model. */
static void look_round(struct world *world)
{
    struct asked *asked[16];
    size_t count = 0;
    for (size_t i = 0; i < 3; i++) {
        asked[count++] = sim_ask(&world->sim, sim_of(objects[i], sim_fetch("x")));
        asked[count++] = sim_ask(&world->sim, sim_permission(VERB_LIST, objects[i], "x", NULL));
    }
    struct command items = sim_list_item(VERB_LIST, "x", NULL);
    asked[count++] = sim_ask(&world->sim, items);
    items.page.descending = true;
    asked[count++] = sim_ask(&world->sim, items);
    asked[count++] = sim_ask(&world->sim, sim_map_item(VERB_LIST, "x", NULL));
    world->before = world->model;
    expect(world, sim_run(&world->sim) == OK, "the store is unsure");
    compare_all(world, asked, count, 0);
    sim_forget(&world->sim);
}

/* Only the journal tells which items of what is there have been found to have expired. */
static void hear_expiry(struct world *world, const struct change *change)
{
    struct model_object *container = model_container(&world->model, change->kind);
    if (change->type != CHANGE_EXPIRED || !container || container->id != change->parent)
        return;
    expect(world, model_expire(&world->model, change->kind, change->name),
           "an item expired that was not due");
}

static void keep_house(struct world *world)
{
    enum sim_call call = arm(world);
    size_t heard = world->sim.heard_count;
    enum err e = sim_tidy(&world->sim);
    disarm(world, call);
    for (; heard < world->sim.heard_count; heard++) {
        const struct change *change = world->sim.heard[heard];
        if (change->kind == KIND_LIST_ITEM || change->kind == KIND_MAP_ITEM)
            hear_expiry(world, change);
    }
    expect(world, e || !model_is_due(&world->model), "expired items are left");
}

/* The clock may also be set back; the core's must not follow. */
static void move_clock(struct world *world)
{
    struct sim *sim = &world->sim;
    if (perhaps(world, 3))
        sim->now_ms += (int64_t)choose(world, 1500);
    if (perhaps(world, 20))
        sim->now_ms -= (int64_t)choose(world, 2000);
    if (sim->now_ms > world->model.now_ms)
        world->model.now_ms = sim->now_ms;
}

/* A new core knows of no time but the clock's: here that has caught up. */
static void restart(struct world *world)
{
    world->sim.now_ms = world->model.now_ms;
    expect(world, sim_restart(&world->sim) == OK, "no restart");
}

static void run_step(struct world *world)
{
    const struct model_object *list = &world->model.list;
    move_clock(world);
    if (list->items.count > ITEMS_MAX)
        run_one(world, sim_of(KIND_LIST, sim_remove("x")));
    else if (perhaps(world, 30))
        flood(world);
    else
        run_commands(world);
    look_round(world);
    if (perhaps(world, 2))
        keep_house(world);
    if (perhaps(world, 30))
        restart(world);
}

/* --- its end --- */

static void look_back(struct world *world)
{
    struct audit audit;
    struct why why = {0};
    world->sim.now_ms = world->model.now_ms + 10000; /* past any pause after a failure */
    expect(world, sim_tidy(&world->sim) == OK, "housekeeping fails");
    audit_init(&audit, &world->sim.store);
    bool good = audit_is_swept(&audit, &why) &&
                audit_was_told(&audit, world->sim.heard, world->sim.heard_count, true, &why);
    audit_deinit(&audit);
    expect(world, good, why.text);
}

static void run_world(enum sim_kind kind, uint64_t seed)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    world->seed = seed;
    sim_init(&world->sim, kind, seed);
    world->model.now_ms = world->sim.now_ms;
    for (world->step = 1; world->step <= STEPS; world->step++)
        run_step(world);
    look_back(world);
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

static void collections_are_as_the_model_has_them_on_the_fake_store(void **state)
{
    (void)state;
    run_worlds(SIM_FAKE, FAKE_SEEDS);
}

static void collections_are_as_the_model_has_them_on_sqlite(void **state)
{
    (void)state;
    run_worlds(SIM_SQLITE, SQLITE_SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collections_are_as_the_model_has_them_on_the_fake_store),
        cmocka_unit_test(collections_are_as_the_model_has_them_on_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
