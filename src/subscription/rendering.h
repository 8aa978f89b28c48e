/* What one notice looks like to subscribers: made when the first wants it, used for all. */
#ifndef SUBSCRIPTION_RENDERING_H
#define SUBSCRIPTION_RENDERING_H

#include "session/event.h"
#include "session/session.h"
#include "subscription/topics.h"
#include "sync/feed.h"

struct event_render {
    const struct notice *notice;
    struct str base; /* that `event` was made for */
    struct event *event;
    struct event *position;
    bool has_event;
    bool has_position;
    size_t cost; /* of live queries that have looked at it, in bytes */
};

void event_render_deinit(struct event_render *render);

/* The event as the session is to get it; instead, for the author, how far the object has got.
 * Borrowed; NULL: there is nothing to tell. */
struct event *event_render_event(struct event_render *render, const struct topic *topic,
                                 const struct session *session);
struct event *event_render_position(struct event_render *render, const struct topic *topic);

#endif
