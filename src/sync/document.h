/* A document: one JSON object that many clients read, watch and replace.
 *
 * Each replacement makes a new revision, one above the last. Two clients that replace the same
 * revision race; the second is told so (ERR_REVISION) and nothing of its write is kept.
 *
 * The functions evaluate a command whose service has been resolved: the happy path adds changes
 * to the batch and leaves the document's state in command->head. */
#ifndef SYNC_DOCUMENT_H
#define SYNC_DOCUMENT_H

#include "sync/command.h"

struct batch;

/* Revision 0; without data, `{}`. ERR_NAME_INVALID; ERR_NAME_TAKEN, or ERR_EXISTS when the
 * command asks to create only what is not there. */
must_check enum err document_create(struct batch *batch, struct command *command);

/* ERR_MISSING, ERR_NAME_MISSING: for these and the following. */
must_check enum err document_fetch(struct batch *batch, struct command *command);

/* New data makes a new revision; a new time to live alone does not. ERR_NO_PARAMETERS: neither
 * was given. ERR_REVISION: the precondition does not hold. */
must_check enum err document_update(struct batch *batch, struct command *command);

/* ERR_REVISION. */
must_check enum err document_remove(struct batch *batch, struct command *command);

#endif
