/* A stream's messages: JSON objects that go to whoever listens, and are kept nowhere.
 *
 * A message is published as a change of its own kind that no store ever sees: seq 0, its `parent`
 * the stream, its id and salt random, for its SID. */
#ifndef SYNC_MESSAGE_H
#define SYNC_MESSAGE_H

#include "sync/command.h"

struct batch;

/* Publish one to the stream that has been resolved as the command's container; it is left in
 * command->head. ERR_DATA: there is none. */
must_check enum err message_create(struct batch *batch, struct command *command);

#endif
