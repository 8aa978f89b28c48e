#include "sim/audit.h"

#include "base/mem.h"
#include "sync/item_name.h"

#include <assert.h>
#include <stdlib.h>

enum { BITE = 256 };

/* An object, as the changes so far have left it. */
struct object {
    const struct change *last; /* NULL: there is none */
    uint64_t notes;            /* of its items' changes */
    uint64_t items;            /* ever created */
};

struct inspection {
    const struct audit *audit;
    struct object *objects; /* by id */
    struct why *why;
};

void audit_init(struct audit *audit, struct store *store)
{
    size_t count = 0, max = 0;
    struct change **changes = NULL;
    size_t got;
    do {
        if (max - count < BITE) {
            max = 2 * max + BITE;
            changes = mem_realloc(changes, max * sizeof(struct change *));
        }
        enum err e = store_tail(store, count, changes + count, BITE, &got);
        assert(e == OK);
        count += got;
    } while (got);
    *audit = (struct audit){changes, count};
}

void audit_deinit(struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        change_unref(audit->changes[i]);
    free(audit->changes);
}

static bool broken(struct why *why, const struct change *change, const char *what)
{
    why_set(why, "%s: change %llu of kind %d, event %d, object %llu in %llu, revision %llx", what,
            (unsigned long long)change->seq, (int)change->kind, (int)change->type,
            (unsigned long long)change->id, (unsigned long long)change->parent,
            (unsigned long long)change->revision);
    return false;
}

static bool is_item(const struct change *change)
{
    return change->kind == KIND_LIST_ITEM || change->kind == KIND_MAP_ITEM;
}

static bool is_container(const struct change *change)
{
    return change->kind == KIND_LIST || change->kind == KIND_MAP;
}

static enum kind container_kind(const struct change *item)
{
    return item->kind == KIND_LIST_ITEM ? KIND_LIST : KIND_MAP;
}

/* --- one change after the other --- */

static bool is_same_object(const struct change *a, const struct change *b)
{
    return a->kind == b->kind && a->parent == b->parent && a->salt == b->salt &&
           a->created_ms == b->created_ms && str_eq(a->name, b->name) &&
           str_eq(a->creator, b->creator);
}

static bool check_chain(const struct inspection *inspection, const struct change *change)
{
    const struct change *last = inspection->objects[change->id].last;
    if (change->type == CHANGE_CREATED) {
        bool first = !last && change->id == change->seq && !change->prev && !change->revision;
        return first || broken(inspection->why, change, "this is no creation");
    }
    if (!last || change_is_removal(last) || change->prev != last->seq)
        return broken(inspection->why, change, "the chain is broken");
    return is_same_object(last, change) ||
           broken(inspection->why, change, "this is another object");
}

static bool has_expired(const struct change *change, int64_t now_ms)
{
    return change->expires_ms && change->expires_ms <= now_ms;
}

static bool check_revision(const struct inspection *inspection, const struct change *change)
{
    const struct change *last = inspection->objects[change->id].last;
    if (!last)
        return true;
    uint64_t moved = change->revision - last->revision;
    uint64_t most = change->type == CHANGE_UPDATED || change->type == CHANGE_ITEM;
    if (moved > most || (change->type == CHANGE_ITEM && !moved))
        return broken(inspection->why, change, "the revision does not follow");
    if (!change_is_removal(change) && has_expired(last, change->updated_ms))
        return broken(inspection->why, change, "this changed when it had expired");
    return change->type != CHANGE_EXPIRED || has_expired(last, change->updated_ms) ||
           broken(inspection->why, change, "this expired before its time");
}

static const struct change *neighbour(const struct inspection *inspection,
                                      const struct change *change, int distance)
{
    size_t i = (size_t)change->seq - 1 + (size_t)distance;
    return i < inspection->audit->count ? inspection->audit->changes[i] : NULL;
}

/* A list or map answers for its items as long as it is there. */
static bool check_item(const struct inspection *inspection, const struct change *item)
{
    const struct object *container = &inspection->objects[item->parent];
    const struct change *next = neighbour(inspection, item, 1);
    if (!container->last || container->last->kind != container_kind(item))
        return broken(inspection->why, item, "an item without a list or map");
    bool noted = next && next->type == CHANGE_ITEM && next->id == item->parent;
    bool gone =
        change_is_removal(container->last) || has_expired(container->last, item->updated_ms);
    if (gone && !change_is_removal(item))
        return broken(inspection->why, item, "an item changed when its list or map was gone");
    if (noted == gone)
        return broken(inspection->why, item,
                      "the change of an item and that of its list or map part");
    if (item->kind == KIND_LIST_ITEM && item->type == CHANGE_CREATED)
        return item_name_index(item) == container->items ||
               broken(inspection->why, item, "the index is not the next one");
    return true;
}

