#include "sync/purge.h"

#include "sync/removal.h"

enum { BITE = 64 };

/* What may belong to something that is removed. */
static const enum kind children[] = {
    KIND_DOCUMENT, KIND_LIST, KIND_MAP, KIND_STREAM, KIND_LIST_ITEM, KIND_MAP_ITEM, KIND_PERMISSION,
};

enum { CHILDREN = sizeof children / sizeof *children };

/* An item's list or map is gone: nobody is to be told, and nobody asks for its data any more. */
static void remove_item(struct batch *batch, const struct change *item)
{
    struct change draft = batch_draft(batch, item, CHANGE_REMOVED, STR("system"));
    draft.data = (struct str){0};
    batch_change(batch, &draft);
}

static enum err remove_child(struct batch *batch, const struct change *head)
{
    if (head->kind != KIND_LIST_ITEM && head->kind != KIND_MAP_ITEM)
        return removal_add(batch, head, CHANGE_REMOVED, STR("system"));
    remove_item(batch, head);
    return OK;
}

/* Some of the children of one kind. */
static enum err remove_some(struct batch *batch, const struct store_range *range, size_t max,
                            size_t *count)
{
    struct change *heads[BITE];
    enum err e = store_page(batch->store, range, heads, max, count);
    if (e)
        return e;
    for (size_t i = 0; i < *count; i++) {
        if (!e)
            e = remove_child(batch, heads[i]);
        change_unref(heads[i]);
    }
    return e;
}

/* When there are none left, the order itself goes. */
static enum err carry_out(struct batch *batch, const struct change *order)
{
    struct store_range range = {0};
    size_t done = 0;
    if (!str_to_u64(order->data, UINT64_MAX, &range.parent))
        range.parent = UINT64_MAX; /* nobody's parent: the order goes */
    for (size_t i = 0; i < CHILDREN && done < BITE; i++) {
        size_t count = 0;
        range.kind = children[i];
        enum err e = remove_some(batch, &range, BITE - done, &count);
        if (e)
            return e;
        done += count;
    }
    return done < BITE ? removal_add(batch, order, CHANGE_REMOVED, STR("system")) : OK;
}

enum err purge_step(struct batch *batch, bool *more)
{
    struct store_range range = {.kind = KIND_PURGE};
    struct change *order;
    size_t count;
    enum err e = store_page(batch->store, &range, &order, 1, &count);
    *more = !e && count;
    if (!*more)
        return e;
    e = carry_out(batch, order);
    change_unref(order);
    return e;
}
