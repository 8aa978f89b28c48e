#include "subscription/subscription_event.h"

#include "dialect/problem.h"
#include "session/event.h"
#include "subscription/event_render.h"

enum { TEXT_SIZE_MAX = 16384 };

static void begin(struct buf *text, const struct subscription_event *event)
{
    buf_init(text, TEXT_SIZE_MAX);
    buf_add_lit(text, "{\"object_sid\":");
    buf_add_json(text, event->sid);
    buf_add_lit(text, ",\"object_type\":");
    buf_add_json(text, event->type);
}

static void put(const char *type, const struct subscription_event *event, struct buf *text,
                struct outbox *outbox)
{
    struct event *ready = event_new(type, buf_str(text));
    ready->correlated = event->asked ? CORRELATION_GIVEN : CORRELATION_NULL;
    ready->correlation = event->correlation;
    outbox_put(outbox, ready);
    event_unref(ready);
    buf_deinit(text);
}

void subscription_event_established(const struct subscription_event *event,
                                    const uint64_t *position, struct outbox *outbox)
{
    struct buf text;
    begin(&text, event);
    buf_add_lit(&text, ",\"replay_status\":\"completed\",\"last_event_id\":");
    if (position)
        buf_add_u64(&text, *position);
    else
        buf_add_lit(&text, "null");
    buf_add_char(&text, '}');
    put("subscription_established", event, &text, outbox);
}

void subscription_event_failed(const struct subscription_event *event, enum err err,
                               struct outbox *outbox)
{
    struct buf text;
    const struct problem *problem = problem_find(err, event_render_kind(event->type));
    begin(&text, event);
    buf_addf(&text, ",\"error\":{\"status\":%u,\"code\":%u,\"message\":", problem->status,
             problem->code);
    buf_add_json(&text, str_from(problem->message));
    buf_add_lit(&text, "}}");
    put("subscription_failed", event, &text, outbox);
}

void subscription_event_canceled(const struct subscription_event *event, struct outbox *outbox)
{
    struct buf text;
    begin(&text, event);
    buf_add_char(&text, '}');
    put("subscription_canceled", event, &text, outbox);
}
