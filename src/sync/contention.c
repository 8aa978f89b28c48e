#include "sync/contention.h"

#include "base/mem.h"
#include "sync/sid.h"

#include <assert.h>
#include <stdlib.h>

enum { PACE_FIRST_MS = 5, PACE_MAX_MS = 300 };

/* A session that lost a race for an object. */
struct loser {
    struct ring ring; /* of the object's `waiting`, or `others` */
    uint64_t session;
    int64_t since_ms;     /* when it lost, began to wait, or was released */
    struct command *read; /* kept back; NULL: it does not wait */
    bool released;
};

/* Times are those of instants. */
struct contended {
    struct ring by_age;
    struct ring holding;
    struct hash key;
    int64_t used_ms;     /* when somebody last lost, waited or was released */
    struct ring waiting; /* losers whose reads are kept back, in the order of arrival */
    size_t waiting_count;
    struct ring others; /* losers that do not wait; those that have been so longest first */
    size_t losers;
    int64_t wrote_ms;    /* the last write that succeeded */
    uint64_t writer;     /* ... and whose it was */
    int64_t turn_ms;     /* the last release */
    uint64_t favoured;   /* the session then released, until it has written; 0: none */
    int64_t grace_ms;    /* until when it is favoured at most */
    struct chain parked; /* writes kept back in its favour */
    int64_t pace_ms;     /* from an answer to the write that follows it, about */
};

/* --- which object --- */

static bool item_key(const struct command *command, struct str name, struct hash *key)
{
    uint64_t id, salt;
    if (!name.len || !sid_parse(command->container, command->container_kind, &id, &salt))
        return false;
    *key = hash_text(name, id);
    return true;
}

static bool document_key(const struct command *command, struct hash *key)
{
    uint64_t id, salt;
    if (!sid_parse(command->object, KIND_DOCUMENT, &id, &salt))
        return false;
    *key = hash_text(STR(""), id);
    return true;
}

/* What stands for the object that a command names; false: it is none that could be contended. */
static bool key_of(const struct command *command, struct hash *key)
{
    if (command->kind == KIND_DOCUMENT)
        return document_key(command, key);
    if (command->kind != KIND_LIST_ITEM && command->kind != KIND_MAP_ITEM)
        return false;
    if (command->verb == VERB_CREATE)
        return item_key(command, command->name, key);
    if (command->verb != VERB_FETCH_MANY)
        return item_key(command, command->object, key);
    return command->names_count == 1 && item_key(command, command->names[0], key);
}

static bool is_read(const struct command *command)
{
    return command->verb == VERB_FETCH || command->verb == VERB_FETCH_MANY;
}

static bool is_write(const struct command *command)
{
    return command->verb == VERB_CREATE || command->verb == VERB_UPDATE ||
           command->verb == VERB_PUT || command->verb == VERB_REMOVE;
}

static bool is_guarded(const struct command *command)
{
    return is_write(command) && (command->if_match.given || command->if_none_match_any);
}

static struct contended *find_object(const struct contention *contention, struct hash key)
{
    struct dict_cursor cursor;
    return dict_first(&contention->objects, key, &cursor); /* a key is as good as its object */
}

static struct contended *object_of(const struct contention *contention,
                                   const struct command *command)
{
    struct hash key;
    if (!contention->objects.count || !key_of(command, &key))
        return NULL;
    return find_object(contention, key);
}

/* --- objects and losers --- */

static struct contended *add_object(struct contention *contention, struct hash key, int64_t now_ms)
{
    struct contended *object = mem_zalloc(1, sizeof *object);
    object->key = key;
    object->wrote_ms = object->turn_ms = now_ms;
    object->pace_ms = PACE_FIRST_MS;
    ring_init(&object->waiting);
    ring_init(&object->others);
    ring_init(&object->holding);
    ring_append(&contention->by_age, &object->by_age);
    dict_add(&contention->objects, key, object);
    return object;
}

