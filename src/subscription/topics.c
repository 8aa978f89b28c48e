#include "subscription/topics.h"

#include "base/hex.h"
#include "base/mem.h"
#include "realtime/request_queue.h"

#include <assert.h>
#include <stdlib.h>

void hub_init(struct hub *hub, struct realtime *realtime, const struct realtime_options *options,
              struct realtime_metrics *metrics, struct websockets *sockets)
{
    *hub = (struct hub){
        .realtime = realtime,
        .options = options,
        .metrics = metrics,
        .sockets = sockets,
    };
    hub->routes = routes_new();
    credentials_seal_key(options->credentials, hub->seal_key);
    limiter_init(&hub->pages, REQUEST_QUEUE_PAGES_MAX);
    dict_init(&hub->topics);
    dict_init(&hub->proven);
    for (size_t i = 0; i < CATCHUP_LANES; i++)
        ring_init(&hub->behind[i].queues);
    ring_init(&hub->waiting);
    uv_timer_init(options->loop, &hub->timer);
    hub->timer.data = hub;
}

void hub_deinit(struct hub *hub)
{
    assert(hub->topics.count == 0 && ring_is_empty(&hub->waiting) && !hub->unsent);
    dict_deinit(&hub->topics);
    dict_deinit(&hub->proven);
    routes_free(hub->routes);
    uv_close((uv_handle_t *)&hub->timer, NULL);
}

/* Clients choose what they ask for, so all of it counts: many SIDs may share an id. */
static struct hash hash_sid(struct str sid)
{
    return hash_text(sid, 0);
}

struct topic *hub_find_topic(const struct hub *hub, struct str sid)
{
    struct dict_cursor cursor;
    struct topic *topic = dict_first(&hub->topics, hash_sid(sid), &cursor);
    while (topic && !str_eq(sid_str(&topic->sid), sid))
        topic = dict_next(&hub->topics, &cursor);
    return topic;
}

struct topic *hub_proven_topic(const struct hub *hub, uint64_t id)
{
    struct dict_cursor cursor;
    return dict_first(&hub->proven, hash_number(id), &cursor); /* no other id has this hash */
}

void hub_prove_topic(struct hub *hub, struct topic *topic)
{
    if (!topic->proven)
        dict_add(&hub->proven, hash_number(topic->id), topic);
    topic->proven = true;
}

struct topic *hub_topic(struct hub *hub, const struct sid *sid, enum kind kind, uint64_t id)
{
    struct topic *topic = hub_find_topic(hub, sid_str(sid));
    if (topic)
        return topic;
    topic = mem_alloc(sizeof *topic);
    *topic = (struct topic){.id = id, .sid = *sid, .kind = kind};
    ring_init(&topic->subscriptions);
    shared_queries_init(&topic->queries);
    dict_add(&hub->topics, hash_sid(sid_str(sid)), topic);
    return topic;
}

/* The core's notice that nobody hears of an object any more. */
struct farewell {
    struct command command; /* first */
    struct realtime *realtime;
    struct sid sid;
};

static void on_farewell(struct letter *letter)
{
    struct farewell *farewell = (struct farewell *)letter;
    realtime_returned(farewell->realtime);
    command_deinit(&farewell->command);
    free(farewell);
}

/* By its id, so only for an object that there is. */
static void say_farewell(struct hub *hub, const struct topic *topic)
{
    struct farewell *farewell = mem_zalloc(1, sizeof *farewell);
    farewell->realtime = hub->realtime;
    farewell->sid = topic->sid;
    farewell->command = (struct command){
        .letter.arrive = on_farewell,
        .verb = VERB_UNSUBSCRIBE,
        .kind = topic->kind,
        .object = sid_str(&farewell->sid),
    };
    realtime_submit(hub->realtime, &farewell->command);
}

void hub_drop_topic(struct hub *hub, struct topic *topic)
{
    assert(ring_is_empty(&topic->subscriptions));
    if (topic->proven) {
        say_farewell(hub, topic);
        dict_remove(&hub->proven, hash_number(topic->id), topic);
    }
    dict_remove(&hub->topics, hash_sid(sid_str(&topic->sid)), topic);
    shared_queries_deinit(&topic->queries);
    free(topic);
}

void hub_packet_id(struct hub *hub, char id[SID_LENGTH + 1])
{
    id[0] = 'T';
    id[1] = 'M';
    hex_put(id + 2, hub->options->origin_base);
    hex_put(id + 18, ++hub->packets);
    id[SID_LENGTH] = 0;
}