static bool check_note(const struct inspection *inspection, const struct change *note)
{
    const struct change *item = neighbour(inspection, note, -1);
    if (!is_container(note) || !is_item(item) || item->parent != note->id)
        return broken(inspection->why, note, "no change of an item came before");
    return true;
}

static bool check_count(const struct inspection *inspection, const struct change *container)
{
    uint64_t notes = inspection->objects[container->id].notes + (container->type == CHANGE_ITEM);
    return container->revision == notes ||
           broken(inspection->why, container, "the revision does not count the changes of items");
}

static bool check_order(const struct inspection *inspection, const struct change *removal)
{
    const struct change *order = neighbour(inspection, removal, 1);
    uint64_t id;
    return (order && order->kind == KIND_PURGE && order->type == CHANGE_CREATED &&
            str_to_u64(order->data, UINT64_MAX, &id) && id == removal->id) ||
           broken(inspection->why, removal, "no order to purge follows");
}

static bool check(const struct inspection *inspection, const struct change *change)
{
    bool orders = change->kind == KIND_SERVICE || is_container(change);
    return check_chain(inspection, change) && check_revision(inspection, change) &&
           (!is_item(change) || check_item(inspection, change)) &&
           (change->type != CHANGE_ITEM || check_note(inspection, change)) &&
           (!is_container(change) || check_count(inspection, change)) &&
           (!orders || !change_is_removal(change) || check_order(inspection, change));
}

static void note(const struct inspection *inspection, const struct change *change)
{
    struct object *object = &inspection->objects[change->id];
    object->last = change;
    object->notes += change->type == CHANGE_ITEM;
    inspection->objects[change->parent].items += is_item(change) && change->type == CHANGE_CREATED;
}

static bool check_all(const struct inspection *inspection)
{
    const struct audit *audit = inspection->audit;
    for (size_t i = 0; i < audit->count; i++) {
        const struct change *change = audit->changes[i];
        if (change->seq != i + 1 || change->id > change->seq || change->parent >= change->seq)
            return broken(inspection->why, change, "the numbers are wrong");
        if (!check(inspection, change))
            return false;
        note(inspection, change);
    }
    return true;
}

static bool check_left(const struct inspection *inspection)
{
    for (size_t id = 1; id <= inspection->audit->count; id++) {
        const struct change *last = inspection->objects[id].last;
        if (!last || change_is_removal(last))
            continue;
        if (last->kind == KIND_PURGE)
            return broken(inspection->why, last, "an order is left");
        const struct change *parent = inspection->objects[last->parent].last;
        if (last->parent && change_is_removal(parent))
            return broken(inspection->why, last, "this is left of something removed");
    }
    return true;
}

/* --- the whole --- */

static bool run(const struct audit *audit, bool sweep, struct why *why)
{
    struct inspection inspection = {audit, mem_zalloc(audit->count + 1, sizeof(struct object)),
                                    why};
    bool good = check_all(&inspection) && (!sweep || check_left(&inspection));
    free(inspection.objects);
    return good;
}

bool audit_is_sound(const struct audit *audit, struct why *why)
{
    return run(audit, false, why);
}

bool audit_is_swept(const struct audit *audit, struct why *why)
{
    return run(audit, true, why);
}

static bool is_same_change(const struct change *a, const struct change *b)
{
    return a->seq == b->seq && a->type == b->type && a->prev == b->prev && a->id == b->id &&
           a->revision == b->revision && a->updated_ms == b->updated_ms &&
           a->expires_ms == b->expires_ms && is_same_object(a, b) && str_eq(a->author, b->author) &&
           str_eq(a->data, b->data);
}

bool audit_was_told(const struct audit *audit, struct change *const *heard, size_t heard_count,
                    bool all, struct why *why)
{
    uint64_t told = 0;
    for (size_t i = 0; i < heard_count; i++) {
        const struct change *change = heard[i];
        if (change->kind == KIND_MESSAGE)
            continue;
        if (change->seq <= told || (all && change->seq != told + 1))
            return broken(why, change, "heard out of turn");
        if (change->seq > audit->count || !is_same_change(change, audit->changes[change->seq - 1]))
            return broken(why, change, "heard, but not kept");
        told = change->seq;
    }
    if (all && told != audit->count)
        return broken(why, audit->changes[told], "kept, but not heard");
    return true;
}
