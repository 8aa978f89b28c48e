#include "sync/batch.h"

#include <assert.h>

void batch_init(struct batch *batch, struct store *store, const struct random *random,
                struct feed *feed)
{
    *batch = (struct batch){.store = store, .random = random, .feed = feed};
    pending_init(&batch->pending);
}

struct batch_mark batch_mark(const struct batch *batch)
{
    return (struct batch_mark){batch->count, batch->messages_count};
}

static void forget_change(struct batch *batch, size_t at)
{
    change_unref(batch->changes[at]);
    change_unref(batch->befores[at]);
}

static void forget_all(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        forget_change(batch, i);
    for (size_t i = 0; i < batch->messages_count; i++)
        change_unref(batch->messages[i].notice.change);
    batch->count = batch->messages_count = 0;
    batch->told = batch->sealed = batch_mark(batch);
    pending_clear(&batch->pending);
}

void batch_deinit(struct batch *batch)
{
    forget_all(batch);
    pending_deinit(&batch->pending);
}

void batch_start(struct batch *batch, int64_t now_ms)
{
    forget_all(batch);
    batch_go_on(batch, now_ms);
}

void batch_go_on(struct batch *batch, int64_t now_ms)
{
    batch->now_ms = now_ms;
    batch->origin = 0;
    batch->pending.touched = false;
}

bool batch_is_open(const struct batch *batch)
{
    return batch->count > batch->sealed.changes;
}

enum err batch_seal(struct batch *batch)
{
    assert(!batch->sealed.changes && !batch->sealed.messages);
    enum err e = batch->count ? store_append(batch->store, batch->changes, batch->count) : OK;
    if (e)
        forget_all(batch);
    else
        batch->sealed = batch_mark(batch);
    return e;
}

enum err batch_settle(struct batch *batch, enum err synced)
{
    size_t count = batch->sealed.changes;
    enum err e = count ? store_settle(batch->store, synced, batch->changes, count) : OK;
    for (size_t i = 0; i < count; i++)
        if (batch_pending(batch, batch->changes[i]->id) == batch->changes[i])
            pending_remove(&batch->pending, batch->changes[i]);
    return e;
}

enum err batch_commit(struct batch *batch)
{
    if (!batch_is_open(batch))
        return OK;
    enum err e = batch_seal(batch);
    return e ? e : batch_settle(batch, store_sync(batch->store));
}

static bool is_item(const struct change *change)
{
    return change->kind == KIND_LIST_ITEM || change->kind == KIND_MAP_ITEM;
}

/* An item's change goes with its container's, the next one, if there is one. */
static void publish_change(struct batch *batch, size_t at)
{
    struct change *change = batch->changes[at];
    bool next = at + 1 < batch->count && batch->changes[at + 1]->type == CHANGE_ITEM;
    if (is_item(change) && next)
        return;
    struct notice notice = {.change = change, .origin = batch->origins[at]};
    if (change->type == CHANGE_ITEM) {
        notice.item = batch->changes[at - 1];
        notice.before = batch->befores[at - 1];
    }
    feed_publish(batch->feed, &notice);
}

void batch_publish_until(struct batch *batch, struct batch_mark mark)
{
    struct batch_mark *told = &batch->told;
    while (told->changes < mark.changes || told->messages < mark.messages) {
        const struct batch_message *message = &batch->messages[told->messages];
        if (told->messages < mark.messages && message->after == told->changes) {
            feed_publish(batch->feed, &message->notice);
            told->messages++;
        } else {
            publish_change(batch, told->changes++);
        }
    }
}

/* What is behind those moves to the front. */
static void drop_changes(struct batch *batch, size_t count)
{
    size_t left = batch->count - count;
    for (size_t i = 0; i < count; i++)
        forget_change(batch, i);
    memmove(batch->changes, batch->changes + count, left * sizeof *batch->changes);
    memmove(batch->origins, batch->origins + count, left * sizeof *batch->origins);
    memmove(batch->befores, batch->befores + count, left * sizeof *batch->befores);
    batch->count = left;
}

static void drop_messages(struct batch *batch, struct batch_mark gone)
{
    size_t left = batch->messages_count - gone.messages;
    for (size_t i = 0; i < gone.messages; i++)
        change_unref(batch->messages[i].notice.change);
    memmove(batch->messages, batch->messages + gone.messages, left * sizeof *batch->messages);
    for (size_t i = 0; i < left; i++)
        batch->messages[i].after -= gone.changes;
    batch->messages_count = left;
}

void batch_publish(struct batch *batch)
{
    struct batch_mark gone = batch->sealed;
    batch_publish_until(batch, gone);
    drop_changes(batch, gone.changes);
    drop_messages(batch, gone);
    batch->told = batch->sealed = (struct batch_mark){0};
}

struct view batch_view(struct batch *batch)
{
    return (struct view){batch->store, &batch->pending, batch->now_ms};
}

