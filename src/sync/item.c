#include "sync/item.h"

#include "base/hex.h"
#include "base/mem.h"
#include "sync/container.h"
#include "sync/item_name.h"
#include "sync/removal.h"
#include "sync/revision.h"

#include <assert.h>

static struct container_update update_of(const struct command *command)
{
    return (struct container_update){.ttl = command->container_ttl};
}

/* Add the item, and the change of its container. */
static void add(struct batch *batch, struct command *command, struct str name,
                const struct container_update *update)
{
    revision_first(batch, command, command->container_head->id, name, command->data);
    container_note_item(batch, command->container_head, command->identity, update);
}

static void push(struct batch *batch, struct command *command)
{
    char name[HEX_LENGTH];
    struct container_update update = update_of(command);
    struct buf data;
    uint64_t index = container_next_index(command->container_head);
    buf_init(&data, CONTAINER_DATA_SIZE_MAX);
    container_write_next_index(index + 1, &data);
    update.data = buf_str(&data);
    item_name_from_index(index, name);
    add(batch, command, (struct str){name, sizeof name}, &update);
    buf_deinit(&data);
}

/* The removal of an expired item of that name may have changed the container. */
static enum err free_name(struct batch *batch, struct command *command, struct str name)
{
    struct change *newer;
    uint64_t id = command->container_head->id;
    enum err e = removal_free_name(batch, id, command->kind, name);
    if (!e)
        e = batch_get(batch, id, &newer);
    if (e)
        return e;
    assert(newer);
    change_unref(command->container_head);
    command->container_head = newer;
    return OK;
}

static enum err insert(struct batch *batch, struct command *command, struct str name)
{
    struct container_update update = update_of(command);
    enum err e = free_name(batch, command, name);
    if (!e)
        add(batch, command, name, &update);
    return e;
}

static enum err find(struct batch *batch, const struct command *command, struct str name,
                     struct change **head)
{
    return batch_find(batch, command->container_head->id, command->kind, name, head);
}

enum err item_create(struct batch *batch, struct command *command)
{
    struct change *holder;
    if (!command->data.ptr)
        return ERR_DATA;
    if (command->kind == KIND_LIST_ITEM) {
        push(batch, command);
        return OK;
    }
    enum err e = find(batch, command, command->name, &holder);
    if (e)
        return e;
    if (!holder)
        return insert(batch, command, command->name);
    change_unref(holder);
    return command->if_none_match_any ? ERR_EXISTS : ERR_NAME_TAKEN;
}

enum err item_fetch(struct batch *batch, struct command *command)
{
    enum err e = find(batch, command, command->object, &command->head);
    return !e && !command->head ? ERR_MISSING : e;
}

static enum err fetch_to_write(struct batch *batch, struct command *command)
{
    enum err e = item_fetch(batch, command);
    return e ? e : revision_check(command);
}

static void change(struct batch *batch, struct command *command)
{
    struct container_update update = update_of(command);
    revision_next(batch, command, command->data);
    container_note_item(batch, command->container_head, command->identity, &update);
}

enum err item_update(struct batch *batch, struct command *command)
{
    if (!command->data.ptr && !command->ttl.given)
        return ERR_NO_PARAMETERS;
    enum err e = fetch_to_write(batch, command);
    if (!e)
        change(batch, command);
    return e;
}

enum err item_put(struct batch *batch, struct command *command)
{
    if (!command->data.ptr)
        return ERR_DATA;
    enum err e = fetch_to_write(batch, command);
    if (e == ERR_MISSING)
        return command->if_match.given ? ERR_REVISION : insert(batch, command, command->object);
    if (!e && command->if_none_match_any)
        e = ERR_EXISTS;
    if (!e)
        change(batch, command);
    return e;
}

enum err item_remove(struct batch *batch, struct command *command)
{
    enum err e = fetch_to_write(batch, command);
    if (!e)
        e = removal_add(batch, command->head, CHANGE_REMOVED, command->identity);
    if (e)
        return e;
    struct change *removed = change_ref(batch_pending(batch, command->head->id));
    change_unref(command->head);
    command->head = removed;
    return OK;
}

enum err item_fetch_many(struct batch *batch, struct command *command)
{
    command->heads = mem_alloc((command->names_count + 1) * sizeof *command->heads);
    for (size_t i = 0; i < command->names_count; i++) {
        struct change **head = &command->heads[command->heads_count];
        enum err e = find(batch, command, command->names[i], head);
        if (e)
            return e;
        command->heads_count += *head != NULL;
    }
    return OK;
}
