#include "sync/permission.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/value.h"
#include "sync/batch.h"
#include "sync/removal.h"
#include "sync/revision.h"

enum {
    DATA_SIZE_MAX = 64,
    RENEWALS_MAX = 64, /* changes of a permission that are looked at */
};

static bool read_right(struct str data, struct str key)
{
    return str_eq(value_get(data, key), STR("true"));
}

struct permission permission_read(const struct change *head)
{
    return (struct permission){
        .read = read_right(head->data, STR("read")),
        .write = read_right(head->data, STR("write")),
        .manage = read_right(head->data, STR("manage")),
    };
}

static void write_data(const struct permission_fields *fields, struct buf *data)
{
    buf_init(data, DATA_SIZE_MAX);
    buf_addf(data, "{\"read\":%s,\"write\":%s,\"manage\":%s}", fields->read ? "true" : "false",
             fields->write ? "true" : "false", fields->manage ? "true" : "false");
}

enum err permission_look_up(const struct view *view, uint64_t object, struct str identity,
                            struct permission *permission)
{
    struct change *head;
    *permission = (struct permission){0};
    enum err e = view_find(view, object, KIND_PERMISSION, identity, &head);
    if (!e && head)
        *permission = permission_read(head);
    change_unref(head);
    return e;
}

/* From `change`, which is a reference of this function's, back as long as it grants reading. */
static enum err walk_back(const struct view *view, struct change *change, uint64_t *seq)
{
    enum err e = OK;
    for (int i = 0; !e && change && i < RENEWALS_MAX && permission_read(change).read; i++) {
        uint64_t prev = change->prev;
        *seq = change->seq;
        change_unref(change);
        change = NULL;
        if (prev)
            e = store_change(view->store, prev, &change);
    }
    change_unref(change);
    return e;
}

enum err permission_read_since(const struct view *view, uint64_t object, struct str identity,
                               uint64_t *seq)
{
    struct change *head;
    *seq = UINT64_MAX;
    enum err e = view_find(view, object, KIND_PERMISSION, identity, &head);
    return e ? e : walk_back(view, head, seq);
}

void permission_grant_all(struct batch *batch, uint64_t object, struct str identity)
{
    struct permission_fields all = {true, true, true, true};
    struct buf data;
    write_data(&all, &data);
    struct change draft = {
        .kind = KIND_PERMISSION,
        .parent = object,
        .name = identity,
        .creator = identity,
        .author = identity,
        .data = buf_str(&data),
    };
    batch_create(batch, &draft);
    buf_deinit(&data);
}

static enum err find(struct batch *batch, struct command *command)
{
    struct str identity = command->object;
    if (!identity.len || !utf8_is_valid(identity) || utf8_length(identity) > IDENTITY_LENGTH_MAX)
        return ERR_IDENTITY;
    return batch_find(batch, command->container_head->id, KIND_PERMISSION, identity,
                      &command->head);
}

enum err permission_fetch(struct batch *batch, struct command *command)
{
    enum err e = find(batch, command);
    return !e && !command->head ? ERR_MISSING : e;
}

enum err permission_put(struct batch *batch, struct command *command)
{
    struct buf data;
    if (!command->permission_fields.given)
        return ERR_NO_PARAMETERS;
    enum err e = find(batch, command);
    if (e)
        return e;
    write_data(&command->permission_fields, &data);
    if (command->head)
        revision_next(batch, command, buf_str(&data));
    else
        revision_first(batch, command, command->container_head->id, command->object,
                       buf_str(&data));
    buf_deinit(&data);
    return OK;
}

enum err permission_remove(struct batch *batch, struct command *command)
{
    enum err e = permission_fetch(batch, command);
    return e ? e : removal_add(batch, command->head, CHANGE_REMOVED, command->identity);
}
