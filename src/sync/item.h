/* The items of lists and maps: each a JSON object with a revision of its own.
 *
 * A list gives its items their indexes, from 0 on, and none twice; a map's items have keys. The
 * functions evaluate a command whose container has been resolved; the happy path adds the item's
 * change and its container's (container.h) to the batch, and leaves the item in command->head. */
#ifndef SYNC_ITEM_H
#define SYNC_ITEM_H

#include "sync/command.h"

struct batch;

/* ERR_DATA: there is none. In a map: ERR_NAME_TAKEN, or ERR_EXISTS when the command asks to
 * create only what is not there. */
must_check enum err item_create(struct batch *batch, struct command *command);

/* ERR_MISSING: for these and the following. */
must_check enum err item_fetch(struct batch *batch, struct command *command);

/* ERR_NO_PARAMETERS: neither data nor a time to live of the item. ERR_REVISION. */
must_check enum err item_update(struct batch *batch, struct command *command);

/* Of a map: create the item, or replace its data. ERR_DATA, ERR_EXISTS. ERR_REVISION: also when
 * the precondition names a revision of an item that is not there. */
must_check enum err item_put(struct batch *batch, struct command *command);

/* command->head becomes its removal. ERR_REVISION. */
must_check enum err item_remove(struct batch *batch, struct command *command);

/* Into command->heads: those of command->names that there are, in that order. */
must_check enum err item_fetch_many(struct batch *batch, struct command *command);

#endif
