#include "sync/view.h"

#include "sync/pending.h"
#include "sync/sid.h"

static bool has_expired(const struct view *view, const struct change *head)
{
    return head->expires_ms && head->expires_ms <= view->now_ms;
}

static struct change *unless_expired(const struct view *view, struct change *head)
{
    if (!head || !has_expired(view, head))
        return head;
    change_unref(head);
    return NULL;
}

/* The change that is pending, which is now seen; NULL: none, or only what is committed counts. */
static struct change *see_by_id(const struct view *view, uint64_t id)
{
    struct change *change = view->pending ? pending_get(view->pending, id) : NULL;
    if (change)
        view->pending->touched = true;
    return change;
}

static struct change *see_by_name(const struct view *view, uint64_t parent, enum kind kind,
                                  struct str name)
{
    struct change *change = view->pending ? pending_find(view->pending, parent, kind, name) : NULL;
    if (change)
        view->pending->touched = true;
    return change;
}

/* The pending change wins over the committed head. NULL: gone. */
static struct change *newest(const struct view *view, struct change *head)
{
    struct change *pending = head ? see_by_id(view, head->id) : NULL;
    if (!pending)
        return head;
    change_unref(head);
    return change_is_removal(pending) ? NULL : change_ref(pending);
}

enum err view_get(const struct view *view, uint64_t id, struct change **head)
{
    struct change *pending = see_by_id(view, id);
    enum err e = OK;
    *head = NULL;
    if (!pending)
        e = store_get(view->store, id, head);
    else if (!change_is_removal(pending))
        *head = change_ref(pending);
    *head = unless_expired(view, e ? NULL : *head);
    return e;
}

/* As view_find, expired or not. */
static enum err find(const struct view *view, uint64_t parent, enum kind kind, struct str name,
                     struct change **head)
{
    struct change *pending = see_by_name(view, parent, kind, name);
    if (pending) {
        *head = change_ref(pending);
        return OK;
    }
    enum err e = store_find(view->store, parent, kind, name, head);
    *head = newest(view, e ? NULL : *head);
    return e;
}

enum err view_find(const struct view *view, uint64_t parent, enum kind kind, struct str name,
                   struct change **head)
{
    enum err e = find(view, parent, kind, name, head);
    *head = unless_expired(view, *head);
    return e;
}

static enum err get_salted(const struct view *view, uint64_t parent, enum kind kind, uint64_t id,
                           uint64_t salt, struct change **head)
{
    enum err e = view_get(view, id, head);
    if (e)
        return e;
    struct change *found = *head;
    if (found && found->kind == kind && found->parent == parent && found->salt == salt)
        return OK;
    change_unref(found);
    *head = NULL;
    return ERR_MISSING;
}

enum err view_resolve(const struct view *view, uint64_t parent, enum kind kind,
                      struct str sid_or_name, struct change **head)
{
    uint64_t id, salt;
    if (sid_parse(sid_or_name, kind, &id, &salt))
        return get_salted(view, parent, kind, id, salt, head);
    *head = NULL;
    if (sid_is_shaped(sid_or_name)) /* of another kind */
        return ERR_MISSING;
    enum err e = view_find(view, parent, kind, sid_or_name, head);
    if (!e && !*head)
        return ERR_NAME_MISSING;
    return e;
}

enum err view_find_expired(const struct view *view, uint64_t parent, enum kind kind,
                           struct str name, struct change **head)
{
    enum err e = find(view, parent, kind, name, head);
    if (*head && !has_expired(view, *head)) {
        change_unref(*head);
        *head = NULL;
    }
    return e;
}
