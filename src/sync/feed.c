#include "sync/feed.h"

#include "base/mem.h"

#include <stdlib.h>

/* A port that follows an object. */
struct follower {
    uint64_t object;
    struct port *port;
};

void notice_ref(const struct notice *notice)
{
    change_ref(notice->change);
    if (notice->item)
        change_ref(notice->item);
    if (notice->before)
        change_ref(notice->before);
}

void notice_unref(const struct notice *notice)
{
    change_unref(notice->change);
    change_unref(notice->item);
    change_unref(notice->before);
}

void delivery_free(struct delivery *delivery)
{
    notice_unref(&delivery->notice);
    free(delivery);
}

void feed_init(struct feed *feed,
               void (*tell)(void *context, struct port *port, const struct notice *notice),
               void *context)
{
    *feed = (struct feed){.tell = tell, .context = context};
    dict_init(&feed->objects);
}

void feed_deinit(struct feed *feed)
{
    for (size_t i = 0; feed->objects.slots && i <= feed->objects.mask; i++)
        free(feed->objects.slots[i].element);
    dict_deinit(&feed->objects);
}

static struct follower *find(const struct feed *feed, uint64_t object, const struct port *port)
{
    struct dict_cursor cursor;
    struct follower *at = dict_first(&feed->objects, hash_number(object), &cursor);
    while (at && !(at->object == object && at->port == port))
        at = dict_next(&feed->objects, &cursor);
    return at;
}

void feed_follow(struct feed *feed, uint64_t object, struct port *port)
{
    if (find(feed, object, port))
        return;
    struct follower *follower = mem_alloc(sizeof *follower);
    *follower = (struct follower){object, port};
    dict_add(&feed->objects, hash_number(object), follower);
}

void feed_leave(struct feed *feed, uint64_t object, struct port *port)
{
    struct follower *follower = find(feed, object, port);
    if (!follower)
        return;
    dict_remove(&feed->objects, hash_number(object), follower);
    free(follower);
}

/* Whose followers hear of it. */
static uint64_t object_of(const struct change *change)
{
    switch (change->kind) {
    case KIND_SERVICE:
    case KIND_KEY:
        return FEED_ACCOUNT;
    case KIND_MESSAGE:
    case KIND_PERMISSION:
        return change->parent;
    default:
        return change->id;
    }
}

static void tell_all(const struct feed *feed, uint64_t object, const struct notice *notice)
{
    struct dict_cursor cursor;
    struct follower *at = dict_first(&feed->objects, hash_number(object), &cursor);
    for (; at; at = dict_next(&feed->objects, &cursor))
        if (at->object == object)
            feed->tell(feed->context, at->port, notice);
}

void feed_publish(const struct feed *feed, const struct notice *notice)
{
    if (!feed->objects.count)
        return;
    tell_all(feed, object_of(notice->change), notice);
    tell_all(feed, FEED_ALL, notice);
}
