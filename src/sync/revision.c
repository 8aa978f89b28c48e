#include "sync/revision.h"

#include "sync/batch.h"

void revision_first(struct batch *batch, struct command *command, uint64_t parent, struct str name,
                    struct str data)
{
    struct change draft = {
        .kind = command->kind,
        .parent = parent,
        .expires_ms = batch_expiry(batch, &command->ttl, 0),
        .name = name,
        .creator = command->identity,
        .author = command->identity,
        .data = data,
    };
    command->head = change_ref(batch_create(batch, &draft));
}

enum err revision_check(const struct command *command)
{
    return precondition_holds(&command->if_match, command->head->revision) ? OK : ERR_REVISION;
}

void revision_next(struct batch *batch, struct command *command, struct str data)
{
    struct change draft = batch_draft(batch, command->head, CHANGE_UPDATED, command->identity);
    if (data.ptr) {
        draft.data = data;
        draft.revision++;
    }
    draft.expires_ms = batch_expiry(batch, &command->ttl, draft.expires_ms);
    struct change *changed = change_ref(batch_change(batch, &draft));
    if (changed->kind == KIND_MAP_ITEM) /* for live queries */
        batch_keep_before(batch, command->head);
    change_unref(command->head);
    command->head = changed;
}
