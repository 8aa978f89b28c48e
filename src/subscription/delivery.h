/* Telling one subscription of a notice: by an event, or, when its session made the change itself,
 * by the object's position at most. */
#ifndef SUBSCRIPTION_DELIVERY_H
#define SUBSCRIPTION_DELIVERY_H

#include "subscription/event_render.h"
#include "subscription/subscription.h"

/* Put the event in the session's outbox. False: there is no room; nothing was done. */
bool delivery_tell(struct subscription *subscription, struct event_render *render);

/* The session wrote to a list or map, the event id being `seq`: it is not told of that again, if it
 * subscribes later. */
void delivery_note_own(struct subscriber *subscriber, uint64_t seq);

#endif
