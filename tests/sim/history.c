#include "sim/history.h"

#include "base/mem.h"

#include <stdlib.h>

/* A state of a name. */
struct state {
    uint64_t id; /* 0: absent */
    uint64_t revision;
    const struct operation *made_by; /* the acknowledged write; NULL: absent */
};

/* One name's part of a history. `places` counts half states: 2n is the moment state n begins,
 * 2n + 1 its time. */
struct timeline {
    struct operation *ops; /* by call */
    size_t count;
    struct state *states;
    size_t states_count;
    uint64_t *places; /* of the ops */
};

void history_init(struct history *history)
{
    *history = (struct history){0};
}

void history_deinit(struct history *history)
{
    free(history->ops);
}

void history_add(struct history *history, const struct operation *op)
{
    if (history->count == history->max) {
        history->max = history->max ? 2 * history->max : 64;
        history->ops = mem_realloc(history->ops, history->max * sizeof *history->ops);
    }
    history->ops[history->count++] = *op;
}

/* --- what happened, in words --- */

static const char *verb_name(enum verb verb)
{
    static const char *const names[VERB_COUNT] = {
        "check", "create", "fetch", "update", "remove", "list", "fetch many", "put",
    };
    return names[verb];
}

static bool violated(struct why *why, const struct operation *op, const char *what)
{
    why_set(why, "%s: %s of name %u, called %llu, returned %llu, object %llu, revision %llx", what,
            verb_name(op->verb), op->name, (unsigned long long)op->call,
            (unsigned long long)op->ret, (unsigned long long)op->id,
            (unsigned long long)op->revision);
    return false;
}

/* --- the line of states --- */

static bool writes(const struct operation *op)
{
    return op->verb == VERB_CREATE || op->verb == VERB_UPDATE || op->verb == VERB_PUT;
}

/* A put creates what is not there: then it shows revision 0. */
static bool creates(const struct operation *op)
{
    return op->verb == VERB_CREATE || (op->verb == VERB_PUT && op->revision == 0);
}

static const struct operation *find_write(const struct timeline *line, uint64_t id,
                                          uint64_t revision, bool *twice)
{
    const struct operation *found = NULL;
    for (size_t i = 0; i < line->count; i++) {
        const struct operation *op = &line->ops[i];
        if (writes(op) && !op->answer && op->id == id && op->revision == revision) {
            *twice = *twice || found;
            found = op;
        }
    }
    return found;
}

static const struct operation *find_removal(const struct timeline *line, uint64_t id, bool *twice)
{
    const struct operation *found = NULL;
    for (size_t i = 0; i < line->count; i++) {
        const struct operation *op = &line->ops[i];
        if (op->verb == VERB_REMOVE && !op->answer && op->id == id) {
            *twice = *twice || found;
            found = op;
        }
    }
    return found;
}

static const struct operation *next_creation(const struct timeline *line, uint64_t after_id)
{
    const struct operation *next = NULL;
    for (size_t i = 0; i < line->count; i++) {
        const struct operation *op = &line->ops[i];
        bool later = creates(op) && !op->answer && op->id > after_id;
        if (later && (!next || op->id < next->id))
            next = op;
    }
    return next;
}

static void add_state(struct timeline *line, const struct operation *made_by, uint64_t id)
{
    line->states[line->states_count++] =
        (struct state){id, made_by ? made_by->revision : 0, made_by};
}

static bool had_expired(int64_t expires_ms, const struct operation *op)
{
    return expires_ms && expires_ms <= op->now_ms;
}

/* Does a state with its expiry follow from the one before? */
static bool follows(const struct state *before, const struct operation *op, struct why *why)
{
    int64_t expires_ms = before->made_by ? before->made_by->expires_ms : 0;
    if (had_expired(expires_ms, op))
        return violated(why, op, "an expired object was written");
    if (op->has_ttl || !before->made_by)
        expires_ms = op->ttl_ms ? op->now_ms + op->ttl_ms : 0;
    if (op->expires_ms != expires_ms)
        return violated(why, op, "the date of expiry does not follow");
    if (op->guarded && op->revision != op->guard + 1)
        return violated(why, op, "a guarded write does not follow its guard");
    if (op->seen != op->value)
        return violated(why, op, "a write shows another value than was written");
    return true;
}

