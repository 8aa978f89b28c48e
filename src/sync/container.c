#include "sync/container.h"

#include "base/value.h"

void container_note_item(struct batch *batch, const struct change *head, struct str author,
                         const struct container_update *update)
{
    struct change draft = batch_draft(batch, head, CHANGE_ITEM, author);
    draft.revision++;
    if (update)
        draft.expires_ms = batch_expiry(batch, &update->ttl, draft.expires_ms);
    if (update && update->data.ptr)
        draft.data = update->data;
    batch_change(batch, &draft);
}

uint64_t container_next_index(const struct change *list)
{
    uint64_t next = 0;
    if (!str_to_u64(value_get(list->data, STR("next_index")), INT64_MAX, &next))
        next = 0;
    return next;
}

void container_write_next_index(uint64_t next_index, struct buf *data)
{
    buf_add_lit(data, "{\"next_index\":");
    buf_add_u64(data, next_index);
    buf_add_char(data, '}');
}
