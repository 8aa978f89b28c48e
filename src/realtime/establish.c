#include "realtime/establish.h"

#include "base/value.h"
#include "realtime/subscription.h"

enum {
    PROTOCOL_OLDEST = 3,
    PROTOCOL_NEWEST = 4,
    BATCH_SIZE_MAX = 1000, /* as the answer says; of more the first count */
    TEXT_LENGTH_MAX = 256, /* longer is no SID, id or type of anything */
};

/* The request is the client's to repeat when nothing has come within estimated_delivery_in_ms;
 * ttl_in_s -1: it need not repeat it otherwise. */
static const struct str answer =
    STR_INIT("{\"max_batch_size\":1000,\"estimated_delivery_in_ms\":5000,\"ttl_in_s\":-1}");

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

static struct subscription_ask read_ask(struct request *request, struct str object,
                                        uint64_t correlation)
{
    struct subscription_ask ask = {
        .sid = read_text(request, object, STR("object_sid")),
        .type = read_text(request, object, STR("object_type")),
        .index = read_text(request, object, STR("index_name")),
        .query = read_text(request, object, STR("query_string")),
        .correlation = (int64_t)correlation,
    };
    ask.since_given = read_number(object, STR("last_event_id"), &ask.since);
    return ask;
}

static void take_ask(struct request *request, const struct subscription_ask *ask, bool cancel)
{
    if (ask->sid.len > TEXT_LENGTH_MAX || ask->type.len > TEXT_LENGTH_MAX)
        return;
    if (cancel)
        subscription_cancel(request->session, ask);
    else
        subscription_establish(request->session, ask);
}

static void read_asks(struct request *request, uint64_t correlation)
{
    struct value_elements elements;
    struct str object, list = value_get(request->body, STR("requests"));
    bool cancel = str_eq(read_text(request, request->body, STR("action")), STR("cancel"));
    if (!list.len || list.ptr[0] != '[')
        return;
    value_elements_init(&elements, list);
    for (int i = 0; i < BATCH_SIZE_MAX && value_elements_next(&elements, &object); i++) {
        if (object.ptr[0] != '{')
            continue;
        struct subscription_ask ask = read_ask(request, object, correlation);
        take_ask(request, &ask, cancel);
    }
}

void establish_respond(struct request *request)
{
    struct session *session = request->session;
    uint64_t correlation = 0, protocol = PROTOCOL_NEWEST;
    session_reply_http(session, request->id, 200, answer);
    if (request->body.len) {
        read_number(request->body, STR("event_protocol_version"), &protocol);
        read_number(request->body, STR("correlation_id"), &correlation);
        session->subscriber.protocol =
            protocol == PROTOCOL_OLDEST ? PROTOCOL_OLDEST : PROTOCOL_NEWEST;
        read_asks(request, correlation);
    }
    request_free(request);
}
