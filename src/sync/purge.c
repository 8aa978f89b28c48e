#include "sync/purge.h"

#include "base/buf.h"

enum { BITE = 64 };

void purge_order(struct batch *batch, const struct change *service)
{
    struct buf id;
    buf_init(&id, 32);
    buf_add_u64(&id, service->id);
    struct change draft = {.kind = KIND_PURGE, .data = buf_str(&id)};
    batch_create(batch, &draft);
    buf_deinit(&id);
}

static void remove_head(struct batch *batch, struct change *head)
{
    struct change draft = batch_draft(batch, head, EVENT_REMOVED, STR("system"));
    batch_change(batch, &draft);
    change_unref(head);
}

/* Some documents of the service; when there are none left, the order itself. */
static enum err carry_out(struct batch *batch, struct change *order)
{
    struct change *heads[BITE];
    size_t count;
    struct store_range range = {.kind = KIND_DOCUMENT};
    if (!str_to_u64(order->data, UINT64_MAX, &range.parent))
        range.parent = UINT64_MAX; /* nobody's parent: the order goes */
    enum err e = store_page(batch->store, &range, heads, BITE, &count);
    if (e)
        return e;
    for (size_t i = 0; i < count; i++)
        remove_head(batch, heads[i]);
    if (count < BITE)
        remove_head(batch, change_ref(order));
    return OK;
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
