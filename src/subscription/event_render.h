/* What has happened, in the words of the client protocol: a notice becomes an event. It is made
 * when the first subscription wants it, and used for all. */
#ifndef SUBSCRIPTION_EVENT_RENDER_H
#define SUBSCRIPTION_EVENT_RENDER_H

#include "session/event.h"
#include "sync/feed.h"
#include "sync/sid.h"

/* One notice on its way to subscriptions. Starts with `notice` set, all else zero. */
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

/* The event for subscriptions of the object with that SID; `base`: the start of URLs, borrowed
 * until event_render_deinit. Borrowed; NULL: clients are told nothing of it. */
struct event *event_render_event(struct event_render *render, const struct sid *sid,
                                 const struct sid *service, struct str base);

/* To the author, instead of the event: how far its list or map has got. Borrowed; NULL: nothing. */
struct event *event_render_position(struct event_render *render, const struct sid *sid);

/* Of a live query, for an item that matches or does not. A reference. */
struct event *event_render_match(const struct notice *notice, struct str query_id, bool matches);

/* "document", "list", "map", "stream"; and back, 0: none of them. */
const char *event_render_type(enum kind kind);
enum kind event_render_kind(struct str type);

#endif
