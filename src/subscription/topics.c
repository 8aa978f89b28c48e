#include "subscription/topics.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

void topics_init(struct topics *topics, struct core_link *core)
{
    topics->core = core;
    dict_init(&topics->by_sid);
    dict_init(&topics->proven);
}

void topics_deinit(struct topics *topics)
{
    assert(topics->by_sid.count == 0);
    dict_deinit(&topics->by_sid);
    dict_deinit(&topics->proven);
}

/* Clients choose what they ask for, so all of it counts: many SIDs may share an id. */
static struct hash hash_sid(struct str sid)
{
    return hash_text(sid, 0);
}

struct topic *topics_find(const struct topics *topics, struct str sid)
{
    struct dict_cursor cursor;
    struct topic *topic = dict_first(&topics->by_sid, hash_sid(sid), &cursor);
    while (topic && !str_eq(sid_str(&topic->sid), sid))
        topic = dict_next(&topics->by_sid, &cursor);
    return topic;
}

struct topic *topics_find_proven(const struct topics *topics, uint64_t id)
{
    struct dict_cursor cursor;
    return dict_first(&topics->proven, hash_number(id), &cursor); /* no other id has this hash */
}

void topics_prove(struct topics *topics, struct topic *topic)
{
    if (!topic->proven)
        dict_add(&topics->proven, hash_number(topic->id), topic);
    topic->proven = true;
}

struct topic *topics_get(struct topics *topics, const struct sid *sid, enum kind kind, uint64_t id)
{
    struct topic *topic = topics_find(topics, sid_str(sid));
    if (topic)
        return topic;
    topic = mem_alloc(sizeof *topic);
    *topic = (struct topic){.id = id, .sid = *sid, .kind = kind};
    ring_init(&topic->subscriptions);
    shared_queries_init(&topic->queries);
    dict_add(&topics->by_sid, hash_sid(sid_str(sid)), topic);
    return topic;
}

/* Tells the core that nobody hears of an object any more. */
struct unsubscribe {
    struct command command; /* first */
    struct core_link *core;
    struct sid sid;
};

static void on_unsubscribed(struct letter *letter)
{
    struct unsubscribe *unsubscribe = (struct unsubscribe *)letter;
    core_link_returned(unsubscribe->core);
    command_deinit(&unsubscribe->command);
    free(unsubscribe);
}

/* By its id, so only for an object that there is. */
static void unsubscribe_from(struct topics *topics, const struct topic *topic)
{
    struct unsubscribe *unsubscribe = mem_zalloc(1, sizeof *unsubscribe);
    unsubscribe->core = topics->core;
    unsubscribe->sid = topic->sid;
    unsubscribe->command = (struct command){
        .letter.arrive = on_unsubscribed,
        .verb = VERB_UNSUBSCRIBE,
        .kind = topic->kind,
        .object = sid_str(&unsubscribe->sid),
    };
    core_link_submit(topics->core, &unsubscribe->command);
}

void topics_drop(struct topics *topics, struct topic *topic)
{
    assert(ring_is_empty(&topic->subscriptions));
    if (topic->proven) {
        unsubscribe_from(topics, topic);
        dict_remove(&topics->proven, hash_number(topic->id), topic);
    }
    dict_remove(&topics->by_sid, hash_sid(sid_str(&topic->sid)), topic);
    shared_queries_deinit(&topic->queries);
    free(topic);
}