struct change *batch_pending(const struct batch *batch, uint64_t id)
{
    return pending_get(&batch->pending, id);
}

enum err batch_get(struct batch *batch, uint64_t id, struct change **head)
{
    struct view view = batch_view(batch);
    return view_get(&view, id, head);
}

enum err batch_find(struct batch *batch, uint64_t parent, enum kind kind, struct str name,
                    struct change **head)
{
    struct view view = batch_view(batch);
    return view_find(&view, parent, kind, name, head);
}

enum err batch_resolve(struct batch *batch, uint64_t parent, enum kind kind, struct str sid_or_name,
                       struct change **head)
{
    struct view view = batch_view(batch);
    return view_resolve(&view, parent, kind, sid_or_name, head);
}

enum err batch_find_expired(struct batch *batch, uint64_t parent, enum kind kind, struct str name,
                            struct change **head)
{
    struct view view = batch_view(batch);
    return view_find_expired(&view, parent, kind, name, head);
}

static bool has_pending_child(const struct batch *batch, uint64_t parent, enum kind kind)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->changes[i]->parent == parent && batch->changes[i]->kind == kind)
            return true;
    return false;
}

enum err batch_has_child(struct batch *batch, uint64_t parent, enum kind kind, bool *any)
{
    struct store_range range = {.parent = parent, .kind = kind};
    struct change *child;
    size_t count;
    *any = has_pending_child(batch, parent, kind);
    if (*any)
        return OK;
    enum err e = store_page(batch->store, &range, &child, 1, &count);
    *any = !e && count;
    if (*any)
        change_unref(child);
    return e;
}

/* Found from now on, in place of the object's pending change so far. */
static struct change *add(struct batch *batch, struct change *draft)
{
    assert(batch->count < BATCH_CHANGES_MAX);
    const struct change *before = batch_pending(batch, draft->id);
    struct change *change = change_new(draft);
    batch->origins[batch->count] = batch->origin;
    batch->befores[batch->count] = NULL;
    batch->changes[batch->count++] = change;
    batch->pending.touched = true;
    if (before)
        pending_remove(&batch->pending, before);
    pending_add(&batch->pending, change);
    return change;
}

void batch_take_back(struct batch *batch, struct batch_mark mark)
{
    assert(batch->messages_count == mark.messages && batch->sealed.changes <= mark.changes);
    while (batch->count > mark.changes) {
        struct change *change = batch->changes[--batch->count];
        uint64_t first = batch->changes[0]->seq;
        pending_remove(&batch->pending, change);
        if (change->prev >= first) /* its object's change before it is pending, too */
            pending_add(&batch->pending, batch->changes[change->prev - first]);
        forget_change(batch, batch->count);
    }
}

static uint64_t next_seq(const struct batch *batch)
{
    return store_seq(batch->store) + batch->count - batch->sealed.changes + 1;
}

struct change *batch_create(struct batch *batch, struct change *draft)
{
    draft->type = CHANGE_CREATED;
    draft->seq = draft->id = next_seq(batch);
    draft->prev = 0;
    draft->revision = 0;
    draft->salt = random_u64(batch->random);
    draft->created_ms = draft->updated_ms = batch->now_ms;
    return add(batch, draft);
}

struct change *batch_change(struct batch *batch, struct change *draft)
{
    draft->seq = next_seq(batch);
    return add(batch, draft);
}

void batch_keep_before(struct batch *batch, struct change *state)
{
    assert(batch->count && !batch->befores[batch->count - 1]);
    batch->befores[batch->count - 1] = change_ref(state);
}

struct change batch_draft(const struct batch *batch, const struct change *head,
                          enum change_type type, struct str author)
{
    /* Not `*head` as a whole: other threads count its references. */
    return (struct change){
        .type = type,
        .kind = head->kind,
        .prev = head->seq,
        .id = head->id,
        .parent = head->parent,
        .salt = head->salt,
        .revision = head->revision,
        .created_ms = head->created_ms,
        .updated_ms = batch->now_ms,
        .expires_ms = head->expires_ms,
        .name = head->name,
        .creator = head->creator,
        .author = author,
        .data = head->data,
    };
}

int64_t batch_expiry(const struct batch *batch, const struct ttl *ttl, int64_t otherwise)
{
    if (!ttl->given)
        return otherwise;
    return ttl->s ? batch->now_ms + ttl->s * 1000 : 0;
}

void batch_send(struct batch *batch, struct change *message)
{
    struct notice notice = {.change = message, .origin = batch->origin};
    if (!batch->pending.touched && !batch->messages_count) {
        feed_publish(batch->feed, &notice);
        return;
    }
    batch->pending.touched = true; /* by those before it, if by nothing else */
    change_ref(message);
    assert(batch->messages_count < BATCH_MAX);
    batch->messages[batch->messages_count++] = (struct batch_message){notice, batch->count};
}
