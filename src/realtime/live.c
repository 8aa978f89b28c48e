#include "realtime/live.h"

#include "base/mem.h"
#include "realtime/notification.h"
#include "sync/item_name.h"
#include "sync/query.h"

#include <stdlib.h>

enum err live_new(struct live **made, struct str id, struct str index, struct str query)
{
    struct why why;
    struct live *live = mem_zalloc(1, sizeof *live);
    arena_init(&live->arena);
    dict_init(&live->matching);
    live->id = arena_dup(&live->arena, id);
    live->index = arena_dup(&live->arena, index);
    enum err e = query_parse(query, &live->arena, &live->query, &why);
    if (e) {
        live_free(live);
        return e;
    }
    *made = live;
    return OK;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    dict_deinit(&live->matching);
    arena_deinit(&live->arena);
    free(live);
}

/* Items are told apart by their object's number, which no other ever has. */
static bool is_matching(const struct live *live, const struct change *item)
{
    struct dict_cursor cursor;
    return dict_first(&live->matching, dict_mix(item->id), &cursor) != NULL;
}

static void note(struct live *live, const struct change *item, bool matches)
{
    bool known = is_matching(live, item);
    if (matches && !known && live->matching.count < LIVE_KEYS_MAX)
        dict_add(&live->matching, dict_mix(item->id), live);
    else if (matches && !known)
        live->seeded = false; /* no longer all that match */
    else if (!matches && known)
        dict_remove(&live->matching, dict_mix(item->id), live);
}

static bool matches(const struct live *live, const struct change *item)
{
    struct arena arena;
    arena_init(&arena);
    bool good = !change_is_removal(item) &&
                query_matches(live->query, item_name_key(item, &arena), item->data);
    arena_deinit(&arena);
    return good;
}

void live_seed(struct live *live, struct change *const *items, size_t count, bool last)
{
    for (size_t i = 0; i < count; i++)
        note(live, items[i], matches(live, items[i]));
    live->seeded = last && live->matching.count < LIVE_KEYS_MAX;
}

struct occasion *live_event(struct live *live, const struct notice *notice)
{
    const struct change *item = notice->item;
    if (!item)
        return NULL;
    bool before = !live->seeded || is_matching(live, item), now = matches(live, item);
    note(live, item, now);
    return before || now ? notification_match(notice, live->id, now) : NULL;
}
