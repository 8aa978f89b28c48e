/* A list starts at its beginning, or at `from`, and goes one way, up or down; a page goes on from
 * a place, either way:
 *
 *      from                place                                            end
 *       |------------------>|------------- a page ------------->|---------->|
 *       |<---- a page, back |
 *
 * Heads are read in the page's direction, and one more than asked for shows whether there is more.
 * A page back that reaches `from` ends there.
 *
 * What has expired is passed over until it is removed, by looking at it. A turn looks at so many
 * heads at most; a page whose heads are not behind each other as closely comes in several turns,
 * but all that it shows is of the last one. */
#include "sync/listing.h"

#include "base/hex.h"
#include "base/mem.h"
#include "sync/view.h"

enum { LOOKS_MAX = 256 }; /* heads in one turn, those that have expired included */

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

static void go_behind(struct store_range *range, struct change **last, struct change *head)
{
    change_unref(*last);
    *last = change_ref(head);
    range->bounded = true;
    range->inclusive = false;
    range->id = head->id;
    range->name = head->name;
}

static bool is_shown(const struct view *view, const struct change *head)
{
    return !head->expires_ms || head->expires_ms > view->now_ms;
}

/* Of `got` heads that were read those that the list has and that have not expired, in front. False:
 * the list's end has been reached. */
static bool keep_shown(const struct settled *settled, const struct page_request *page,
                       struct change **heads, size_t got, size_t *kept)
{
    bool more = true;
    *kept = 0;
    for (size_t i = 0; i < got; i++) {
        more = more && is_listed(page, heads[i]->name);
        if (more && is_shown(&settled->view, heads[i]))
            heads[(*kept)++] = heads[i];
        else
            change_unref(heads[i]);
    }
    return more;
}

static void drop(struct change **heads, size_t *count)
{
    while (*count)
        change_unref(heads[--*count]);
}

/* The first `max` heads of a range that the list has. No more than LOOKS_MAX are looked at: if
 * there may be others, `stopped` is the last of these, with a reference; else NULL. */
static enum err read(struct settled *settled, const struct page_request *page,
                     struct store_range range, struct change **heads, size_t max, size_t *count,
                     struct change **stopped)
{
    bool more = true;
    *count = 0;
    *stopped = NULL;
    for (size_t looks = 0; more && *count < max && looks < LOOKS_MAX;) {
        size_t got, kept;
        enum err e = store_page(settled->view.store, &range, heads + *count, max - *count, &got);
        if (e) {
            drop(heads, count);
            change_unref(*stopped);
            return e;
        }
        looks += got;
        if (got)
            go_behind(&range, stopped, heads[*count + got - 1]);
        more = got == max - *count;
        more = keep_shown(settled, page, heads + *count, got, &kept) && more;
        *count += kept;
    }
    if (!more || *count == max) {
        change_unref(*stopped);
        *stopped = NULL;
    }
    return OK;
}

/* Is there anything at that side of the page, or perhaps? `range` leads there from the page's
 * edge. */
static enum err look(struct settled *settled, const struct page_request *page,
                     const struct store_range *range, bool *any)
{
    struct change *head, *stopped;
    size_t count;
    enum err e = read(settled, page, *range, &head, 1, &count, &stopped);
    *any = !e && (count || stopped);
    if (e)
        return e;
    change_unref(stopped);
    drop(&head, &count);
    return OK;
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

/* The page, with its heads in the order in which they were read. It is short when many have expired
 * between its heads. If nothing but expired ones were looked at, it is empty: ERR_UNFINISHED, and
 * the next time reading starts behind those. */
static enum err read_page(struct settled *settled, const struct store_range *range,
                          struct command *command, bool *more)
{
    size_t size = command->page.size;
    struct change *stopped;
    command->heads = mem_alloc((size + 1) * sizeof *command->heads);
    enum err e = read(settled, &command->page, *range, command->heads, size + 1,
                      &command->heads_count, &stopped);
    if (e)
        return e;
    if (stopped && !command->heads_count) {
        change_unref(command->passed);
        command->passed = stopped;
        return ERR_UNFINISHED;
    }
    *more = stopped || command->heads_count > size;
    if (command->heads_count > size)
        change_unref(command->heads[--command->heads_count]);
    change_unref(stopped);
    return OK;
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
    };
    enum err e = begin(&range, page);
    if (!e && command->passed) {
        range.bounded = true;
        range.inclusive = false;
        range.id = command->passed->id;
        range.name = command->passed->name;
    }
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
