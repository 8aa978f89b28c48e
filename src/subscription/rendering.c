#include "subscription/rendering.h"

#include "subscription/event_render.h"

void rendering_deinit(struct rendering *rendering)
{
    event_unref(rendering->event);
    event_unref(rendering->position);
}

struct event *rendering_event(struct rendering *rendering, const struct topic *topic,
                              const struct session *session)
{
    bool other = notification_has_url(rendering->notice) && !str_eq(rendering->base, session->base);
    if (rendering->has_event && !other)
        return rendering->event;
    event_unref(rendering->event);
    rendering->base = session->base;
    rendering->has_event = true;
    rendering->event =
        notification_event(rendering->notice, &topic->sid, &session->service_sid, session->base);
    return rendering->event;
}

struct event *rendering_position(struct rendering *rendering, const struct topic *topic)
{
    if (!rendering->has_position)
        rendering->position = notification_position(rendering->notice, &topic->sid);
    rendering->has_position = true;
    return rendering->position;
}
