#include "sync/message.h"

#include "sync/batch.h"

enum err message_create(struct batch *batch, struct command *command)
{
    if (!command->data.ptr)
        return ERR_DATA;
    struct change draft = {
        .type = CHANGE_CREATED,
        .kind = KIND_MESSAGE,
        .id = random_u64(batch->random),
        .parent = command->container_head->id,
        .salt = random_u64(batch->random),
        .created_ms = batch->now_ms,
        .updated_ms = batch->now_ms,
        .creator = command->identity,
        .author = command->identity,
        .data = command->data,
    };
    command->head = change_new(&draft);
    batch_send(batch, command->head);
    return OK;
}
