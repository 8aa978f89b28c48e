#include "subscription/shared_queries.h"

#include "base/mem.h"
#include "subscription/event_render.h"
#include "sync/item_name.h"
#include "sync/query_evaluation.h"
#include "sync/query_program.h"

#include <assert.h>
#include <stdlib.h>

/* One of the two states of an item, under evaluation. */
struct look {
    struct query_evaluation *evaluation;
    bool begun;
};

struct group {
    struct ring place;
    struct shared_query *members[QUERY_GROUP_MAX]; /* NULL: free */
    size_t count;
    struct arena arena; /* of the queries as they were compiled */
    const struct query *queries[QUERY_GROUP_MAX];
    struct query_program *program; /* NULL: to be compiled anew */
    struct change *item;           /* that was looked at last, with references; NULL: none */
    struct change *before;
    struct look now, then;
    struct arena key;
};

struct shared_query {
    struct group *group;
    size_t place; /* in the group */
    size_t users;
    uint64_t seq; /* of the item that `effect` are of; 0: none */
    enum query_effect effect;
    struct ring told; /* among the queries that keep an event */
    struct event *event;
    struct str event_id; /* for clients that call the query so */
    struct str text;
    char bytes[]; /* of `text` */
};

/* --- groups --- */

static void forget_item(struct group *group)
{
    change_unref(group->item);
    change_unref(group->before);
    group->item = group->before = NULL;
    group->now.begun = group->then.begun = false;
    arena_clear(&group->key);
}

static void drop_program(struct group *group)
{
    forget_item(group);
    query_evaluation_free(group->now.evaluation);
    query_evaluation_free(group->then.evaluation);
    query_program_free(group->program);
    group->now = group->then = (struct look){0};
    group->program = NULL;
    arena_deinit(&group->arena);
}

static void compile(struct group *group)
{
    for (size_t i = 0; i < QUERY_GROUP_MAX; i++) {
        struct query *query = NULL;
        struct why why;
        enum err e = OK;
        if (group->members[i])
            e = query_parse(group->members[i]->text, &group->arena, &query, &why);
        assert(!e); /* as it was when the client asked */
        group->queries[i] = query;
    }
    group->program = query_program_new(group->queries, QUERY_GROUP_MAX);
    group->now.evaluation = query_evaluation_new(group->program);
    group->then.evaluation = query_evaluation_new(group->program);
}

static struct group *new_group(struct shared_queries *queries)
{
    struct group *group = mem_zalloc(1, sizeof *group);
    arena_init(&group->arena);
    arena_init(&group->key);
    ring_init(&group->place);
    ring_append(&queries->groups, &group->place);
    return group;
}

static void free_group(struct group *group)
{
    ring_remove(&group->place);
    drop_program(group);
    arena_deinit(&group->key);
    free(group);
}

/* One with room. */
static struct group *find_group(struct shared_queries *queries)
{
    struct group *first = ring_of(queries->groups.next, struct group, place);
    bool room = !ring_is_empty(&queries->groups) && first->count < QUERY_GROUP_MAX;
    return room ? first : new_group(queries);
}

static void join_group(struct shared_queries *queries, struct shared_query *query)
{
    struct group *group = find_group(queries);
    size_t place = 0;
    while (group->members[place])
        place++;
    group->members[place] = query;
    query->group = group;
    query->place = place;
    drop_program(group);
    ring_remove(&group->place);
    bool full = ++group->count == QUERY_GROUP_MAX;
    ring_append(full ? &queries->groups : queries->groups.next, &group->place);
}

static void leave_group(struct shared_queries *queries, const struct shared_query *query)
{
    struct group *group = query->group;
    group->members[query->place] = NULL;
    if (--group->count == 0) {
        free_group(group);
        return;
    }
    ring_remove(&group->place);
    ring_append(queries->groups.next, &group->place);
}

/* --- events --- */

static void keep_event(struct shared_queries *queries, struct shared_query *query,
                       struct event *event, struct str id)
{
    char *copy = mem_alloc(id.len + 1);
    if (id.len)
        memcpy(copy, id.ptr, id.len);
    query->event_id = (struct str){copy, id.len};
    query->event = event_ref(event);
    ring_append(&queries->told, &query->told);
}

static void forget_event(struct shared_query *query)
{
    ring_remove(&query->told);
    event_unref(query->event);
    free((char *)query->event_id.ptr);
    query->event = NULL;
    query->event_id = (struct str){0};
}

