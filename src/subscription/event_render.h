/* What has happened, in the words of the client protocol: a notice becomes an event. */
#ifndef SUBSCRIPTION_EVENT_RENDER_H
#define SUBSCRIPTION_EVENT_RENDER_H

#include "session/event.h"
#include "sync/feed.h"
#include "sync/sid.h"

/* The event of a notice about the object with that SID; `base`: the start of URLs. NULL: clients
 * are told nothing of it. A reference. */
struct event *notification_event(const struct notice *notice, const struct sid *sid,
                                 const struct sid *service, struct str base);

/* Does an event look different from different bases? */
bool notification_has_url(const struct notice *notice);

/* To the author, instead of the event: how far its list or map has got. NULL: nothing. */
struct event *notification_position(const struct notice *notice, const struct sid *sid);

/* Of a live query, for one that matches or does not. */
struct event *event_render_match(const struct notice *notice, struct str query_id, bool matches);

/* "document", "list", "map", "stream"; and back, 0: none of them. */
const char *event_render_type(enum kind kind);
enum kind event_render_kind(struct str type);

#endif
