#include "realtime/live.h"

#include "base/mem.h"
#include "realtime/notification.h"
#include "sync/item_name.h"
#include "sync/query_evaluation.h"
#include "sync/query_program.h"

#include <stdlib.h>

enum err live_new(struct live **made, struct str id, struct str index, struct str query)
{
    struct why why;
    struct live *live = mem_zalloc(1, sizeof *live);
    arena_init(&live->arena);
    dict_init(&live->matching);
    dict_init(&live->others);
    live->id = arena_dup(&live->arena, id);
    live->index = arena_dup(&live->arena, index);
    struct query *parsed;
    enum err e = query_parse(query, &live->arena, &parsed, &why);
    if (e) {
        live_free(live);
        return e;
    }
    live->query = parsed;
    live->program = query_program_new(&live->query, 1);
    live->evaluation = query_evaluation_new(live->program);
    *made = live;
    return OK;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    dict_deinit(&live->matching);
    dict_deinit(&live->others);
    query_evaluation_free(live->evaluation);
    query_program_free(live->program);
    arena_deinit(&live->arena);
    free(live);
}

/* Items are told apart by their object's number, which no other ever has. */
static bool is_among(const struct dict *items, const struct change *item)
{
    struct dict_cursor cursor;
    return dict_first(items, dict_mix(item->id), &cursor) != NULL;
}

/* False: there is no room. */
static bool put(struct live *live, struct dict *items, const struct change *item, bool in)
{
    bool known = is_among(items, item);
    if (in && !known && items->count == LIVE_KEYS_MAX)
        return false;
    if (in && !known)
        dict_add(items, dict_mix(item->id), live);
    else if (!in && known)
        dict_remove(items, dict_mix(item->id), live);
    return true;
}

static void note(struct live *live, const struct change *item, bool matches)
{
    if (!put(live, &live->matching, item, matches))
        live->seeded = false; /* no longer all that match */
    put(live, &live->others, item, !matches && !live->seeded && !change_is_removal(item));
}

/* May the client have it, as one that matches? */
static bool may_be_known(const struct live *live, const struct change *item)
{
    if (live->seeded)
        return is_among(&live->matching, item);
    return item->event != EVENT_CREATED && !is_among(&live->others, item);
}

static bool matches(const struct live *live, const struct change *item)
{
    struct arena arena;
    size_t cost = 0;
    if (change_is_removal(item))
        return false;
    arena_init(&arena);
    query_evaluation_begin(live->evaluation, item_name_key(item, &arena), item->data, &cost);
    bool good = query_evaluation_matches(live->evaluation, 0, &cost);
    arena_deinit(&arena);
    return good;
}

void live_seed(struct live *live, struct change *const *items, size_t count, bool last)
{
    for (size_t i = 0; i < count; i++)
        note(live, items[i], matches(live, items[i]));
    live->seeded = last && live->matching.count < LIVE_KEYS_MAX;
    if (!live->seeded)
        return;
    dict_deinit(&live->others);
    dict_init(&live->others);
}

struct occasion *live_event(const struct live *live, const struct notice *notice, bool *now)
{
    const struct change *item = notice->item;
    *now = item && matches(live, item);
    if (!*now && (!item || !may_be_known(live, item)))
        return NULL;
    return notification_match(notice, live->id, *now);
}

void live_note(struct live *live, const struct notice *notice, bool matches)
{
    if (notice->item)
        note(live, notice->item, matches);
}
