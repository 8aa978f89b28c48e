#include "realtime/subscription_route.h"

#include "base/value.h"
#include "session/session_send.h"
#include "subscription/subscription_request.h"

enum {
    BATCH_SIZE_MAX = 1000, /* as the answer says; of more the first count */
    TEXT_LENGTH_MAX = 256, /* longer is no SID, id or type of anything */
};

/* The request is the client's to repeat when nothing has come within estimated_delivery_in_ms;
 * ttl_in_s -1: it need not repeat it otherwise. */
static const struct str answer =
    STR_INIT("{\"max_batch_size\":1000,\"estimated_delivery_in_ms\":5000,\"ttl_in_s\":-1}");

/* A request whose objects are not all subscribed to yet; in its arena. */
struct subscribing {
    struct request *request;
    struct value_elements objects; /* those that are left */
    int count;                     /* of those that were read */
    uint64_t correlation;
    bool cancel;
    struct worker worker;
};

/* A string member, decoded; absent when there is none. */
static struct str read_text(struct request *request, struct str object, struct str name)
{
    struct str text = {0};
    if (!value_decode_string(value_get(object, name), &request->arena, &text))
        return (struct str){0};
    return text;
}

static bool read_number(struct str object, struct str name, uint64_t *number)
{
    return str_to_u64(value_get(object, name), INT64_MAX, number);
}

static struct subscription_request read_ask(struct request *request, struct str object,
                                            uint64_t correlation)
{
    struct subscription_request ask = {
        .sid = read_text(request, object, STR("object_sid")),
        .type = read_text(request, object, STR("object_type")),
        .index = read_text(request, object, STR("index_name")),
        .query = read_text(request, object, STR("query_string")),
        .correlation = (int64_t)correlation,
    };
    ask.since_given = read_number(object, STR("last_event_id"), &ask.since);
    return ask;
}

static void take_ask(struct request *request, const struct subscription_request *ask, bool cancel)
{
    if (ask->sid.len > TEXT_LENGTH_MAX || ask->type.len > TEXT_LENGTH_MAX)
        return;
    struct subscriber *subscriber = &client_of(request->session)->subscriber;
    if (cancel)
        subscription_request_cancel(subscriber, ask);
    else
        subscription_request_establish(subscriber, ask);
}

/* The next object; false: there is none. */
static bool take_next(struct subscribing *subscribing, size_t *bytes)
{
    struct str object;
    if (subscribing->count++ == BATCH_SIZE_MAX ||
        !value_elements_next(&subscribing->objects, &object))
        return false;
    *bytes = object.len;
    if (object.ptr[0] != '{')
        return true;
    struct subscription_request ask =
        read_ask(subscribing->request, object, subscribing->correlation);
    take_ask(subscribing->request, &ask, subscribing->cancel);
    return true;
}

static void finish(const struct subscribing *subscribing)
{
    client_of(subscribing->request->session)->subscribing = NULL;
    request_free(subscribing->request);
}

/* True: there is more, for a later step. */
static bool take_some(struct subscribing *subscribing)
{
    struct work_slice slice =
        work_slice(request_context(subscribing->request)->options->session.work);
    const struct session *session = subscribing->request->session;
    size_t bytes = 0;
    bool more = true;
    do
        more = session->state != SESSION_ENDED && take_next(subscribing, &bytes);
    while (more && work_goes_on(&slice, bytes));
    if (!more)
        finish(subscribing);
    return more;
}

static bool on_step(struct worker *worker)
{
    struct subscribing *subscribing = ring_of(worker, struct subscribing, worker);
    struct session *session = subscribing->request->session;
    if (take_some(subscribing))
        return true;
    session_adjust_reading(session);
    return false;
}

/* NULL: the request names no objects. */
static struct subscribing *read_request(struct request *request)
{
    uint64_t protocol = OUTBOX_PROTOCOL_NEWEST, correlation = 0;
    if (!request->body.len)
        return NULL;
    read_number(request->body, STR("event_protocol_version"), &protocol);
    read_number(request->body, STR("correlation_id"), &correlation);
    request->session->outbox.protocol =
        protocol == OUTBOX_PROTOCOL_OLDEST ? OUTBOX_PROTOCOL_OLDEST : OUTBOX_PROTOCOL_NEWEST;
    struct str list = value_get(request->body, STR("requests"));
    if (!list.len || list.ptr[0] != '[')
        return NULL;
    struct subscribing *subscribing = arena_alloc(&request->arena, sizeof *subscribing);
    *subscribing = (struct subscribing){.request = request, .correlation = correlation};
    subscribing->cancel = str_eq(read_text(request, request->body, STR("action")), STR("cancel"));
    value_elements_init(&subscribing->objects, list);
    worker_init(&subscribing->worker, on_step);
    return subscribing;
}

void subscription_route_respond(struct request *request)
{
    struct session *session = request->session;
    struct work_queue *work = request_context(request)->options->session.work;
    session_send_http_reply(session, request->id, 200, answer);
    struct subscribing *subscribing = read_request(request);
    if (!subscribing) {
        request_free(request);
        return;
    }
    client_of(session)->subscribing = subscribing;
    if (!work_is_free(work) || take_some(subscribing))
        work_add(session->lane, &subscribing->worker);
}

void subscription_route_drop(struct client *client)
{
    struct subscribing *subscribing = client->subscribing;
    if (!subscribing)
        return;
    work_remove(&subscribing->worker);
    finish(subscribing);
}
