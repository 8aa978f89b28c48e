/* The way of a subscriber that is behind: the chain is walked back from the object's head to
 * what is known, noting the seqs of what happened to items (the trail); then notices are handed
 * out from the trail's other end. When it is used up and the head has moved meanwhile, a new walk
 * begins. Each command goes a bounded part of the way; the subscriber moves `since` as it
 * takes notices over, so evaluating a command twice does no harm. */
#include "sync/subscribe.h"

#include "base/mem.h"
#include "sync/access.h"
#include "sync/permission.h"
#include "sync/sid.h"
#include "sync/view.h"

#include <stdlib.h>

static void drop_notices(struct subscribe *subscribe)
{
    for (size_t i = 0; i < subscribe->count; i++)
        notice_unref(&subscribe->notices[i]);
    subscribe->count = 0;
}

static void drop_trail(struct subscribe *subscribe)
{
    free(subscribe->trail);
    subscribe->trail = NULL;
    subscribe->trail_count = subscribe->trail_capacity = 0;
    subscribe->trail_head = subscribe->trail_next = 0;
}

void subscribe_clear(struct subscribe *subscribe, bool done)
{
    drop_notices(subscribe);
    if (done)
        drop_trail(subscribe);
}

static void add_to_trail(struct subscribe *subscribe, uint64_t seq)
{
    if (subscribe->trail_count == subscribe->trail_capacity) {
        subscribe->trail_capacity = subscribe->trail_capacity ? 2 * subscribe->trail_capacity : 64;
        subscribe->trail =
            mem_realloc(subscribe->trail, subscribe->trail_capacity * sizeof(uint64_t));
    }
    subscribe->trail[subscribe->trail_count++] = seq;
}

/* A part of the way back. */
static enum err walk(struct settled *settled, struct subscribe *subscribe)
{
    size_t steps = subscribe->walk_max ? subscribe->walk_max : SUBSCRIBE_STEPS_MAX;
    for (; steps && subscribe->trail_next > subscribe->since; steps--) {
        struct change *change;
        enum err e = store_change(settled->view.store, subscribe->trail_next, &change);
        if (!e && (!change || subscribe->trail_count == subscribe->far_max))
            e = ERR_LOST;
        if (!e && change->type == CHANGE_ITEM)
            add_to_trail(subscribe, change->seq);
        if (!e)
            subscribe->trail_next = change->prev;
        change_unref(change);
        if (e)
            return e;
    }
    return OK;
}

/* The state before an update may be lost, and the update not. */
static enum err get_before(struct settled *settled, struct notice *notice)
{
    if (notice->item->type != CHANGE_UPDATED)
        return OK;
    return store_change(settled->view.store, notice->item->prev, &notice->before);
}

static enum err get_notice(struct settled *settled, uint64_t seq, bool with_before,
                           struct notice *notice)
{
    *notice = (struct notice){0};
    enum err e = store_change(settled->view.store, seq, &notice->change);
    if (!e)
        e = store_change(settled->view.store, seq - 1, &notice->item);
    if (!e && (!notice->change || !notice->item))
        e = ERR_LOST;
    if (!e && with_before)
        e = get_before(settled, notice);
    if (e)
        notice_unref(notice);
    return e;
}

/* What has been taken over. */
static void shorten_trail(struct subscribe *subscribe)
{
    size_t *left = &subscribe->trail_count;
    while (*left && subscribe->trail[*left - 1] <= subscribe->since)
        --*left;
}

static enum err hand_out(struct settled *settled, struct subscribe *subscribe)
{
    enum err e = OK;
    for (size_t i = subscribe->trail_count;
         !e && i-- > 0 && subscribe->count < SUBSCRIBE_NOTICES_MAX;) {
        e = subscribe->trail[i] < subscribe->readable_from ? ERR_LOST : OK;
        if (!e)
            e = get_notice(settled, subscribe->trail[i], subscribe->with_before,
                           &subscribe->notices[subscribe->count]);
        subscribe->count += e == OK;
    }
    return e;
}

/* Of a list or map. */
static enum err replay(struct settled *settled, const struct change *head,
                       struct subscribe *subscribe)
{
    shorten_trail(subscribe);
    if (!subscribe->trail_count && subscribe->trail_next <= subscribe->since)
        subscribe->trail_head = subscribe->trail_next = head->seq;
    enum err e = walk(settled, subscribe);
    if (e)
        return e;
    subscribe->more = true;
    if (subscribe->trail_next > subscribe->since)
        return OK;
    e = hand_out(settled, subscribe);
    if (e || subscribe->count < subscribe->trail_count)
        return e;
    subscribe->reached = subscribe->trail_head;
    subscribe->more = subscribe->trail_head != head->seq;
    return OK;
}

static enum err catch_up(struct settled *settled, struct change *head, struct subscribe *subscribe)
{
    subscribe->reached = head->seq;
    subscribe->more = false;
    if (!subscribe->since_given || head->kind == KIND_STREAM)
        return OK;
    if (!store_knows(settled->view.store, subscribe->since))
        return ERR_LOST;
    if (subscribe->since >= head->seq)
        return OK;
    if (head->kind != KIND_DOCUMENT)
        return replay(settled, head, subscribe);
    subscribe->notices[0] = (struct notice){.change = change_ref(head)};
    subscribe->count = 1;
    return OK;
}

/* A name is no way to call what is subscribed to. */
static enum err find(struct settled *settled, struct command *command)
{
    uint64_t id, salt;
    if (!sid_parse(command->object, command->kind, &id, &salt))
        return ERR_MISSING;
    return view_resolve(&settled->view, command->service_head->id, command->kind, command->object,
                        &command->head);
}

/* Since when the subscriber has had the right to read: what happened before is not for it. */
static enum err find_right(struct settled *settled, struct command *command)
{
    struct subscribe *subscribe = command->subscribe;
    subscribe->readable_from = 0;
    if (!access_applies(command) || command->kind == KIND_STREAM)
        return OK;
    return permission_read_since(&settled->view, command->head->id, command->identity,
                                 &subscribe->readable_from);
}

enum err subscribe_evaluate(struct settled *settled, struct command *command)
{
    drop_notices(command->subscribe);
    enum err e = find(settled, command);
    if (!e)
        e = find_right(settled, command);
    if (!e)
        e = catch_up(settled, command->head, command->subscribe);
    if (!e)
        feed_follow(settled->feed, command->head->id, command->port);
    return e;
}

enum err subscribe_end(struct settled *settled, struct command *command)
{
    uint64_t id, salt;
    if (sid_parse(command->object, command->kind, &id, &salt))
        feed_leave(settled->feed, id, command->port);
    return OK;
}
