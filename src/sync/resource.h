/* What stands in a service and may have a unique name: documents, lists, maps and streams.
 *
 * A document holds one JSON object that many clients read, watch and replace. Each replacement
 * makes a new revision, one above the last. Two clients that replace the same revision race; the
 * second is told so (ERR_REVISION) and nothing of its write is kept. Lists, maps and streams are
 * containers: of themselves a request changes only the time to live.
 *
 * The functions evaluate a command whose service has been resolved: the happy path adds changes
 * to the batch and leaves the object's state in command->head. */
#ifndef SYNC_RESOURCE_H
#define SYNC_RESOURCE_H

#include "sync/command.h"

struct batch;

/* Revision 0; a document without data has `{}`. ERR_NAME_INVALID; ERR_NAME_TAKEN, or ERR_EXISTS
 * when the command asks to create only what is not there. */
must_check enum err resource_create(struct batch *batch, struct command *command);

/* ERR_MISSING, ERR_NAME_MISSING: for these and the following. */
must_check enum err resource_fetch(struct batch *batch, struct command *command);

/* New data makes a new revision; a new time to live alone does not. ERR_NO_PARAMETERS: there is
 * nothing to write. ERR_REVISION: the precondition does not hold. */
must_check enum err resource_update(struct batch *batch, struct command *command);

/* ERR_REVISION. */
must_check enum err resource_remove(struct batch *batch, struct command *command);

#endif
