/* What a client's session says (session_handler) goes to the part that it concerns: packets to
 * methods.c; news of the socket to the requests that wait and the subscriptions that are behind. */
#include "realtime/client.h"

#include "base/mem.h"
#include "realtime/dispatch.h"
#include "realtime/methods.h"
#include "realtime/subscription_route.h"
#include "subscription/catchup.h"

#include <stdlib.h>

/* --- what clients share --- */

void client_context_init(struct client_context *context, const struct realtime_options *options,
                         struct realtime_metrics *metrics, struct core_link *core)
{
    *context = (struct client_context){.options = options, .metrics = metrics};
    context->routes = routes_new();
    credentials_seal_key(options->credentials, context->seal_key);
    limiter_init(&context->pages, REQUEST_QUEUE_PAGES_MAX);
    subscriptions_init(&context->subscriptions, &options->subscription, &metrics->subscription,
                       options->session.work, core);
}

void client_context_deinit(struct client_context *context)
{
    subscriptions_deinit(&context->subscriptions);
    routes_free(context->routes);
}

/* --- what a session says --- */

/* Nobody knows the size of an answer to a page before it is there: it may exceed the limit once. */
static bool has_room_for_page(struct request_queue *requests)
{
    const struct client *client = ring_of(requests, struct client, requests);
    const struct session *session = client->subscriber.session;
    return session_is_talking(session) &&
           outbox_waiting(&session->outbox) <= client->context->options->session.queue_max;
}

static void on_opened(struct session *session)
{
    struct client_context *context = session->table->context;
    struct client *client = mem_zalloc(1, sizeof *client);
    client->context = context;
    request_queue_init(&client->requests, &context->pages, has_room_for_page, dispatch_submit);
    subscriber_init(&client->subscriber, session, &context->subscriptions);
    session->user = client;
}

/* Pages that waited for room start, and what fell behind for want of it goes on. */
static void on_drained(struct session *session)
{
    struct client *client = client_of(session);
    request_queue_resume(&client->requests);
    if (outbox_is_relieved(&session->outbox))
        catchup_resume_all(&client->subscriber);
}

static void on_ended(struct session *session)
{
    request_queue_drop(&client_of(session)->requests);
}

static void on_closed(struct session *session)
{
    struct client *client = client_of(session);
    subscription_route_drop(client);
    subscriber_end_all(&client->subscriber);
}

static void on_freed(struct session *session)
{
    struct client *client = client_of(session);
    subscriber_deinit(&client->subscriber);
    free(client);
}

static struct session_load load(const struct session *session)
{
    const struct client *client = client_of(session);
    return (struct session_load){
        .waiting = client->requests.waiting.count,
        .bytes = client->requests.size,
        .busy = client->subscribing,
    };
}

const struct session_handler client_handler = {
    .opened = on_opened,
    .packet = methods_handle,
    .broken = methods_refuse_broken,
    .drained = on_drained,
    .ended = on_ended,
    .closed = on_closed,
    .freed = on_freed,
    .load = load,
};
