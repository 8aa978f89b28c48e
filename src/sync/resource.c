#include "sync/resource.h"

#include "sync/batch.h"
#include "sync/name.h"
#include "sync/removal.h"
#include "sync/revision.h"

static bool holds_data(const struct command *command)
{
    return command->kind == KIND_DOCUMENT;
}

/* The name may be given to a new object. */
static enum err claim_name(struct batch *batch, const struct command *command)
{
    uint64_t service = command->service_head->id;
    struct change *holder;
    enum err e = name_check(command->name);
    if (!e)
        e = removal_free_name(batch, service, command->kind, command->name);
    if (e)
        return e;
    e = batch_find(batch, service, command->kind, command->name, &holder);
    if (!e && holder)
        e = command->if_none_match_any ? ERR_EXISTS : ERR_NAME_TAKEN;
    change_unref(holder);
    return e;
}

static struct str first_data(const struct command *command)
{
    if (!holds_data(command))
        return (struct str){0};
    return command->data.ptr ? command->data : STR("{}");
}

enum err resource_create(struct batch *batch, struct command *command)
{
    if (command->name.ptr) {
        enum err e = claim_name(batch, command);
        if (e)
            return e;
    }
    revision_first(batch, command, command->service_head->id, command->name, first_data(command));
    return OK;
}

enum err resource_fetch(struct batch *batch, struct command *command)
{
    return batch_resolve(batch, command->service_head->id, command->kind, command->object,
                         &command->head);
}

static enum err fetch_to_write(struct batch *batch, struct command *command)
{
    enum err e = resource_fetch(batch, command);
    return e ? e : revision_check(command);
}

enum err resource_update(struct batch *batch, struct command *command)
{
    struct str data = holds_data(command) ? command->data : (struct str){0};
    if (!data.ptr && !command->ttl.given)
        return ERR_NO_PARAMETERS;
    enum err e = fetch_to_write(batch, command);
    if (!e)
        revision_next(batch, command, data);
    return e;
}

enum err resource_remove(struct batch *batch, struct command *command)
{
    enum err e = fetch_to_write(batch, command);
    return e ? e : removal_add(batch, command->head, CHANGE_REMOVED, command->identity);
}
