#include "sync/feed.h"

void feed_init(struct feed *feed)
{
    ring_init(&feed->listeners);
}

void feed_join(struct feed *feed, struct feed_listener *listener)
{
    ring_append(&feed->listeners, &listener->place);
}

void feed_leave(struct feed_listener *listener)
{
    ring_remove(&listener->place);
}

void feed_publish(const struct feed *feed, struct change *change)
{
    for (struct ring *at = feed->listeners.next; at != &feed->listeners; at = at->next) {
        struct feed_listener *listener = ring_of(at, struct feed_listener, place);
        listener->hear(listener->context, change);
    }
}
