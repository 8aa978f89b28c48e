#include "sync/listing.h"

#include "base/mem.h"
#include "sync/batch.h"

/* Is there anything beyond `id` in that direction? */
static enum err look_beyond(struct batch *batch, const struct store_range *range, uint64_t id,
                            bool descending, bool *any)
{
    struct store_range beyond = *range;
    struct change *head;
    size_t count;
    beyond.beyond = id;
    beyond.descending = descending;
    enum err e = store_page(batch->store, &beyond, &head, 1, &count);
    *any = !e && count;
    if (*any)
        change_unref(head);
    return e;
}

static void reverse(struct change **heads, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct change *swap = heads[i];
        heads[i] = heads[count - 1 - i];
        heads[count - 1 - i] = swap;
    }
}

/* Read in the direction asked for, with one more than wanted to see whether there is more. */
static enum err read_page(struct batch *batch, const struct store_range *range,
                          struct command *command, bool *more)
{
    size_t size = command->page.size;
    command->heads = mem_alloc((size + 1) * sizeof *command->heads);
    enum err e = store_page(batch->store, range, command->heads, size + 1, &command->heads_count);
    *more = !e && command->heads_count > size;
    if (*more)
        change_unref(command->heads[--command->heads_count]);
    if (range->descending)
        reverse(command->heads, command->heads_count);
    return e;
}

enum err listing_read(struct batch *batch, uint64_t parent, struct command *command)
{
    const struct page_request *page = &command->page;
    struct store_range range = {
        .parent = parent,
        .kind = command->kind,
        .beyond = page->beyond,
        .descending = page->back,
        .alive_ms = batch->now_ms,
    };
    bool *ahead = page->back ? &command->more_before : &command->more_after;
    bool *behind = page->back ? &command->more_after : &command->more_before;
    enum err e = read_page(batch, &range, command, ahead);
    if (e || !page->beyond)
        return e;
    /* The first one on the side we came from, or, on an empty page, where we came from. */
    size_t count = command->heads_count;
    uint64_t edge = page->back ? page->beyond - 1 : page->beyond + 1;
    if (count)
        edge = page->back ? command->heads[count - 1]->id : command->heads[0]->id;
    return look_beyond(batch, &range, edge, !page->back, behind);
}
