#include "subscription/subscription_event.h"

#include "dialect/problem.h"
#include "session/event.h"
#include "subscription/event_render.h"

enum { TEXT_SIZE_MAX = 16384 };

static void begin(struct buf *text, const struct subscription_event *subject)
{
    buf_init(text, TEXT_SIZE_MAX);
    buf_add_lit(text, "{\"object_sid\":");
    buf_add_json(text, subject->sid);
    buf_add_lit(text, ",\"object_type\":");
    buf_add_json(text, subject->type);
}

static void put(struct session *session, const char *type, const struct subscription_event *subject,
                struct buf *text)
{
    struct event *event = event_new(type, buf_str(text));
    event->correlated = subject->asked ? CORRELATION_GIVEN : CORRELATION_NULL;
    event->correlation = subject->correlation;
    outbox_put(session, event);
    event_unref(event);
    buf_deinit(text);
}

void subscription_event_established(struct session *session,
                                    const struct subscription_event *subject,
                                    const uint64_t *position)
{
    struct buf text;
    begin(&text, subject);
    buf_add_lit(&text, ",\"replay_status\":\"completed\",\"last_event_id\":");
    if (position)
        buf_add_u64(&text, *position);
    else
        buf_add_lit(&text, "null");
    buf_add_char(&text, '}');
    put(session, "subscription_established", subject, &text);
}

void subscription_event_failed(struct session *session, const struct subscription_event *subject,
                               enum err err)
{
    struct buf text;
    const struct problem *problem = problem_find(err, event_render_kind(subject->type));
    begin(&text, subject);
    buf_addf(&text, ",\"error\":{\"status\":%u,\"code\":%u,\"message\":", problem->status,
             problem->code);
    buf_add_json(&text, str_from(problem->message));
    buf_add_lit(&text, "}}");
    put(session, "subscription_failed", subject, &text);
}

void subscription_event_canceled(struct session *session, const struct subscription_event *subject)
{
    struct buf text;
    begin(&text, subject);
    buf_add_char(&text, '}');
    put(session, "subscription_canceled", subject, &text);
}
