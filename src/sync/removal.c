#include "sync/removal.h"

#include "base/buf.h"
#include "sync/container.h"

/* What the removal of `head` has to be followed by. */
struct consequences {
    struct change *container; /* an item's, if it is still there; a reference */
    bool purge;
};

static enum err find_consequences(struct batch *batch, const struct change *head,
                                  struct consequences *found)
{
    *found = (struct consequences){0};
    switch (head->kind) {
    case KIND_SERVICE:
    case KIND_LIST:
    case KIND_MAP:
        found->purge = true;
        return OK;
    case KIND_DOCUMENT:
        return batch_has_child(batch, head->id, KIND_PERMISSION, &found->purge);
    case KIND_LIST_ITEM:
    case KIND_MAP_ITEM:
        return batch_get(batch, head->parent, &found->container);
    default:
        return OK;
    }
}

/* The children of `parent` are to go: purge.c carries it out. */
static void enqueue_purge(struct batch *batch, const struct change *parent)
{
    struct buf id;
    buf_init(&id, 32);
    buf_add_u64(&id, parent->id);
    struct change draft = {.kind = KIND_PURGE, .data = buf_str(&id)};
    batch_create(batch, &draft);
    buf_deinit(&id);
}

/* What can fail comes first: a removal is whole or not at all. */
enum err removal_add(struct batch *batch, const struct change *head, enum change_type type,
                     struct str author)
{
    struct consequences found;
    enum err e = find_consequences(batch, head, &found);
    if (e)
        return e;
    struct change draft = batch_draft(batch, head, type, author);
    batch_change(batch, &draft);
    if (found.container)
        container_note_item(batch, found.container, author, NULL);
    if (found.purge)
        enqueue_purge(batch, head);
    change_unref(found.container);
    return OK;
}

enum err removal_free_name(struct batch *batch, uint64_t parent, enum kind kind, struct str name)
{
    struct change *holder;
    enum err e = batch_find_expired(batch, parent, kind, name, &holder);
    if (!e && holder)
        e = removal_add(batch, holder, CHANGE_EXPIRED, (struct str){0});
    change_unref(holder);
    return e;
}
