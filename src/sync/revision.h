/* The states of an object, one after the other, whatever its kind. */
#ifndef SYNC_REVISION_H
#define SYNC_REVISION_H

#include "sync/command.h"

struct batch;

/* The first: an object of the command's kind, made by its identity, with its time to live. It is
 * left in command->head. */
void revision_first(struct batch *batch, struct command *command, uint64_t parent, struct str name,
                    struct str data);

/* May the command write command->head? ERR_REVISION: its precondition names another revision. */
must_check enum err revision_check(const struct command *command);

/* The next after command->head, which it takes the place of. Data, unless absent, makes a new
 * revision; a time to live alone does not. */
void revision_next(struct batch *batch, struct command *command, struct str data);

#endif
