/* Who hears what happens: the subscriptions of an object, as far as they are LIVE. Each is told of
 * a change by an event, or, of what its session did itself, of the position at most.
 *
 * One whose session has no room falls behind (replay.h). */
#ifndef SUBSCRIPTION_BROADCAST_H
#define SUBSCRIPTION_BROADCAST_H

#include "subscription/rendering.h"
#include "subscription/subscription.h"

/* Something has happened (realtime_hear). */
void broadcast_hear(struct realtime *realtime, const struct notice *notice);

/* The rules of a service have changed: ask anew whether its subscriptions are allowed. */
void broadcast_recheck(struct realtime *realtime, uint64_t service_id);

/* Tell one of them. False: its session has no room; nothing was done. */
bool delivery_tell(struct subscription *subscription, struct event_render *render);

/* A session wrote to a list or map, the event id being `seq`: it is not told of that again, if it
 * subscribes later. */
void delivery_note_own(struct session *session, uint64_t seq);

#endif
