#include "sync/document.h"

#include "sync/batch.h"
#include "sync/name.h"

static int64_t expiry(const struct batch *batch, const struct command *command)
{
    return command->ttl_s ? batch->now_ms + command->ttl_s * 1000 : 0;
}

/* The name may be given to a new document. */
static enum err claim_name(struct batch *batch, const struct command *command, uint64_t service)
{
    struct change *holder;
    enum err e = name_check(command->name);
    if (!e)
        e = batch_expire_name(batch, service, KIND_DOCUMENT, command->name);
    if (e)
        return e;
    e = batch_find(batch, service, KIND_DOCUMENT, command->name, &holder);
    if (!e && holder)
        e = command->if_none_match_any ? ERR_EXISTS : ERR_NAME_TAKEN;
    change_unref(holder);
    return e;
}

enum err document_create(struct batch *batch, struct command *command)
{
    uint64_t service = command->service_head->id;
    if (command->name.ptr) {
        enum err e = claim_name(batch, command, service);
        if (e)
            return e;
    }
    struct change draft = {
        .kind = KIND_DOCUMENT,
        .parent = service,
        .expires_ms = expiry(batch, command),
        .name = command->name,
        .creator = command->identity,
        .author = command->identity,
        .data = command->data.ptr ? command->data : STR("{}"),
    };
    command->head = change_ref(batch_create(batch, &draft));
    return OK;
}

enum err document_fetch(struct batch *batch, struct command *command)
{
    return batch_resolve(batch, command->service_head->id, KIND_DOCUMENT, command->object,
                         &command->head);
}

/* The document, if the precondition lets this command write it. */
static enum err fetch_to_write(struct batch *batch, struct command *command)
{
    enum err e = document_fetch(batch, command);
    if (!e && !precondition_holds(&command->if_match, command->head->revision))
        e = ERR_REVISION;
    return e;
}

enum err document_update(struct batch *batch, struct command *command)
{
    if (!command->data.ptr && !command->has_ttl)
        return ERR_NO_PARAMETERS;
    enum err e = fetch_to_write(batch, command);
    if (e)
        return e;
    struct change draft = batch_draft(batch, command->head, EVENT_UPDATED, command->identity);
    if (command->data.ptr) {
        draft.data = command->data;
        draft.revision++;
    }
    if (command->has_ttl)
        draft.expires_ms = expiry(batch, command);
    struct change *changed = change_ref(batch_change(batch, &draft));
    change_unref(command->head);
    command->head = changed;
    return OK;
}

enum err document_remove(struct batch *batch, struct command *command)
{
    enum err e = fetch_to_write(batch, command);
    if (e)
        return e;
    struct change draft = batch_draft(batch, command->head, EVENT_REMOVED, command->identity);
    batch_change(batch, &draft);
    return OK;
}