static void use(struct contention *contention, struct contended *object, int64_t now_ms)
{
    object->used_ms = now_ms;
    ring_remove(&object->by_age);
    ring_append(&contention->by_age, &object->by_age);
}

static void drop_loser(struct contention *contention, struct contended *object, struct loser *loser)
{
    ring_remove(&loser->ring);
    object->losers--;
    contention->losers--;
    free(loser);
}

static void drop_losers(struct contention *contention, struct contended *object, struct ring *ring)
{
    while (!ring_is_empty(ring))
        drop_loser(contention, object, ring_of(ring->next, struct loser, ring));
}

static void drop_object(struct contention *contention, struct contended *object)
{
    drop_losers(contention, object, &object->waiting);
    drop_losers(contention, object, &object->others);
    ring_remove(&object->by_age);
    ring_remove(&object->holding);
    dict_remove(&contention->objects, object->key, object);
    free(object);
}

static struct loser *find_among(const struct ring *ring, uint64_t session)
{
    for (const struct ring *at = ring->next; at != ring; at = at->next) {
        struct loser *loser = ring_of(at, struct loser, ring);
        if (loser->session == session)
            return loser;
    }
    return NULL;
}

/* Put a loser that does not wait behind the others. */
static void set_aside(struct contended *object, struct loser *loser, bool released, int64_t now_ms)
{
    loser->released = released;
    loser->since_ms = now_ms;
    ring_remove(&loser->ring);
    ring_append(&object->others, &loser->ring);
}

static bool is_stale(int64_t since_ms, int64_t now_ms)
{
    return now_ms - since_ms >= CONTENTION_LOSER_MS;
}

static void drop_stale(struct contention *contention, struct contended *object, int64_t now_ms)
{
    while (!ring_is_empty(&object->others)) {
        struct loser *oldest = ring_of(object->others.next, struct loser, ring);
        if (!is_stale(oldest->since_ms, now_ms))
            return;
        drop_loser(contention, object, oldest);
    }
}

static struct loser *add_loser(struct contention *contention, struct contended *object,
                               uint64_t session)
{
    if (object->losers >= CONTENTION_OBJECT_LOSERS_MAX)
        return NULL;
    struct loser *loser = mem_zalloc(1, sizeof *loser);
    loser->session = session;
    ring_init(&loser->ring);
    object->losers++;
    contention->losers++;
    return loser;
}

/* --- when --- */

static int64_t clamp(int64_t value, int64_t min, int64_t max)
{
    if (value < min)
        return min;
    return value < max ? value : max;
}

static int64_t quiet_ms(const struct contended *object)
{
    return clamp(2 * object->pace_ms, CONTENTION_QUIET_MIN_MS, CONTENTION_QUIET_MAX_MS);
}

static int64_t grace_ms(const struct contended *object)
{
    return clamp(3 * object->pace_ms, CONTENTION_GRACE_MIN_MS, CONTENTION_GRACE_MAX_MS);
}

/* Short enough that all who wait are served before CONTENTION_HOLD_MAX_MS, if that can be. */
static int64_t turn_ms(const struct contended *object)
{
    return clamp(CONTENTION_HOLD_MAX_MS / (int64_t)(object->waiting_count + 1),
                 CONTENTION_TURN_MIN_MS, CONTENTION_TURN_MAX_MS);
}

/* With a write, when there is no time for another one: between two the next of the same session is
 * on its way, and would fail. */