/* The revisions of one object, and the absence behind it when it has ended. */
static bool lay_out(struct timeline *line, const struct operation *creation, int64_t end_ms,
                    struct why *why)
{
    bool twice = false;
    const struct operation *op = creation;
    struct state nothing = {0};
    if (creation->revision != 0)
        return violated(why, creation, "a new object has a revision above 0");
    for (uint64_t revision = 0; op; revision++) {
        const struct state *before = revision ? &line->states[line->states_count - 1] : &nothing;
        if (!follows(before, op, why))
            return false;
        add_state(line, op, op->id);
        op = find_write(line, creation->id, revision + 1, &twice);
    }
    const struct operation *last = line->states[line->states_count - 1].made_by;
    const struct operation *removal = find_removal(line, creation->id, &twice);
    find_write(line, creation->id, 0, &twice);
    if (twice)
        return violated(why, creation, "two writes made the same revision");
    if (removal || (last->expires_ms && last->expires_ms <= end_ms))
        add_state(line, NULL, 0);
    return true;
}

static bool lay_out_all(struct timeline *line, int64_t end_ms, struct why *why)
{
    uint64_t id = 0;
    add_state(line, NULL, 0);
    for (const struct operation *op; (op = next_creation(line, id)); id = op->id) {
        if (line->states[line->states_count - 1].id)
            return violated(why, op, "the name was not free");
        if (!lay_out(line, op, end_ms, why))
            return false;
    }
    return true;
}

static const struct state *find_state(const struct timeline *line, uint64_t id, uint64_t revision)
{
    for (size_t i = 0; i < line->states_count; i++)
        if (line->states[i].id == id && id && line->states[i].revision == revision)
            return &line->states[i];
    return NULL;
}

static bool check_removal(const struct operation *op, const struct state *state, struct why *why)
{
    if (op->guarded && op->revision != op->guard)
        return violated(why, op, "a guarded removal does not follow its guard");
    if (state[1].id)
        return violated(why, op, "a write followed the removal");
    return true;
}

/* What was acknowledged or shown exists, and had not expired. */
static bool check_answer(const struct timeline *line, const struct operation *op, struct why *why)
{
    const struct state *state = find_state(line, op->id, op->revision);
    if (!state)
        return violated(why, op, "there is a hole before this revision, or nobody wrote it");
    if (op->seen != state->made_by->value)
        return violated(why, op, "the value is not that of its revision");
    if (op->expires_ms != state->made_by->expires_ms)
        return violated(why, op, "the date of expiry is not that of its revision");
    if (had_expired(op->expires_ms, op) && !writes(op))
        return violated(why, op, "an expired object was seen");
    return op->verb != VERB_REMOVE || check_removal(op, state, why);
}

static bool check_answers(const struct timeline *line, struct why *why)
{
    for (size_t i = 0; i < line->count; i++)
        if (!line->ops[i].answer && !check_answer(line, &line->ops[i], why))
            return false;
    return true;
}

/* --- the order --- */

/* A guarded put is refused where there is nothing; others would miss it. */
static bool refuses_guard(const struct state *state, const struct operation *op)
{
    if (!state->id)
        return op->verb == VERB_PUT;
    return state->revision != op->guard && (!op->on || state->id == op->on);
}

/* Behind the last state of an object that was there, as its SID was known? */
static bool is_behind(const struct timeline *line, uint64_t id, const struct state *state)
{
    if (state->id == id)
        return false;
    for (const struct state *at = line->states; at < state; at++)
        if (at->id == id)
            return true;
    return false;
}

/* May an operation have happened in this state? */
static bool fits(const struct timeline *line, const struct operation *op, const struct state *state)
{
    if (!op->answer)
        return state->id == op->id && state->revision == op->revision;
    switch (op->answer) {
    case ERR_NAME_TAKEN:
    case ERR_EXISTS:
        return state->id != 0;
    case ERR_REVISION:
        return refuses_guard(state, op);
    case ERR_NAME_MISSING:
        return state->id == 0;
    case ERR_MISSING:
        return op->on ? is_behind(line, op->on, state) : state->id == 0;
    default:
        return false;
    }
}

