/* Pages of objects, by key: stable while others come and go. */
#ifndef SYNC_LISTING_H
#define SYNC_LISTING_H

#include "sync/command.h"

struct batch;

/* Answer a VERB_LIST: the live objects of the command's kind under `parent`. It shows what is
 * committed; what other commands of the same batch do comes after it. ERR_STORE. */
must_check enum err listing_read(struct batch *batch, uint64_t parent, struct command *command);

#endif
