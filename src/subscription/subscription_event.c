#include "subscription/subscription_event.h"

#include "dialect/problem.h"
#include "session/event.h"
#include "subscription/event_render.h"

enum { TEXT_SIZE_MAX = 16384 };

static void begin(struct buf *text, const struct announcement *announcement)
{
    buf_init(text, TEXT_SIZE_MAX);
    buf_add_lit(text, "{\"object_sid\":");
    buf_add_json(text, announcement->sid);
    buf_add_lit(text, ",\"object_type\":");
    buf_add_json(text, announcement->type);
}

static void put(struct session *session, const char *type, const struct announcement *announcement,
                struct buf *text)
{
    struct event *event = event_new(type, buf_str(text));
    event->correlated = announcement->asked ? CORRELATION_GIVEN : CORRELATION_NULL;
    event->correlation = announcement->correlation;
    outbox_put(session, event);
    event_unref(event);
    buf_deinit(text);
}

void announcement_established(struct session *session, const struct announcement *announcement,
                              const uint64_t *position)
{
    struct buf text;
    begin(&text, announcement);
    buf_add_lit(&text, ",\"replay_status\":\"completed\",\"last_event_id\":");
    if (position)
        buf_add_u64(&text, *position);
    else
        buf_add_lit(&text, "null");
    buf_add_char(&text, '}');
    put(session, "subscription_established", announcement, &text);
}

void announcement_failed(struct session *session, const struct announcement *announcement,
                         enum err err)
{
    struct buf text;
    const struct problem *problem = problem_find(err, notification_kind(announcement->type));
    begin(&text, announcement);
    buf_addf(&text, ",\"error\":{\"status\":%u,\"code\":%u,\"message\":", problem->status,
             problem->code);
    buf_add_json(&text, str_from(problem->message));
    buf_add_lit(&text, "}}");
    put(session, "subscription_failed", announcement, &text);
}

void announcement_canceled(struct session *session, const struct announcement *announcement)
{
    struct buf text;
    begin(&text, announcement);
    buf_add_char(&text, '}');
    put(session, "subscription_canceled", announcement, &text);
}
