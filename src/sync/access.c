#include "sync/access.h"

#include "base/value.h"
#include "sync/batch.h"
#include "sync/permission.h"

/* Kinds that have permissions of their own. */
static bool has_permissions(enum kind kind)
{
    return kind == KIND_DOCUMENT || kind == KIND_LIST || kind == KIND_MAP;
}

static bool is_item(enum kind kind)
{
    return kind == KIND_LIST_ITEM || kind == KIND_MAP_ITEM;
}

static bool is_in_stream(enum kind kind)
{
    return kind == KIND_STREAM || kind == KIND_MESSAGE;
}

bool access_applies(const struct command *command)
{
    return command->guarded && command->service_head &&
           str_eq(value_get(command->service_head->data, STR("acl_enabled")), STR("true"));
}

static bool allows_object(const struct permission *permission, enum verb verb)
{
    switch (verb) {
    case VERB_FETCH:
    case VERB_SUBSCRIBE:
        return permission->read;
    case VERB_UPDATE:
        return permission->write;
    case VERB_REMOVE:
        return permission->manage;
    default:
        return false;
    }
}

static bool allows_item(const struct permission *permission, enum verb verb)
{
    bool reads = verb == VERB_FETCH || verb == VERB_FETCH_MANY || verb == VERB_LIST;
    return reads ? permission->read : permission->write;
}

static enum err check_item(const struct view *view, const struct command *command)
{
    struct permission permission;
    enum err e =
        permission_look_up(view, command->container_head->id, command->identity, &permission);
    if (e)
        return e;
    return allows_item(&permission, command->verb) ? OK : ERR_DENIED;
}

static enum err check_object(const struct view *view, const struct command *command)
{
    struct permission permission;
    struct change *head;
    enum err e =
        view_resolve(view, command->service_head->id, command->kind, command->object, &head);
    if (e)
        return e;
    e = permission_look_up(view, head->id, command->identity, &permission);
    change_unref(head);
    if (e)
        return e;
    return allows_object(&permission, command->verb) ? OK : ERR_DENIED;
}

enum err access_check(const struct view *view, struct command *command)
{
    if (!access_applies(command) || is_in_stream(command->kind))
        return OK;
    if (is_item(command->kind))
        return check_item(view, command);
    if (!has_permissions(command->kind) || command->verb == VERB_LIST)
        return ERR_DENIED;
    if (command->verb == VERB_CREATE || command->verb == VERB_UNSUBSCRIBE)
        return OK;
    return check_object(view, command);
}

void access_grant_creator(struct batch *batch, const struct command *command)
{
    if (access_applies(command) && has_permissions(command->kind))
        permission_grant_all(batch, command->head->id, command->identity);
}
