#include "sync/pending.h"

void pending_init(struct pending *pending)
{
    *pending = (struct pending){0};
    dict_init(&pending->by_id);
    dict_init(&pending->by_name);
}

void pending_deinit(struct pending *pending)
{
    dict_deinit(&pending->by_id);
    dict_deinit(&pending->by_name);
}

static bool has_name(const struct change *change)
{
    return change->name.ptr && !change_is_removal(change);
}

void pending_add(struct pending *pending, struct change *change)
{
    dict_add(&pending->by_id, hash_number(change->id), change);
    if (has_name(change))
        dict_add(&pending->by_name, change_name_hash(change->parent, change->kind, change->name),
                 change);
}

void pending_remove(struct pending *pending, const struct change *change)
{
    dict_remove(&pending->by_id, hash_number(change->id), change);
    if (has_name(change))
        dict_remove(&pending->by_name, change_name_hash(change->parent, change->kind, change->name),
                    change);
}

void pending_clear(struct pending *pending)
{
    dict_clear(&pending->by_id);
    dict_clear(&pending->by_name);
}

struct change *pending_get(const struct pending *pending, uint64_t id)
{
    struct dict_cursor cursor;
    if (!pending->by_id.count) /* most reads find nothing pending at all: no hash is needed */
        return NULL;
    struct change *change = dict_first(&pending->by_id, hash_number(id), &cursor);
    while (change && change->id != id)
        change = dict_next(&pending->by_id, &cursor);
    return change;
}

struct change *pending_find(const struct pending *pending, uint64_t parent, enum kind kind,
                            struct str name)
{
    struct dict_cursor cursor;
    if (!pending->by_name.count)
        return NULL;
    struct change *change =
        dict_first(&pending->by_name, change_name_hash(parent, kind, name), &cursor);
    while (change &&
           !(change->parent == parent && change->kind == kind && str_eq(change->name, name)))
        change = dict_next(&pending->by_name, &cursor);
    return change;
}