/* The first half state from `at` on in which the operation may have happened; 0: none. */
static uint64_t find_place(const struct timeline *line, const struct operation *op, uint64_t at)
{
    bool moves = !op->answer && op->verb != VERB_FETCH;
    bool removes = moves && op->verb == VERB_REMOVE;
    for (size_t i = 0; i < line->states_count; i++) {
        uint64_t place = moves ? 2 * (i + removes) : 2 * i + 1;
        if (place >= at && fits(line, op, &line->states[i]))
            return place;
    }
    return 0;
}

/* The latest half state that was seen before `call`. */
static uint64_t find_bound(const struct timeline *line, size_t before, uint64_t call)
{
    uint64_t bound = 0;
    for (size_t i = 0; i < before; i++)
        if (line->ops[i].ret < call && line->places[i] > bound)
            bound = line->places[i];
    return bound;
}

static bool check_order(struct timeline *line, struct why *why)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct operation *op = &line->ops[i];
        line->places[i] = 0;
        if (op->answer == ERR_STORE)
            continue;
        line->places[i] = find_place(line, op, find_bound(line, i, op->call));
        if (!line->places[i])
            return violated(why, op, "what this saw was over, or had not begun");
    }
    return true;
}

/* --- expiry: a removal by nobody, at a known time --- */

/* The moment before the first call with the clock at or past `ms`. */
static uint64_t moment(const struct history *history, int64_t ms)
{
    uint64_t call = UINT64_MAX;
    for (size_t i = 0; i < history->count; i++)
        if (history->ops[i].now_ms >= ms && history->ops[i].call < call)
            call = history->ops[i].call;
    return call - 1;
}

static int by_call(const void *a, const void *b)
{
    uint64_t x = ((const struct operation *)a)->call, y = ((const struct operation *)b)->call;
    return (x > y) - (x < y);
}

static int64_t last_ms(const struct history *history)
{
    int64_t last = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->ops[i].now_ms > last)
            last = history->ops[i].now_ms;
    return last;
}

/* The last state of an object that nobody removed, if its time has come. */
static bool has_expired(const struct timeline *line, size_t i, int64_t end_ms)
{
    const struct state *state = &line->states[i];
    bool twice = false;
    bool last = i + 1 == line->states_count || line->states[i + 1].id != state->id;
    return state->id && last && state->made_by->expires_ms &&
           state->made_by->expires_ms <= end_ms && !find_removal(line, state->id, &twice);
}

/* Room was left for them. */
static void add_expiries(struct timeline *line, const struct history *history)
{
    int64_t end_ms = last_ms(history);
    size_t count = line->count;
    for (size_t i = 0; i < line->states_count; i++) {
        if (!has_expired(line, i, end_ms))
            continue;
        struct operation op = *line->states[i].made_by;
        op.verb = VERB_REMOVE;
        op.guarded = false;
        op.now_ms = op.expires_ms;
        op.call = op.ret = moment(history, op.expires_ms);
        line->ops[count++] = op;
    }
    line->count = count;
}

/* --- the whole --- */

static void collect(struct timeline *line, const struct history *history, unsigned name)
{
    size_t room = 2 * history->count + 2;
    line->ops = mem_zalloc(room, sizeof *line->ops);
    line->states = mem_zalloc(2 * room, sizeof *line->states);
    line->places = mem_zalloc(room, sizeof *line->places);
    line->count = line->states_count = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->ops[i].name == name)
            line->ops[line->count++] = history->ops[i];
}

static bool check_line(struct timeline *line, const struct history *history, struct why *why)
{
    if (!lay_out_all(line, last_ms(history), why) || !check_answers(line, why))
        return false;
    add_expiries(line, history);
    /* The states need their makers no more, so operations may move now. */
    qsort(line->ops, line->count, sizeof *line->ops, by_call);
    return check_order(line, why);
}

static bool check_name(const struct history *history, unsigned name, struct why *why)
{
    struct timeline line;
    collect(&line, history, name);
    bool good = check_line(&line, history, why);
    free(line.ops);
    free(line.states);
    free(line.places);
    return good;
}

bool history_is_linearizable(const struct history *history, struct why *why)
{
    unsigned names = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->ops[i].name >= names)
            names = history->ops[i].name + 1;
    for (unsigned name = 0; name < names; name++)
        if (!check_name(history, name, why))
            return false;
    return true;
}