static bool turn_is_over(const struct contended *object)
{
    return object->wrote_ms + object->pace_ms - object->turn_ms > turn_ms(object);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the first who waits has waited for too long. */
static int64_t hold_end_ms(const struct contended *object)
{
    if (ring_is_empty(&object->waiting))
        return INT64_MAX;
    return ring_of(object->waiting.next, struct loser, ring)->since_ms + CONTENTION_HOLD_MAX_MS;
}

/* When something of what the object keeps back may come out. */
static int64_t due_ms(const struct contended *object)
{
    int64_t end_ms = hold_end_ms(object);
    if (object->favoured)
        return earlier(object->grace_ms, end_ms);
    if (ring_is_empty(&object->waiting))
        return INT64_MAX;
    return earlier(end_ms, object->wrote_ms + (turn_is_over(object) ? 0 : quiet_ms(object)));
}

static void plan(struct contention *contention, const struct contended *object)
{
    contention->next_ms = earlier(contention->next_ms, due_ms(object));
}

/* A write came from a session that was waited for: how long did it take? */
static void learn_pace(struct contended *object, uint64_t session, int64_t now_ms)
{
    const struct loser *loser = find_among(&object->others, session);
    int64_t took_ms = INT64_MAX;
    if (session == object->writer)
        took_ms = now_ms - object->wrote_ms;
    else if (loser && loser->released)
        took_ms = now_ms - loser->since_ms;
    if (took_ms <= PACE_MAX_MS)
        object->pace_ms = (3 * object->pace_ms + took_ms + 2) / 4;
}

/* --- keeping back and letting go --- */

static void hold(struct contention *contention, struct contended *object)
{
    contention->held++;
    ring_remove(&object->holding);
    ring_append(&contention->holding, &object->holding);
    plan(contention, object);
}

static void end_grace(struct contention *contention, struct contended *object)
{
    object->favoured = 0;
    chain_join(&contention->released, &object->parked);
    object->parked = (struct chain){0};
    plan(contention, object);
}

static void release_first(struct contention *contention, struct contended *object, int64_t now_ms)
{
    struct loser *loser = ring_of(object->waiting.next, struct loser, ring);
    chain_add(&contention->released, &loser->read->letter.node);
    loser->read = NULL;
    object->waiting_count--;
    set_aside(object, loser, true, now_ms);
    use(contention, object, now_ms);
}

/* It is the turn of the first who waits. */
static void begin_turn(struct contention *contention, struct contended *object, int64_t now_ms)
{
    object->favoured = ring_of(object->waiting.next, struct loser, ring)->session;
    object->turn_ms = now_ms;
    object->grace_ms = now_ms + grace_ms(object);
    release_first(contention, object, now_ms);
}

static void release_all(struct contention *contention, struct contended *object, int64_t now_ms)
{
    while (!ring_is_empty(&object->waiting))
        release_first(contention, object, now_ms);
    end_grace(contention, object);
}

static void step(struct contention *contention, struct contended *object, int64_t now_ms)
{
    if (object->favoured && object->grace_ms <= now_ms)
        end_grace(contention, object);
    if (!object->favoured && due_ms(object) <= now_ms)
        begin_turn(contention, object, now_ms);
    while (hold_end_ms(object) <= now_ms)
        release_first(contention, object, now_ms);
    if (ring_is_empty(&object->waiting) && !object->parked.first)
        ring_remove(&object->holding);
    plan(contention, object);
}

static void forget_old(struct contention *contention, int64_t now_ms)
{
    while (!ring_is_empty(&contention->by_age)) {
        struct contended *oldest = ring_of(contention->by_age.next, struct contended, by_age);
        if (!is_stale(oldest->used_ms, now_ms))
            return;
        assert(ring_is_empty(&oldest->holding)); /* nothing is kept for so long */
        drop_object(contention, oldest);
    }
}

/* --- what the core calls --- */

void contention_init(struct contention *contention)
{
    *contention = (struct contention){.next_ms = INT64_MAX};
    dict_init(&contention->objects);
    ring_init(&contention->by_age);
    ring_init(&contention->holding);
}

void contention_deinit(struct contention *contention)
{
    while (!ring_is_empty(&contention->by_age))
        drop_object(contention, ring_of(contention->by_age.next, struct contended, by_age));
    dict_deinit(&contention->objects);
}

bool contention_concerns(const struct contention *contention, const struct command *command)
{
    return command->origin && object_of(contention, command);
}

static bool wait_in_turn(struct contention *contention, struct contended *object,
                         struct command *read, int64_t now_ms)
{
    struct loser *loser = find_among(&object->others, read->origin);
    if (!loser || loser->released || is_stale(loser->since_ms, now_ms))
        return false;
    loser->read = read;
    loser->since_ms = now_ms;
    ring_remove(&loser->ring);
    ring_append(&object->waiting, &loser->ring);
    object->waiting_count++;
    use(contention, object, now_ms);
    hold(contention, object);
    return true;
}

static bool park(struct contention *contention, struct contended *object, struct command *write)
{
    if (!object->favoured || object->favoured == write->origin)
        return false;
    chain_add(&object->parked, &write->letter.node);
    hold(contention, object);
    return true;
}

bool contention_hold(struct contention *contention, struct command *command, struct instant now)
{
    int64_t now_ms = now.ms;
    if (!command->origin)
        return false;
    struct contended *object = object_of(contention, command);
    if (!object)
        return false;
    bool full = contention->held >= CONTENTION_HELD_MAX;
    if (is_read(command))
        return !full && wait_in_turn(contention, object, command, now_ms);
    if (!is_guarded(command))
        return false;
    learn_pace(object, command->origin, now_ms);
    return !full && park(contention, object, command);
}

static void note_loss(struct contention *contention, const struct command *command, int64_t now_ms)
{
    struct hash key;
    if (contention->losers >= CONTENTION_LOSERS_MAX || !key_of(command, &key))
        return;
    struct contended *object = find_object(contention, key);
    if (!object)
        object = add_object(contention, key, now_ms);
    if (find_among(&object->waiting, command->origin))
        return;
    drop_stale(contention, object, now_ms);
    struct loser *loser = find_among(&object->others, command->origin);
    if (!loser)
        loser = add_loser(contention, object, command->origin);
    if (loser)
        set_aside(object, loser, false, now_ms);
    use(contention, object, now_ms);
}

static void note_success(struct contention *contention, struct contended *object,
                         const struct command *write, int64_t now_ms)
{
    struct loser *loser = find_among(&object->others, write->origin);
    if (loser)
        drop_loser(contention, object, loser);
    object->wrote_ms = now_ms;
    object->writer = write->origin;
    plan(contention, object);
    if (write->verb == VERB_REMOVE)
        release_all(contention, object, now_ms);
}

static bool lost_a_race(const struct command *command)
{
    return command->origin && is_guarded(command) &&
           (command->err == ERR_REVISION || command->err == ERR_EXISTS);
}

void contention_note(struct contention *contention, const struct command *command,
                     struct instant now)
{
    int64_t now_ms = now.ms;
    struct contended *object = object_of(contention, command);
    bool favoured = object && command->origin && object->favoured == command->origin;
    if (object && is_write(command) && !command->err)
        note_success(contention, object, command, now_ms);
    if (favoured && (is_write(command) || command->err))
        end_grace(contention, object);
    if (favoured && command->err == ERR_MISSING)
        release_all(contention, object, now_ms); /* nobody will write it any more */
    if (lost_a_race(command))
        note_loss(contention, command, now_ms);
}

struct chain contention_take(struct contention *contention, struct instant now)
{
    int64_t now_ms = now.ms;
    if (contention->next_ms <= now_ms) {
        struct ring *next;
        contention->next_ms = INT64_MAX;
        for (struct ring *at = contention->holding.next; at != &contention->holding; at = next) {
            struct contended *object = ring_of(at, struct contended, holding);
            next = at->next;
            step(contention, object, now_ms);
        }
    }
    forget_old(contention, now_ms);
    struct chain taken = contention->released;
    contention->released = (struct chain){0};
    contention->held -= taken.count;
    return taken;
}

struct instant contention_next(const struct contention *contention)
{
    return (struct instant){contention->released.first ? 0 : contention->next_ms};
}
