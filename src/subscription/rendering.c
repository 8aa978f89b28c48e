#include "subscription/rendering.h"

#include "subscription/event_render.h"

void event_render_deinit(struct event_render *render)
{
    event_unref(render->event);
    event_unref(render->position);
}

struct event *event_render_event(struct event_render *render, const struct topic *topic,
                                 const struct session *session)
{
    bool other = notification_has_url(render->notice) && !str_eq(render->base, session->base);
    if (render->has_event && !other)
        return render->event;
    event_unref(render->event);
    render->base = session->base;
    render->has_event = true;
    render->event =
        notification_event(render->notice, &topic->sid, &session->service_sid, session->base);
    return render->event;
}

struct event *event_render_position(struct event_render *render, const struct topic *topic)
{
    if (!render->has_position)
        render->position = notification_position(render->notice, &topic->sid);
    render->has_position = true;
    return render->position;
}