struct event *shared_queries_event(struct shared_queries *queries, struct shared_query *query,
                                   const struct notice *notice, enum query_effect effect,
                                   struct str id)
{
    if (effect == QUERY_NO_EFFECT)
        return NULL;
    if (query->event && str_eq(query->event_id, id))
        return event_ref(query->event);
    struct event *event = event_render_match(notice, id, effect == QUERY_ITEM_UPDATED);
    if (!query->event)
        keep_event(queries, query, event, id);
    return event;
}

void shared_queries_forget(struct shared_queries *queries)
{
    while (!ring_is_empty(&queries->told))
        forget_event(ring_of(queries->told.next, struct shared_query, told));
}

/* --- life --- */

void shared_queries_init(struct shared_queries *queries)
{
    dict_init(&queries->by_text);
    ring_init(&queries->groups);
    ring_init(&queries->told);
}

void shared_queries_deinit(struct shared_queries *queries)
{
    assert(ring_is_empty(&queries->groups) && ring_is_empty(&queries->told));
    dict_deinit(&queries->by_text);
}

static struct shared_query *find(const struct shared_queries *queries, struct str text)
{
    struct dict_cursor cursor;
    struct shared_query *query = dict_first(&queries->by_text, hash_text(text, 0), &cursor);
    while (query && !str_eq(query->text, text))
        query = dict_next(&queries->by_text, &cursor);
    return query;
}

struct shared_query *shared_queries_join(struct shared_queries *queries, struct str text)
{
    struct shared_query *query = find(queries, text);
    if (!query) {
        query = mem_zalloc(1, sizeof *query + text.len);
        if (text.len)
            memcpy(query->bytes, text.ptr, text.len);
        query->text = (struct str){query->bytes, text.len};
        ring_init(&query->told);
        dict_add(&queries->by_text, hash_text(text, 0), query);
        join_group(queries, query);
    }
    query->users++;
    return query;
}

void shared_queries_leave(struct shared_queries *queries, struct shared_query *query)
{
    if (--query->users)
        return;
    forget_event(query);
    leave_group(queries, query);
    dict_remove(&queries->by_text, hash_text(query->text, 0), query);
    free(query);
}

/* --- a change --- */

/* Is it that change which the group has at hand, with all that is known of it? */
static bool has_at_hand(const struct group *group, const struct notice *notice)
{
    return group->item && group->item->seq == notice->item->seq &&
           (group->before || !notice->before);
}

static void take_item(struct group *group, const struct notice *notice)
{
    if (!group->program)
        compile(group);
    if (has_at_hand(group, notice))
        return;
    forget_item(group);
    group->item = change_ref(notice->item);
    group->before = notice->before ? change_ref(notice->before) : NULL;
}

static bool matches(const struct shared_query *query, struct look *look, const struct change *state,
                    size_t *cost)
{
    if (!look->begun)
        query_evaluation_begin(look->evaluation, item_name_key(state, &query->group->key),
                               state->data, cost);
    look->begun = true;
    return query_evaluation_matches(look->evaluation, query->place, cost);
}

/* What is removed comes as it was before. */
static enum query_effect find_effect(struct shared_query *query, size_t *cost)
{
    struct group *group = query->group;
    bool now = matches(query, &group->now, group->item, cost);
    if (change_is_removal(group->item))
        return now ? QUERY_ITEM_REMOVED : QUERY_NO_EFFECT;
    if (now || group->item->type == CHANGE_CREATED)
        return now ? QUERY_ITEM_UPDATED : QUERY_NO_EFFECT;
    bool then = !group->before || matches(query, &group->then, group->before, cost);
    return then ? QUERY_ITEM_REMOVED : QUERY_NO_EFFECT;
}

enum query_effect shared_queries_evaluate(struct shared_query *query, const struct notice *notice,
                                          size_t *cost)
{
    if (!notice->item)
        return QUERY_NO_EFFECT;
    if (query->seq != notice->item->seq) {
        forget_event(query);
        take_item(query->group, notice);
        query->effect = find_effect(query, cost);
        query->seq = notice->item->seq;
    }
    return query->effect;
}

bool shared_queries_is_evaluated(const struct shared_query *query, const struct notice *notice)
{
    return !notice->item || query->seq == notice->item->seq ||
           (query->group->program && has_at_hand(query->group, notice));
}
