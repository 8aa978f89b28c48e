/* A list starts at its beginning, or at `from`, and goes one way, up or down; a page goes on from
 * a place, either way:
 *
 *      from                place                                            end
 *       |------------------>|------------- a page ------------->|---------->|
 *       |<---- a page, back |
 *
 * Heads are read in the page's direction, and one more than asked for shows whether there is more.
 * A page back that reaches `from` ends there. */
#include "sync/listing.h"

#include "base/hex.h"
#include "base/mem.h"
#include "sync/view.h"

static bool is_by_name(enum kind kind)
{
    return kind == KIND_LIST_ITEM || kind == KIND_MAP_ITEM;
}

struct str listing_place(const struct change *head, struct arena *arena)
{
    if (is_by_name(head->kind))
        return head->name;
    char *place = arena_alloc(arena, HEX_LENGTH);
    hex_put(place, head->id);
    return (struct str){place, HEX_LENGTH};
}

/* Begin `range` at a place. */
static enum err set_bound(struct store_range *range, struct str place, bool inclusive)
{
    range->bounded = true;
    range->inclusive = inclusive;
    range->name = place;
    if (range->order == STORE_BY_ID && !str_hex_to_u64(place, &range->id))
        return ERR_PAGE_TOKEN;
    return OK;
}

static int compare(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Is a name in the list, not before `from`? */
static bool is_listed(const struct page_request *page, struct str name)
{
    if (!page->from.ptr)
        return true;
    int order = compare(name, page->from);
    if (order == 0)
        return !page->from_excluded;
    return (order < 0) == page->descending;
}

/* The first `max` heads of a range, as far as they are in the list. */
static enum err read(struct settled *settled, const struct page_request *page,
                     const struct store_range *range, struct change **heads, size_t max,
                     size_t *count)
{
    enum err e = store_page(settled->view.store, range, heads, max, count);
    while (!e && *count && !is_listed(page, heads[*count - 1]->name))
        change_unref(heads[--*count]);
    return e;
}

/* Is there anything at that side of the page? `range` leads there from the page's edge. */
static enum err look(struct settled *settled, const struct page_request *page,
                     const struct store_range *range, bool *any)
{
    struct change *head;
    size_t count;
    enum err e = read(settled, page, range, &head, 1, &count);
    *any = !e && count;
    if (*any)
        change_unref(head);
    return e;
}

/* Where reading starts. */
static enum err begin(struct store_range *range, const struct page_request *page)
{
    if (page->place.ptr && !is_listed(page, page->place))
        return ERR_PAGE_TOKEN;
    if (page->place.ptr)
        return set_bound(range, page->place, page->place_included);
    return page->from.ptr ? set_bound(range, page->from, !page->from_excluded) : OK;
}

static void reverse(struct change **heads, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct change *swap = heads[i];
        heads[i] = heads[count - 1 - i];
        heads[count - 1 - i] = swap;
    }
}

/* The page, with its heads in the order in which they were read. */
static enum err read_page(struct settled *settled, const struct store_range *range,
                          struct command *command, bool *more)
{
    size_t size = command->page.size;
    command->heads = mem_alloc((size + 1) * sizeof *command->heads);
    enum err e =
        read(settled, &command->page, range, command->heads, size + 1, &command->heads_count);
    *more = !e && command->heads_count > size;
    if (*more)
        change_unref(command->heads[--command->heads_count]);
    return e;
}

/* From the page's first head, or from where it would have begun, the other way. */
static enum err turn_round(struct store_range *range, const struct command *command)
{
    const struct page_request *page = &command->page;
    range->descending = !range->descending;
    if (!command->heads_count)
        return set_bound(range, page->place, !page->place_included);
    range->bounded = true;
    range->inclusive = false;
    range->id = command->heads[0]->id;
    range->name = command->heads[0]->name;
    return OK;
}

enum err listing_read(struct settled *settled, struct command *command)
{
    const struct page_request *page = &command->page;
    bool *ahead = page->back ? &command->more_before : &command->more_after;
    bool *behind = page->back ? &command->more_after : &command->more_before;
    struct store_range range = {
        .parent = command_parent(command),
        .kind = command->kind,
        .order = is_by_name(command->kind) ? STORE_BY_NAME : STORE_BY_ID,
        .descending = page->descending != page->back,
        .alive_ms = settled->view.now_ms,
    };
    enum err e = begin(&range, page);
    if (!e)
        e = read_page(settled, &range, command, ahead);
    if (!e && page->place.ptr) {
        e = turn_round(&range, command);
        if (!e)
            e = look(settled, page, &range, behind);
    }
    if (page->back)
        reverse(command->heads, command->heads_count);
    return e;
}
