#include "sim/sim.h"

#include "base/hex.h"
#include "base/mem.h"
#include "sim/sim_store.h"
#include "sync/item_name.h"
#include "sync/loop.h"
#include "sync/sid.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- clock, randomness, sink, listener --- */

static int64_t now_ms(void *context)
{
    const struct sim *sim = context;
    return sim->now_ms + sim->calendar_off_ms;
}

static struct instant instant(void *context)
{
    return (struct instant){((const struct sim *)context)->now_ms};
}

/* SplitMix64: every seed gives another sequence, and each is good enough for choosing. */
uint64_t sim_random(struct sim *sim)
{
    uint64_t value = sim->seed += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static void fill(void *context, void *bytes, size_t len)
{
    unsigned char *at = bytes;
    while (len--)
        *at++ = (unsigned char)sim_random(context);
}

static void reply(void *context, struct command *command)
{
    struct asked *asked = (struct asked *)command;
    assert(!asked->answered);
    asked->answered = true;
    if (command->port)
        chain_add(&command->port->letters, &command->letter.node);
    asked->commits = ((struct sim *)context)->commits;
    asked->heard = ((struct sim *)context)->heard_count;
}

static void keep(struct sim *sim, struct change *change)
{
    if (sim->heard_count == sim->heard_max) {
        sim->heard_max = sim->heard_max ? 2 * sim->heard_max : 64;
        sim->heard = mem_realloc(sim->heard, sim->heard_max * sizeof(struct change *));
    }
    sim->heard[sim->heard_count++] = change_ref(change);
}

/* As the loop does. */
static void deliver(struct port *port, const struct notice *notice)
{
    struct delivery *delivery = mem_alloc(sizeof *delivery);
    *delivery = (struct delivery){.letter.arrive = port->hear, .port = port, .notice = *notice};
    notice_ref(notice);
    chain_add(&port->letters, &delivery->letter.node);
}

/* An update of a map's item comes with the state before it. */
static void check_before(const struct notice *notice)
{
    const struct change *item = notice->item;
    bool has = item && item->kind == KIND_MAP_ITEM && item->type == CHANGE_UPDATED;
    assert(has == (notice->before != NULL));
    assert(!has || notice->before->seq == item->prev);
}

void sim_hear(void *context, struct port *port, const struct notice *notice)
{
    check_before(notice);
    if (port) {
        deliver(port, notice);
        return;
    }
    if (notice->item)
        keep(context, notice->item);
    keep(context, notice->change);
}

/* What the core did before anybody could follow it. */
static void catch_up(struct sim *sim, uint64_t seq)
{
    struct change *change;
    size_t count;
    while (store_tail(sim->inner, seq, &change, 1, &count) == OK && count) {
        keep(sim, change);
        seq = change->seq;
        change_unref(change);
    }
}

static enum err start_core(struct sim *sim)
{
    struct core_options options = {
        .store = &sim->store,
        .clock = {now_ms, instant, sim},
        .random = {fill, sim},
        .sink = {reply, sim_hear, sim},
        .contention = sim->contention,
        .idempotency = {.size_max = SIM_IDEMPOTENCY_SIZE, .keep_ms = SIM_IDEMPOTENCY_KEEP_MS},
    };
    uint64_t seq = store_seq(&sim->store);
    sim->core = NULL;
    enum err e = core_new(&sim->core, &options);
    if (e)
        return e;
    catch_up(sim, seq);
    core_follow(sim->core, FEED_ALL, NULL);
    return OK;
}

/* --- the world --- */

void sim_init(struct sim *sim, enum sim_kind kind, uint64_t seed)
{
    *sim = (struct sim){.kind = kind, .now_ms = 1000000000000, .seed = seed};
    arena_init(&sim->arena);
    scratch_init(&sim->folder);
    sim_store_open(sim);
    enum err e = start_core(sim);
    assert(e == OK);
}

void sim_forget(struct sim *sim)
{
    for (struct asked *asked = sim->asked, *next; asked; asked = next) {
        next = asked->next;
        command_deinit(&asked->command);
        free(asked);
    }
    sim->asked = NULL;
}

void sim_deinit(struct sim *sim)
{
    sim_forget(sim);
    core_free(sim->core);
    store_close(&sim->store);
    for (size_t i = 0; i < sim->heard_count; i++)
        change_unref(sim->heard[i]);
    free(sim->heard);
    scratch_deinit(&sim->folder);
    arena_deinit(&sim->arena);
}

enum err sim_restart(struct sim *sim)
{
    if (sim->core)
        core_free(sim->core);
    if (sim->kind != SIM_FAKE) {
        store_close(&sim->store);
        sim_store_open(sim);
    }
    return start_core(sim);
}

void sim_fail(struct sim *sim, enum sim_call call, unsigned behind, enum err err)
{
    sim->failures[call] = (struct sim_failure){err, behind};
}

static struct asked *ask(struct sim *sim, struct command command, struct chain *when)
{
    struct asked *asked = mem_zalloc(1, sizeof *asked);
    asked->command = command;
    asked->next = sim->asked;
    sim->asked = asked;
    chain_add(when, &asked->command.letter.node);
    return asked;
}

struct asked *sim_ask(struct sim *sim, struct command command)
{
    return ask(sim, command, &sim->batch);
}

struct asked *sim_ask_meanwhile(struct sim *sim, struct command command)
{
    return ask(sim, command, &sim->meanwhile);
}

static enum err commit(struct sim *sim)
{
    bool sealed;
    enum err e = core_seal(sim->core, &sealed);
    return e || !sealed ? e : core_settle(sim->core, store_sync(&sim->store));
}

/* Until all are answered that are not kept back. */
static enum err run(struct sim *sim, struct chain *commands)
{
    enum err e = OK;
    do {
        core_evaluate(sim->core, commands);
        while (core_read(sim->core, &sim->called))
            ;
        if (core_is_pending(sim->core))
            e = commit(sim);
    } while (!e && (commands->first || core_is_pending(sim->core)));
    while (!e && core_read(sim->core, &sim->called))
        ;
    return e;
}

static void split_batch(struct sim *sim)
{
    struct chain first = {0};
    if (!sim->overlapping || sim->meanwhile.first || sim->batch.count < 2)
        return;
    for (size_t left = 1 + sim_random(sim) % sim->batch.count; left; left--)
        chain_add(&first, chain_shift(&sim->batch));
    sim->meanwhile = sim->batch;
    sim->batch = first;
}

enum err sim_run(struct sim *sim)
{
    split_batch(sim);
    size_t count = sim->batch.count + sim->meanwhile.count;
    enum err e = run(sim, &sim->batch);
    if (!e)
        e = run(sim, &sim->meanwhile); /* what nothing was synced for */
    for (struct asked *asked = sim->asked; count-- && !e; asked = asked->next)
        assert(asked->answered);
    sim->batch = sim->meanwhile = (struct chain){0};
    return e;
}

struct asked *sim_do(struct sim *sim, struct command command)
{
    struct asked *asked = sim_ask(sim, command);
    enum err e = sim_run(sim);
    assert(e == OK);
    return asked;
}

enum err sim_tidy_some(struct sim *sim, bool idle, bool *more)
{
    *more = false;
    enum err e = core_keep_house(sim->core);
    if (!e)
        e = run(sim, &(struct chain){0});
    return e ? e : core_tidy(sim->core, idle, more);
}

enum err sim_tidy(struct sim *sim)
{
    bool more;
    enum err e;
    do
        e = sim_tidy_some(sim, true, &more);
    while (!e && more);
    return e;
}

struct str sim_sid(struct sim *sim, const struct asked *asked)
{
    struct sid sid = sid_of(asked->command.head);
    return arena_dup(&sim->arena, sid_str(&sid));
}

const char *sim_shows(struct sim *sim, const struct asked *asked)
{
    const struct change *head = asked->command.head;
    if (asked->command.err || !head)
        return "nothing";
    size_t size = head->data.len + 32;
    char *text = arena_alloc(&sim->arena, size);
    snprintf(text, size, "%llx %.*s", (unsigned long long)head->revision, STR_ARG(head->data));
    return text;
}

const char *sim_name(struct sim *sim, const char *format, ...)
{
    enum { NAME_SIZE = 64 };
    char *name = arena_alloc(&sim->arena, NAME_SIZE);
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(name, NAME_SIZE, format, arguments);
    va_end(arguments);
    assert(len >= 0 && len < NAME_SIZE);
    return name;
}

const char *sim_index(struct sim *sim, uint64_t index)
{
    char *name = arena_alloc(&sim->arena, HEX_LENGTH + 1);
    item_name_from_index(index, name);
    name[HEX_LENGTH] = 0;
    return name;
}

/* --- commands --- */

static struct command about_document(enum verb verb, const char *object)
{
    return (struct command){
        .verb = verb,
        .kind = KIND_DOCUMENT,
        .identity = STR("tester"),
        .service = STR("default"),
        .object = str_from(object),
    };
}

struct command sim_create(const char *name, const char *data)
{
    struct command command = about_document(VERB_CREATE, NULL);
    command.name = str_from(name);
    command.data = str_from(data);
    return command;
}

struct command sim_fetch(const char *object)
{
    return about_document(VERB_FETCH, object);
}

struct command sim_update(const char *object, const char *data)
{
    struct command command = about_document(VERB_UPDATE, object);
    command.data = str_from(data);
    return command;
}

struct command sim_remove(const char *object)
{
    return about_document(VERB_REMOVE, object);
}

struct command sim_list(size_t size)
{
    struct command command = about_document(VERB_LIST, NULL);
    command.page.size = size;
    return command;
}

struct command sim_guarded(struct command command, uint64_t revision)
{
    command.if_match = (struct precondition){.given = true, .count = 1, .revisions = {revision}};
    return command;
}

struct command sim_with_ttl(struct command command, int64_t ttl_s)
{
    command.ttl = (struct ttl){true, ttl_s};
    return command;
}

struct command sim_keyed(struct command command, const char *idempotency_key)
{
    command.idempotency_key = str_from(idempotency_key);
    return command;
}

struct command sim_in(struct command command, struct str service)
{
    command.service = service;
    return command;
}

struct command sim_on(struct command command, struct str object)
{
    command.object = object;
    return command;
}

struct command sim_of(enum kind kind, struct command command)
{
    command.kind = kind;
    return command;
}

/* `name`: of what is created, or of what is there. */
static struct command about_child(enum verb verb, enum kind kind, enum kind container_kind,
                                  const char *container, const char *name)
{
    struct command command = about_document(verb, verb == VERB_CREATE ? NULL : name);
    command.kind = kind;
    command.container_kind = container_kind;
    command.container = str_from(container);
    command.page.size = verb == VERB_LIST ? PAGE_SIZE_DEFAULT : 0;
    if (verb == VERB_CREATE)
        command.name = str_from(name);
    return command;
}

struct command sim_list_item(enum verb verb, const char *list, const char *index)
{
    return about_child(verb, KIND_LIST_ITEM, KIND_LIST, list, index);
}

struct command sim_map_item(enum verb verb, const char *map, const char *key)
{
    return about_child(verb, KIND_MAP_ITEM, KIND_MAP, map, key);
}

struct command sim_permission(enum verb verb, enum kind kind, const char *object,
                              const char *identity)
{
    return about_child(verb, KIND_PERMISSION, kind, object, identity);
}

struct command sim_message(const char *stream, const char *data)
{
    return sim_with_data(about_child(VERB_CREATE, KIND_MESSAGE, KIND_STREAM, stream, NULL), data);
}

struct command sim_with_data(struct command command, const char *data)
{
    command.data = str_from(data);
    return command;
}

struct command sim_with_container_ttl(struct command command, int64_t ttl_s)
{
    command.container_ttl = (struct ttl){true, ttl_s};
    return command;
}

struct command sim_if_absent(struct command command)
{
    command.if_none_match_any = true;
    return command;
}

struct command sim_with_rights(struct command command, bool read, bool write, bool manage)
{
    command.permission_fields = (struct permission_fields){true, read, write, manage};
    return command;
}

struct command sim_about(enum kind kind, enum verb verb, struct str object)
{
    return (struct command){
        .verb = verb,
        .kind = kind,
        .identity = STR("tester"),
        .object = object,
        .page.size = verb == VERB_LIST ? 50 : 0,
    };
}
